"""Which figures a report has, and what their titles and captions say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from nsbench.data.popularity import cohort_shares
from nsbench.report.answer.cut_off import MARK, has_cut_off
from nsbench.report.figures.accuracy_balance import accuracy_balance_figure
from nsbench.report.figures.canvas.gallery import BIAS
from nsbench.report.figures.canvas.style import Mark
from nsbench.report.figures.cohort import cohort_figure
from nsbench.report.figures.difference import difference_figure
from nsbench.report.figures.exposure import exposure_figure
from nsbench.report.figures.head_tail import ratio_figure
from nsbench.report.figures.ladder import ladder_figure
from nsbench.report.figures.pairing import ALIKE, UNSURE, pairing_figure
from nsbench.report.figures.popularity import popularity_cohort_figure, popularity_figure
from nsbench.report.figures.repeats import repeat_figure
from nsbench.report.figures.replay import replay_figure, replay_points
from nsbench.report.figures.search import search_figure
from nsbench.report.figures.sweep.negative_count import negative_count_figure
from nsbench.report.figures.sweep.popularity_bias import bias_figure
from nsbench.report.figures.sweep.popularity_exponent import exponent_figure
from nsbench.report.figures.training_curve import MOST_CURVES, TrainingCurve
from nsbench.report.figures.training_curve_figure import curve_figure
from nsbench.report.figures.user_group import user_group_figure
from nsbench.report.ladder.climb import Ladder
from nsbench.report.ladder.words import ladder_kinds
from nsbench.report.pairing_grid import PairingGrid, pairing_grids, pairing_kind
from nsbench.report.summary import DatasetSummary
from nsbench.tracking.stored_run import StoredRun


@dataclass(frozen=True)
class Plan:
    """A figure before it is drawn to a file.

    Attributes:
        kind: Unlike any other of the same dataset; begins the files' names.
        title: A few words.
        caption: How to read it.
        make: Draws it; returns None where there is nothing to show.
        stack: Draws it with its panels one above the other; returns None where it has only one.
    """

    kind: str
    title: str
    caption: str
    make: Callable[[], Figure | None]
    stack: Callable[[], Figure | None] = lambda: None


def shared_plans(summaries: Sequence[DatasetSummary], marks: Mapping[str, Mark]) -> list[Plan]:
    """The figures of all datasets together; arguments as of `dataset_plans`."""
    return [
        Plan(
            "popularity",
            "Popularity in all datasets",
            "Each item's share of its dataset's training interactions; the steeper the line begins and the longer it is flat, "
            "the more a popularity bias costs.",
            lambda: popularity_figure(summaries),
        ),
        Plan(
            BIAS,
            "Who finds what users want, by popularity bias",
            "Generated logs that differ in their popularity bias alone: the hit rate at 10 if users took what they want, with "
            "95 % intervals over repeats. Dashed: lists of what they want most, the best in total. Lines stand a little apart, "
            "since some coincide.",
            lambda: bias_figure(summaries, marks),
            lambda: bias_figure(summaries, marks, stacked=True),
        ),
    ]


def dataset_plans(summary: DatasetSummary, curves: Sequence[TrainingCurve], marks: Mapping[str, Mark]) -> list[Plan]:
    """The figures of a dataset.

    Args:
        summary: What they show.
        curves: Its training curves.
        marks: How each method is drawn, by label.
    """
    return [*_result_plans(summary, marks), *_search_plans(summary, curves, marks)]


def _result_plans(summary: DatasetSummary, marks: Mapping[str, Mark]) -> list[Plan]:
    return [
        Plan(
            "accuracy_balance",
            "Accuracy against balance",
            "Up and to the right is better. Faint dots are runs, ellipses hold the mean with 95 % confidence as far as "
            "repeats go (bars: one standard deviation, where there are too few runs); hollow marks are baselines, and those with "
            "their accuracy at their balance in brackets lie beyond the edge that they are drawn on; the "
            f"dashed line is the Pareto front of what was trained.{_cut_off_note(summary)}",
            lambda: accuracy_balance_figure(summary, marks),
            lambda: accuracy_balance_figure(summary, marks, stacked=True),
        ),
        *(_pairing_plan(summary, grid) for grid in pairing_grids(summary)),
        *_sweep_plans(summary),
        *(
            _ladder_plan(kind, ladder, marks)
            for kind, ladder in zip(ladder_kinds(summary), summary.ladders, strict=True)
        ),
        Plan(
            "repeats",
            "Every repeat",
            f"A point is a run with its own seed; the upright line is the mean.{_cut_off_note(summary)}",
            lambda: repeat_figure(summary, marks),
            lambda: repeat_figure(summary, marks, stacked=True),
        ),
        Plan(
            "differences",
            "Differences between all pairs",
            "Row minus column in percent points. Filled and bold: significant after Holm's correction, blue where the row "
            "is better and orange where it is worse. Plain: undecided, or not significant.",
            lambda: difference_figure(summary),
            lambda: difference_figure(summary, stacked=True),
        ),
        Plan(
            "cohorts",
            "Hit rate by cohort",
            "Means over repeats, with one standard deviation; the upright line is the total.",
            lambda: cohort_figure(summary),
        ),
        Plan(
            "user_groups",
            "Hit rate by users' activity and taste",
            "Groups as in the tables; lines are 95 % intervals, which allow for other test users and other repeats."
            f"{_cut_off_note(summary)}",
            lambda: user_group_figure(summary),
            lambda: user_group_figure(summary, stacked=True),
        ),
        Plan(
            "head_tail",
            "Head against tail",
            "How many times better popular items are served than rare ones, with the 95 % interval where there is one; "
            "right of the dashed line the head is favoured.",
            lambda: ratio_figure(summary, marks),
        ),
        Plan(
            "exposure",
            "What is recommended",
            "Coverage: share of the catalogue that is in at least one list of 10. Average popularity: training interactions of a "
            "recommended item. Gini: 0 % when every item is recommended equally often, near 100 % when few items fill all lists. "
            f"Lines are 95 % intervals over repeats; hollow marks are baselines.{_cut_off_note(summary)}",
            lambda: exposure_figure(summary, marks),
            lambda: exposure_figure(summary, marks, stacked=True),
        ),
        Plan(
            "popularity_cohorts",
            "Cohorts on the popularity curve",
            f"Both axes are logarithmic.{_shares(summary)} Written above: the number of items and their share of the "
            "catalogue.",
            lambda: popularity_cohort_figure(summary),
        ),
    ]


def _sweep_plans(summary: DatasetSummary) -> list[Plan]:
    """The figures of what one setting does, all else alike."""
    return [
        Plan(
            "negative_count",
            "Accuracy by number of negatives",
            "Means over runs that differ in the number of negatives alone, with 95 % intervals over repeats where there are any.",
            lambda: negative_count_figure(summary),
            lambda: negative_count_figure(summary, stacked=True),
        ),
        Plan(
            "popularity_exponent",
            "Hit rate by popularity exponent",
            "Means over repeats that differ in exponent and loss alone, with 95 % intervals; lines stand a little apart, "
            "since some coincide.",
            lambda: exponent_figure(summary),
            lambda: exponent_figure(summary, stacked=True),
        ),
    ]


def _ladder_plan(kind: str, ladder: Ladder, marks: Mapping[str, Mark]) -> Plan:
    return Plan(
        kind,
        f"From the published protocol to a sound one{ladder.title}",
        "Each rung changes one thing and keeps the changes left of it. Means over seeds with 95 % intervals; of ranks, and of "
        "fewer than three seeds, with the lowest and the highest. Hollow: the model of the rung to the left, ranked again.",
        lambda: ladder_figure(ladder, marks),
        lambda: ladder_figure(ladder, marks, narrow=True),
    )


def _pairing_plan(summary: DatasetSummary, grid: PairingGrid) -> Plan:
    return Plan(
        pairing_kind(grid),
        f"Samplers by losses, {grid.model_label}",
        "The stronger the colour, the higher. Framed: exact cross-entropy. Bold: the highest hit rate or balance; "
        f"{ALIKE}: not significantly lower than that; {UNSURE}: not to be told from it yet, for too few repeats or since "
        f"trainings were cut off. Coverage is not tested. Empty: not run.{_cut_off_note(summary)}",
        lambda: pairing_figure(summary, grid),
        lambda: pairing_figure(summary, grid, stacked=True),
    )


def _cut_off_note(summary: DatasetSummary) -> str:
    """What the mark behind a label means, as a sentence to append; empty where there is none."""
    is_marked = has_cut_off(summary.selection.methods)
    return f" {MARK}: runs were cut off before they stopped getting better." if is_marked else ""


def _shares(summary: DatasetSummary) -> str:
    """What the cohorts hold, as a sentence to append; empty where the dataset's card lacks it."""
    popularity = summary.card.popularity if summary.card else None
    return "" if popularity is None else f" Of the training interactions {cohort_shares(popularity)}."


def _search_plans(summary: DatasetSummary, curves: Sequence[TrainingCurve], marks: Mapping[str, Mark]) -> list[Plan]:
    return [
        Plan(
            "search",
            "Accuracy by learning rate and number of negatives",
            "The vertical axis is what the studies maximised. "
            "A point is a trial, hollow where it was pruned; a line joins a method's best trials over the range, where there "
            "are enough. Trials differ in the other settings too.",
            lambda: search_figure(_on_compared_preparation(summary), marks),
            lambda: search_figure(_on_compared_preparation(summary), marks, stacked=True),
        ),
        Plan(
            "replay",
            "Accuracy against training time for oversampling factors",
            "The number at a point is the factor: after so many epochs, batches and their negatives are taken again from "
            "those before; fresh: new negatives each step.",
            lambda: replay_figure(replay_points(summary, summary.runs), marks),
        ),
        Plan(
            "curves",
            "Training and validation",
            f"Thin: up to {MOST_CURVES} repeats of each method; thick: their mean. Training losses of different "
            "methods rest on other negatives or another function and can't be compared.",
            lambda: curve_figure(curves, marks),
            lambda: curve_figure(curves, marks, stacked=True),
        ),
    ]


def _on_compared_preparation(summary: DatasetSummary) -> list[StoredRun]:
    """The runs on the compared preparation of the dataset: on another one the same settings reach something else."""
    return [run for run in summary.runs if run.dataset_hash == summary.selection.dataset_hash]

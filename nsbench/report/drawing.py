"""All figures of a report, each drawn once: which there are, what their files are called, and what their captions say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from nsbench.report.accuracy_balance_figure import accuracy_balance_figure
from nsbench.report.cohort_figure import cohort_figure
from nsbench.report.curve_figure import curve_figure
from nsbench.report.difference_figure import difference_figure
from nsbench.report.gallery import Drawing, Gallery
from nsbench.report.popularity_figure import popularity_cohort_figure, popularity_figure
from nsbench.report.ratio_figure import ratio_figure
from nsbench.report.repeat_figure import repeat_figure
from nsbench.report.replay_figure import replay_figure, replay_points
from nsbench.report.search_figure import search_figure
from nsbench.report.style import Mark, marks_of_methods, save_png, svg_text
from nsbench.report.summary import DatasetSummary
from nsbench.report.training_curve import MOST_CURVES, TrainingCurve


@dataclass(frozen=True)
class _Plan:
    """A figure before it is drawn to a file; None where there is nothing to show."""

    kind: str
    title: str
    caption: str
    figure: Figure | None


def draw_gallery(
    summaries: Sequence[DatasetSummary], curves: Mapping[str, Sequence[TrainingCurve]], folder: Path | None
) -> Gallery:
    """Draws every figure that has something to show.

    Args:
        summaries: One a dataset.
        curves: Each dataset's training curves, by its name.
        folder: Where PNG and SVG files are written; None: nowhere.
    """
    if folder is not None:
        folder.mkdir(exist_ok=True)
    marks = marks_of_methods(summaries)
    files: list[Path] = []
    shared = _draw([_shared_plan(summaries)], "", folder, files)
    by_dataset = {
        summary.dataset: _draw(
            _plans(summary, curves.get(summary.dataset, ()), marks), f"-{summary.dataset}", folder, files
        )
        for summary in summaries
    }
    return Gallery(tuple(shared.values()), by_dataset, tuple(files))


def _draw(plans: Iterable[_Plan], ending: str, folder: Path | None, files: list[Path]) -> dict[str, Drawing]:
    drawings = {}
    for plan in plans:
        if plan.figure is None:
            continue
        name, svg = f"{plan.kind}{ending}", svg_text(plan.figure)
        drawings[plan.kind] = Drawing(name, plan.title, plan.caption, svg)
        if folder is not None:
            png_file, svg_file = folder / f"{name}.png", folder / f"{name}.svg"
            save_png(plan.figure, png_file)
            svg_file.write_text(svg, encoding="utf-8")
            files += [png_file, svg_file]
    return drawings


def _shared_plan(summaries: Sequence[DatasetSummary]) -> _Plan:
    return _Plan(
        "popularity",
        "Popularity in all logs",
        "Each item's share of its log's training interactions; the steeper the line begins and the longer it is flat, the "
        "more a popularity bias costs.",
        popularity_figure(summaries),
    )


def _plans(summary: DatasetSummary, curves: Sequence[TrainingCurve], marks: Mapping[str, Mark]) -> Iterator[_Plan]:
    """One after the other, so that only one figure is held at a time."""
    yield _Plan(
        "accuracy_balance",
        "Accuracy against balance",
        "Up and to the right is better. Faint dots are runs, ellipses hold the mean with 95 % confidence as far as "
        "repeats go (bars: one standard deviation, where there are too few runs); hollow marks are baselines; the dashed "
        "line is the Pareto front.",
        accuracy_balance_figure(summary, marks),
    )
    yield _Plan(
        "repeats",
        "Every repeat",
        "A point is a run with its own seed; the upright line is the mean.",
        repeat_figure(summary, marks),
    )
    yield _Plan(
        "differences",
        "Differences between all pairs",
        "Row minus column in percent points. Filled and bold: real after Holm's correction, blue where the row is better "
        "and orange where it is worse. Grey: could be chance.",
        difference_figure(summary),
    )
    yield _Plan(
        "cohorts",
        "Hit rate by cohort",
        "Means over repeats, with one standard deviation; the upright line is the total.",
        cohort_figure(summary),
    )
    yield _Plan(
        "head_tail",
        "Head against tail",
        "How many times better popular items are served than rare ones, with the 95 % interval where there is one; right "
        "of the dashed line the head is favoured.",
        ratio_figure(summary, marks),
    )
    yield _Plan(
        "popularity_cohorts",
        "Cohorts on the popularity curve",
        "Both axes are logarithmic. Head, mid and tail each hold about a third of the training interactions; written above: "
        "the number of items and their share of the catalogue.",
        popularity_cohort_figure(summary),
    )
    yield _Plan(
        "search",
        "Accuracy by learning rate and number of negatives",
        "A point is a trial, hollow where it was pruned; a line joins a method's best trials over the range.",
        search_figure(summary.runs, marks),
    )
    yield _Plan(
        "replay",
        "Accuracy against training time for oversampling factors",
        "The number at a point is the factor: after so many epochs, batches and their negatives are taken again from those "
        "before; fresh: new negatives each step.",
        replay_figure(replay_points(summary, summary.runs), marks),
    )
    yield _Plan(
        "curves",
        "Training and validation",
        f"Thin: up to {MOST_CURVES} repeats of each method; thick: their mean. Losses of different samplers have different "
        "negatives and can't be compared.",
        curve_figure(curves, marks),
    )

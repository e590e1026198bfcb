"""All figures of a report, each drawn once: which there are, what their files are called, and what their captions say."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from nsbench.report.accuracy_balance_figure import accuracy_balance_figure
from nsbench.report.cohort_figure import cohort_figure
from nsbench.report.curve_figure import curve_figure
from nsbench.report.difference_figure import difference_figure
from nsbench.report.popularity_figure import popularity_cohort_figure, popularity_figure
from nsbench.report.ratio_figure import ratio_figure
from nsbench.report.repeat_figure import repeat_figure
from nsbench.report.replay_figure import replay_figure, replay_points
from nsbench.report.search_figure import search_figure
from nsbench.report.style import Mark, marks_of_methods, save_png, svg_text
from nsbench.report.summary import DatasetSummary
from nsbench.report.training_curve import MOST_CURVES, TrainingCurve


@dataclass(frozen=True)
class Drawing:
    """A drawn figure.

    Attributes:
        name: Its files' name without an ending; unlike any other figure's.
        title: A few words.
        caption: How to read it.
        svg: The picture.
    """

    name: str
    title: str
    caption: str
    svg: str


@dataclass(frozen=True)
class _Plan:
    """A figure that has something to show, before it is drawn to a file."""

    name: str
    title: str
    caption: str
    figure: Figure | None


@dataclass(frozen=True)
class Gallery:
    """The figures of a report.

    Attributes:
        shared: Those of all datasets together.
        by_dataset: Those of each dataset, by its name.
        files: What was written, each PNG followed by its SVG; empty where none was wanted.
    """

    shared: tuple[Drawing, ...]
    by_dataset: Mapping[str, tuple[Drawing, ...]]
    files: tuple[Path, ...]


def draw_gallery(
    summaries: Sequence[DatasetSummary], curves: Mapping[str, Sequence[TrainingCurve]], folder: Path | None
) -> Gallery:
    """Draws every figure that has something to show.

    Args:
        summaries: One a dataset.
        curves: Each dataset's training curves, by its name.
        folder: Where PNG and SVG files are written; None: nowhere.
    """
    marks = marks_of_methods(summaries)
    files: list[Path] = []
    shared = _draw([_shared_plan(summaries)], folder, files)
    by_dataset = {
        summary.dataset: _draw(_plans(summary, curves.get(summary.dataset, ()), marks), folder, files)
        for summary in summaries
    }
    return Gallery(shared, by_dataset, tuple(files))


def _draw(plans: Iterator[_Plan] | Sequence[_Plan], folder: Path | None, files: list[Path]) -> tuple[Drawing, ...]:
    drawings = []
    for plan in plans:
        if plan.figure is None:
            continue
        svg = svg_text(plan.figure)
        drawings.append(Drawing(plan.name, plan.title, plan.caption, svg))
        if folder is not None:
            png_file, svg_file = folder / f"{plan.name}.png", folder / f"{plan.name}.svg"
            save_png(plan.figure, png_file)
            svg_file.write_text(svg, encoding="utf-8")
            files += [png_file, svg_file]
    return tuple(drawings)


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
    name = summary.dataset
    yield _Plan(
        f"accuracy_balance-{name}",
        "Accuracy against balance",
        "Up and to the right is better. Faint dots are runs, ellipses hold the mean with 95 % confidence as far as "
        "repeats go (bars: one standard deviation, where there are too few runs); hollow marks are baselines; the dashed "
        "line is the Pareto front.",
        accuracy_balance_figure(summary, marks),
    )
    yield _Plan(
        f"repeats-{name}",
        "Every repeat",
        "A point is a run with its own seed; the upright line is the mean.",
        repeat_figure(summary, marks),
    )
    yield _Plan(
        f"differences-{name}",
        "Differences between all pairs",
        "Row minus column in percent points. Filled and bold: real after Holm's correction, blue where the row is better "
        "and orange where it is worse. Grey: could be chance.",
        difference_figure(summary),
    )
    yield _Plan(
        f"cohorts-{name}",
        "Hit rate by cohort",
        "Means over repeats, with one standard deviation; the upright line is the total.",
        cohort_figure(summary),
    )
    yield _Plan(
        f"head_tail-{name}",
        "Head against tail",
        "How many times better popular items are served than rare ones, with the 95 % interval where there is one; right "
        "of the dashed line the head is favoured.",
        ratio_figure(summary, marks),
    )
    yield _Plan(
        f"popularity_cohorts-{name}",
        "Cohorts on the popularity curve",
        "Head, mid and tail each hold about a third of the training interactions.",
        popularity_cohort_figure(summary),
    )
    yield _Plan(
        f"search-{name}",
        "Accuracy by learning rate and number of negatives",
        "A point is a trial, hollow where it was pruned; a line joins a method's best trials over the range.",
        search_figure(summary.runs, marks),
    )
    yield _Plan(
        f"replay-{name}",
        "Accuracy against training time for oversampling factors",
        "The number at a point is the factor: how many epochs are trained before batches and their negatives are used "
        "again.",
        replay_figure(replay_points(summary, summary.runs), marks),
    )
    yield _Plan(
        f"curves-{name}",
        "Training and validation",
        f"Thin: up to {MOST_CURVES} repeats of each method; thick: their mean. Losses of different samplers have different "
        "negatives and can't be compared.",
        curve_figure(curves, marks),
    )

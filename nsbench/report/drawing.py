"""All figures of a report, each drawn once: which there are, what their files are called, and what their captions say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from nsbench.report.accuracy_balance_figure import accuracy_balance_figure
from nsbench.report.cohort_figure import cohort_figure
from nsbench.report.curve_figure import curve_figure
from nsbench.report.difference_figure import difference_figure
from nsbench.report.gallery import Drawing, Gallery
from nsbench.report.gallery_file import DrawnGroup, copy_group, key_of, read_group, write_groups
from nsbench.report.popularity_figure import popularity_cohort_figure, popularity_figure
from nsbench.report.ratio_figure import ratio_figure
from nsbench.report.repeat_figure import repeat_figure
from nsbench.report.replay_figure import replay_figure, replay_points
from nsbench.report.search_figure import search_figure
from nsbench.report.style import Mark, marks_of_methods, save_png, settle, svg_text
from nsbench.report.summary import DatasetSummary
from nsbench.report.training_curve import MOST_CURVES, TrainingCurve


@dataclass(frozen=True)
class _Plan:
    """A figure before it is drawn to a file; `make` gives None where there is nothing to show."""

    kind: str
    title: str
    caption: str
    make: Callable[[], Figure | None]


def draw_gallery(
    summaries: Sequence[DatasetSummary],
    curves: Mapping[str, Sequence[TrainingCurve]],
    folder: Path | None,
    older: Path | None = None,
) -> Gallery:
    """Draws every figure that has something to show.

    Args:
        summaries: One a dataset.
        curves: Each dataset's training curves, by its name.
        folder: Where PNG and SVG files are written; None: nowhere.
        older: Where an older report's figures are; those that would come out the same are taken from there.
    """
    if folder is not None:
        folder.mkdir(exist_ok=True)
    marks = marks_of_methods(summaries)
    artist = _Artist(folder, older)
    shared = artist.draw(
        "", key_of([(summary.dataset, summary.card) for summary in summaries]), _shared_plans(summaries)
    )
    by_dataset = {}
    for summary in summaries:
        own = tuple(curves.get(summary.dataset, ()))
        key = key_of(summary, own, [marks[row.method.label] for row in summary.methods])
        by_dataset[summary.dataset] = artist.draw(summary.dataset, key, _plans(summary, own, marks))
    return Gallery(tuple(shared.values()), by_dataset, artist.finish())


class _Artist:
    """Draws groups of figures, or takes them from an older report, and keeps track of the files."""

    def __init__(self, folder: Path | None, older: Path | None) -> None:
        self._folder = folder
        self._older = older
        self._groups: dict[str, DrawnGroup] = {}
        self._files: list[Path] = []

    def draw(self, group: str, key: str, plans: Sequence[_Plan]) -> Mapping[str, Drawing]:
        """The figures of a group by kind."""
        found = read_group(self._older, group, key) if self._older is not None else None
        if found is not None and self._older is not None:
            self._groups[group] = found
            if self._folder is not None:
                self._files += copy_group(found, self._older, self._folder)
            return found.drawings
        drawings = {}
        for plan in plans:
            figure = plan.make()
            if figure is not None:
                drawings[plan.kind] = self._drawn(f"{plan.kind}-{group}" if group else plan.kind, plan, figure)
        self._groups[group] = DrawnGroup(key, drawings)
        return drawings

    def finish(self) -> tuple[Path, ...]:
        """Notes what was drawn from what, and gives all files."""
        if self._folder is None:
            return ()
        return (*self._files, write_groups(self._groups, self._folder))

    def _drawn(self, name: str, plan: _Plan, figure: Figure) -> Drawing:
        settle(figure)
        svg = svg_text(figure)
        if self._folder is not None:
            png_file, svg_file = self._folder / f"{name}.png", self._folder / f"{name}.svg"
            save_png(figure, png_file)
            svg_file.write_text(svg, encoding="utf-8")
            self._files += [png_file, svg_file]
        return Drawing(name, plan.title, plan.caption, svg)


def _shared_plans(summaries: Sequence[DatasetSummary]) -> list[_Plan]:
    return [
        _Plan(
            "popularity",
            "Popularity in all logs",
            "Each item's share of its log's training interactions; the steeper the line begins and the longer it is flat, "
            "the more a popularity bias costs.",
            lambda: popularity_figure(summaries),
        )
    ]


def _plans(summary: DatasetSummary, curves: Sequence[TrainingCurve], marks: Mapping[str, Mark]) -> list[_Plan]:
    return [*_result_plans(summary, marks), *_search_plans(summary, curves, marks)]


def _result_plans(summary: DatasetSummary, marks: Mapping[str, Mark]) -> list[_Plan]:
    return [
        _Plan(
            "accuracy_balance",
            "Accuracy against balance",
            "Up and to the right is better. Faint dots are runs, ellipses hold the mean with 95 % confidence as far as "
            "repeats go (bars: one standard deviation, where there are too few runs); hollow marks are baselines; the "
            "dashed line is the Pareto front.",
            lambda: accuracy_balance_figure(summary, marks),
        ),
        _Plan(
            "repeats",
            "Every repeat",
            "A point is a run with its own seed; the upright line is the mean.",
            lambda: repeat_figure(summary, marks),
        ),
        _Plan(
            "differences",
            "Differences between all pairs",
            "Row minus column in percent points. Filled and bold: real after Holm's correction, blue where the row is "
            "better and orange where it is worse. Plain: could be chance.",
            lambda: difference_figure(summary),
        ),
        _Plan(
            "cohorts",
            "Hit rate by cohort",
            "Means over repeats, with one standard deviation; the upright line is the total.",
            lambda: cohort_figure(summary),
        ),
        _Plan(
            "head_tail",
            "Head against tail",
            "How many times better popular items are served than rare ones, with the 95 % interval where there is one; "
            "right of the dashed line the head is favoured.",
            lambda: ratio_figure(summary, marks),
        ),
        _Plan(
            "popularity_cohorts",
            "Cohorts on the popularity curve",
            "Both axes are logarithmic. Head, mid and tail each hold about a third of the training interactions; written "
            "above: the number of items and their share of the catalogue.",
            lambda: popularity_cohort_figure(summary),
        ),
    ]


def _search_plans(summary: DatasetSummary, curves: Sequence[TrainingCurve], marks: Mapping[str, Mark]) -> list[_Plan]:
    return [
        _Plan(
            "search",
            "Accuracy by learning rate and number of negatives",
            "A point is a trial, hollow where it was pruned; a line joins a method's best trials over the range, where there "
            "are enough. Trials differ in the other settings too.",
            lambda: search_figure(summary.runs, marks),
        ),
        _Plan(
            "replay",
            "Accuracy against training time for oversampling factors",
            "The number at a point is the factor: after so many epochs, batches and their negatives are taken again from "
            "those before; fresh: new negatives each step.",
            lambda: replay_figure(replay_points(summary, summary.runs), marks),
        ),
        _Plan(
            "curves",
            "Training and validation",
            f"Thin: up to {MOST_CURVES} repeats of each method; thick: their mean. Losses of different samplers have "
            "different negatives and can't be compared.",
            lambda: curve_figure(curves, marks),
        ),
    ]

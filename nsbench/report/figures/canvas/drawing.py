"""Draws all figures of a report once, or takes them from the report before where they would come out the same."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from nsbench.report.figures.canvas.gallery import Drawing, Gallery
from nsbench.report.figures.canvas.gallery_cache import DrawnGroup, copy_group, key_of, read_group, write_groups
from nsbench.report.figures.canvas.style import Mark, marks_of_methods, save_png, settle, svg_text
from nsbench.report.figures.training_curve import TrainingCurve
from nsbench.report.formats.document import file_stem
from nsbench.report.summary import DatasetSummary
from nsbench.report.sweep.popularity_bias import bias_families

_MOST_STACKED = 300_000
"""Characters of a figure, some two thousand points, beyond which a page does not hold it a second time."""

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from nsbench.report.figures.catalogue import Plan


def draw_gallery(
    summaries: Sequence[DatasetSummary],
    curves: Mapping[str, Sequence[TrainingCurve]],
    folder: Path | None,
    older: Path | None = None,
) -> Gallery:
    """Draws every figure that has something to show.

    Args:
        summaries: One per dataset.
        curves: Each dataset's training curves, by its name.
        folder: Where PNG and SVG files are written; None: nowhere.
        older: The folder of an older report's figures; those that would come out the same are copied from it.
    """
    if folder is not None:
        folder.mkdir(exist_ok=True)
    marks = marks_of_methods(summaries)
    artist = _Artist(folder, older)
    cards = [(summary.dataset, summary.card) for summary in summaries]
    families = [(family, [marks[label] for label in family.labels]) for family in bias_families(summaries)]
    shared = artist.draw("", key_of(cards, families), partial(_shared_plans, summaries, marks))
    by_dataset = {}
    for summary in summaries:
        own = tuple(curves.get(summary.dataset, ()))
        key = key_of(summary, own, [marks[row.method.label] for row in summary.methods])
        by_dataset[summary.dataset] = artist.draw(summary.dataset, key, partial(_dataset_plans, summary, own, marks))
    return Gallery(shared, by_dataset, artist.finish())


class _Artist:
    """Draws groups of figures, or takes them from an older report, and keeps track of the files."""

    def __init__(self, folder: Path | None, older: Path | None) -> None:
        self._folder = folder
        self._older = older
        self._groups: dict[str, DrawnGroup] = {}
        self._files: list[Path] = []

    def draw(self, group: str, key: str, plans: "Callable[[], list[Plan]]") -> Mapping[str, Drawing]:
        """The figures of a group by kind."""
        found = read_group(self._older, group, key) if self._older is not None else None
        if found is not None and self._older is not None:
            self._groups[group] = found
            if self._folder is not None:
                self._files += copy_group(found, self._older, self._folder)
            return found.drawings
        drawings = {}
        for plan in plans():
            figure = plan.make()
            if figure is not None:
                drawings[plan.kind] = self._drawn(
                    f"{plan.kind}-{file_stem(group)}" if group else plan.kind, plan, figure
                )
        self._groups[group] = DrawnGroup(key, drawings)
        return drawings

    def finish(self) -> tuple[Path, ...]:
        """Records what was drawn from what, and returns all files."""
        if self._folder is None:
            return ()
        return (*self._files, write_groups(self._groups, self._folder))

    def _drawn(self, name: str, plan: "Plan", figure: "Figure") -> Drawing:
        settle(figure)
        svg = svg_text(figure)
        if self._folder is not None:
            png_file, svg_file = self._folder / f"{name}.png", self._folder / f"{name}.svg"
            save_png(figure, png_file)
            svg_file.write_text(svg, encoding="utf-8")
            self._files += [png_file, svg_file]
        return Drawing(name, plan.title, plan.caption, svg, _stacked(plan) if len(svg) <= _MOST_STACKED else None)


def _stacked(plan: "Plan") -> str | None:
    figure = plan.stack()
    return None if figure is None else svg_text(figure)


def _shared_plans(summaries: Sequence[DatasetSummary], marks: Mapping[str, Mark]) -> "list[Plan]":
    # Matplotlib takes half a second to import, which a report whose figures are drawn already is spared.
    from nsbench.report.figures.catalogue import shared_plans

    return shared_plans(summaries, marks)


def _dataset_plans(summary: DatasetSummary, curves: Sequence[TrainingCurve], marks: Mapping[str, Mark]) -> "list[Plan]":
    from nsbench.report.figures.catalogue import dataset_plans

    return dataset_plans(summary, curves, marks)

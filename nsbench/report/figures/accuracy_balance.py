"""The figure of accuracy against balance: hit rate first, then NDCG, every method, the samplers' Pareto front.

Source: paper, figure 4, with every run, a confidence region of the mean, and the Pareto front.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from matplotlib.text import Text

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.figures.canvas.frame import frame_of
from nsbench.report.figures.canvas.label_placement import Box, place_labels
from nsbench.report.figures.canvas.style import (
    FAINT,
    GROUND,
    INK,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    new_figure,
    panel_grid,
    settle,
)
from nsbench.report.statistics.confidence_region import mean_region
from nsbench.report.statistics.pareto import pareto_front
from nsbench.report.summary import ACCURACY_METRICS, METRIC_TITLES, DatasetSummary, Estimate

_WIDTH, _HEIGHT, _STACKED_HEIGHT = 9.0, 4.0, 7.6
_MARKER_POINTS = 7.0
_LEADER_FROM_PX = 14.0
_MOST_BALANCED = 103.0
"""Right end of the balance axis at most: 100 % and room for half a marker."""


_FAR = 1.0
"""A baseline that lies further from the samplers than this many times their own extent would press them together."""

_MARGIN = 0.18

_APART = 0.04
"""Share of the panel's width by which two of them stand apart on an edge."""


@dataclass(frozen=True)
class _Point:
    label: str
    name: str
    balance: Estimate
    accuracy: Estimate
    pinned: tuple[float, float] | None = None
    """Where it is drawn instead of at its values: on the edge of the panel, which it lies beyond."""

    @property
    def x(self) -> float:
        return 100 * self.balance.mean if self.pinned is None else self.pinned[0]

    @property
    def y(self) -> float:
        return 100 * self.accuracy.mean if self.pinned is None else self.pinned[1]


def accuracy_balance_figure(
    summary: DatasetSummary, marks: Mapping[str, Mark], *, stacked: bool = False
) -> Figure | None:
    """Mean accuracy against mean balance, every method labelled, every run a faint point.

    Ellipses hold the mean with 95 % confidence as far as repeats go; with fewer than four repeats, bars show one
    standard deviation instead.

    Args:
        summary: The dataset's summary.
        marks: How each method is drawn, by label.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where no method has both an accuracy and a balance.
    """
    if not _points(summary, ACCURACY_METRICS[0]):
        return None
    with drawing_style():
        figure = new_figure(STACKED_WIDTH, _STACKED_HEIGHT) if stacked else new_figure(_WIDTH, _HEIGHT)
        grid = figure.subplots(*panel_grid(len(ACCURACY_METRICS), stacked=stacked))
        panels = []
        for axes, metric in zip(grid, ACCURACY_METRICS, strict=True):
            points = _draw_panel(axes, _points(summary, metric), marks)
            axes.set_ylabel(f"{METRIC_TITLES[metric]}, %")
            panels.append((axes, points))
        # Labels need pixels: lay out once, freeze the layout, then place them.
        settle(figure)
        for axes, points in panels:
            _label(axes, points)
    return figure


def _points(summary: DatasetSummary, metric: str) -> list[_Point]:
    points = [
        _Point(row.method.label, marked_label(row.method), row.balance(metric), row.accuracy(metric))
        for row in summary.methods
    ]
    return [point for point in points if not math.isnan(point.balance.mean + point.accuracy.mean)]


def _far_baselines(points: Sequence[_Point], marks: Mapping[str, Mark]) -> set[str]:
    """The labels of baselines that lie far from all samplers.

    The best baseline is none of them: it is what samplers have to beat.
    """
    samplers = [point for point in points if not marks[point.label].is_hollow]
    baselines = [point for point in points if marks[point.label].is_hollow]
    if not samplers or not baselines:
        return set()
    near = [*samplers, max(baselines, key=lambda point: point.y)]
    frame = frame_of([(point.x, point.y) for point in near]).widened(_FAR)
    return {point.label for point in baselines if not frame.holds(point.x, point.y)}


def _on_edge(axes: Axes, far: Sequence[_Point]) -> list[_Point]:
    """Points beyond the panel's edges, each on the nearest place of them; those that would come together stand side by side."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    found: list[_Point] = []
    for point in far:
        x, y = min(max(point.x, left), right), min(max(point.y, bottom), top)
        while any(other.pinned == (x, y) for other in found):
            x += _APART * (right - left)
        found.append(replace(point, name=f"{point.name} ({point.y:.1f} at {point.x:.0f})", pinned=(x, y)))
    return found


def _draw_panel(axes: Axes, points: Sequence[_Point], marks: Mapping[str, Mark]) -> list[_Point]:
    """Draws the points and returns them as they are drawn."""
    samplers = [point for point in points if not marks[point.label].is_hollow]
    front = pareto_front([(point.balance.mean, point.accuracy.mean) for point in samplers])
    line = sorted((samplers[i].x, samplers[i].y) for i in front)
    # Up to the balance of the next point, that point's accuracy is what can be had.
    if line:
        axes.plot(*zip(*line, strict=True), color=FAINT, linewidth=1, linestyle="--", drawstyle="steps-pre", zorder=1)
    far = _far_baselines(points, marks)
    near = [point for point in points if point.label not in far]
    for point in near:
        _draw_mark(axes, point, marks[point.label])
        _draw_deviation(axes, point, marks[point.label])
    axes.margins(_MARGIN)
    axes.set_xlabel("Balance over head, mid and tail, %")
    axes.set_xlim(right=min(_MOST_BALANCED, axes.get_xlim()[1]))
    axes.set_ylim(axes.get_ylim())
    pinned = _on_edge(axes, [point for point in points if point.label in far])
    for point in pinned:
        _draw_mark(axes, point, marks[point.label])
    return [*near, *pinned]


def _draw_mark(axes: Axes, point: _Point, mark: Mark) -> None:
    axes.plot(
        point.x,
        point.y,
        linestyle="none",
        color=mark.colour,
        marker=mark.marker,
        markersize=_MARKER_POINTS,
        markerfacecolor=GROUND if mark.is_hollow else mark.colour,
        zorder=3,
        # On the edge it would be cut in two.
        clip_on=point.pinned is None,
    )


def _draw_deviation(axes: Axes, point: _Point, mark: Mark) -> None:
    if point.balance.n == point.accuracy.n > 1:
        runs = 100 * np.array([point.balance.values, point.accuracy.values])
        axes.plot(*runs, linestyle="none", marker=".", markersize=4, color=mark.colour, alpha=0.45, zorder=2)
        region = mean_region(*runs)
        if region is not None:
            shape = Ellipse(
                (point.x, point.y),
                region.width,
                region.height,
                angle=region.angle_deg,
                facecolor=mark.colour,
                edgecolor=mark.colour,
                alpha=0.13,
                zorder=1,
            )
            # Not add_patch: a wide region should not push the points together.
            axes.add_artist(shape)
            return
    axes.errorbar(
        point.x,
        point.y,
        xerr=_bar(point.balance),
        yerr=_bar(point.accuracy),
        color=mark.colour,
        elinewidth=1.1,
        capsize=2,
        zorder=2,
    )


def _bar(estimate: Estimate) -> float | None:
    return None if math.isnan(estimate.sd) else 100 * estimate.sd


def _label(axes: Axes, points: Sequence[_Point]) -> None:
    if not points:
        return
    texts = [
        axes.text(0, 0, point.name, fontsize=8.5, color=INK, ha="center", va="center", zorder=4) for point in points
    ]
    extents = [text.get_window_extent() for text in texts]
    sizes = np.array([(extent.width + 4, extent.height + 2) for extent in extents])
    places = axes.transData.transform([(point.x, point.y) for point in points])
    area = axes.get_window_extent()
    bounds = Box(area.x0, area.y0, area.x1, area.y1)
    boxes = place_labels(places, sizes, _obstacles(axes, points), bounds)
    for text, place, box in zip(texts, places, boxes, strict=True):
        _put(axes, text, place, box)


def _obstacles(axes: Axes, points: Sequence[_Point]) -> list[Box]:
    """The markers and error bars, in pixels."""
    half_marker = _MARKER_POINTS / 72 * axes.figure.dpi / 2 + 1
    found = []
    for point in points:
        x, y = point.x, point.y
        is_pinned = point.pinned is not None
        dx, dy = (0.0, 0.0) if is_pinned else (_bar(point.balance) or 0.0, _bar(point.accuracy) or 0.0)
        (left, bottom), (right, top), (px, py) = axes.transData.transform([(x - dx, y - dy), (x + dx, y + dy), (x, y)])
        found += [
            Box(px - half_marker, py - half_marker, px + half_marker, py + half_marker),
            Box(left, py - 1.5, right, py + 1.5),
            Box(px - 1.5, bottom, px + 1.5, top),
        ]
    return found


def _put(axes: Axes, text: Text, place: np.ndarray, box: Box) -> None:
    """Moves a label into its box, with a thin line to its point where they are apart."""
    centre = np.array([(box.left + box.right) / 2, (box.bottom + box.top) / 2])
    to_data = axes.transData.inverted()
    text.set_position(tuple(to_data.transform(centre)))
    nearest = np.clip(place, [box.left, box.bottom], [box.right, box.top])
    if np.linalg.norm(nearest - place) > _LEADER_FROM_PX:
        (x0, y0), (x1, y1) = to_data.transform([place, nearest])
        axes.plot([x0, x1], [y0, y1], color=FAINT, linewidth=0.7, zorder=2, scalex=False, scaley=False)

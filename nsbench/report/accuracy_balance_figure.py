"""The figure of accuracy against balance: a row a dataset, hit rate on the left, NDCG on the right.

Source: paper, figure 4, with error bars instead of single runs and with the Pareto front.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from nsbench.report.comparison import pareto_front
from nsbench.report.label_placement import Box, place_labels
from nsbench.report.style import FAINT, INK, Mark, drawing_style, marks_of, new_figure
from nsbench.report.summary import ACCURACY_METRICS, DatasetSummary, Estimate
from nsbench.report.table import METRIC_TITLES

_WIDTH, _ROW_HEIGHT = 10.0, 4.2
_MARKER_POINTS = 7.0
_LEADER_FROM_PX = 14.0
_MOST_BALANCED = 103.0
"""Right end of the balance axis at most: 100 % and room for half a marker."""


@dataclass(frozen=True)
class _Point:
    label: str
    balance: Estimate
    accuracy: Estimate


def accuracy_balance_figure(summaries: Sequence[DatasetSummary]) -> Figure | None:
    """Mean accuracy against mean balance with deviations over repeats, every point labelled.

    Args:
        summaries: One a row of panels; those without a defined point are left out.

    Returns:
        None where nothing can be drawn.
    """
    drawn = [summary for summary in summaries if _points(summary, ACCURACY_METRICS[0])]
    if not drawn:
        return None
    methods = [row.method for summary in drawn for row in summary.methods]
    labels = list(dict.fromkeys(method.label for method in methods))
    marks = marks_of(labels, [method.label for method in methods if method.is_baseline])
    with drawing_style():
        figure = new_figure(_WIDTH, _ROW_HEIGHT * len(drawn))
        grid = figure.subplots(len(drawn), len(ACCURACY_METRICS), squeeze=False)
        panels = []
        for axes_row, summary in zip(grid, drawn, strict=True):
            for axes, metric in zip(axes_row, ACCURACY_METRICS, strict=True):
                points = _points(summary, metric)
                _draw_panel(axes, points, marks)
                axes.set_title(
                    f"{summary.dataset}: {METRIC_TITLES[metric]}", loc="left", fontsize=10, fontweight="bold"
                )
                axes.set_ylabel(f"{METRIC_TITLES[metric]}, %")
                panels.append((axes, points))
        figure.supxlabel(
            "Mean over repeats; bars: one standard deviation. Hollow: baselines. Dashed: Pareto front.",
            fontsize=8,
            color=FAINT,
        )
        # Labels need pixels: lay out once, freeze the layout, then place them.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        for axes, points in panels:
            _label(axes, points)
    return figure


def _points(summary: DatasetSummary, metric: str) -> list[_Point]:
    points = [_Point(row.method.label, row.balance(metric), row.accuracy(metric)) for row in summary.methods]
    return [point for point in points if not math.isnan(point.balance.mean + point.accuracy.mean)]


def _draw_panel(axes: Axes, points: Sequence[_Point], marks: Mapping[str, Mark]) -> None:
    front = pareto_front([(point.balance.mean, point.accuracy.mean) for point in points])
    line = sorted((100 * points[i].balance.mean, 100 * points[i].accuracy.mean) for i in front)
    # Up to the balance of the next point, that point's accuracy is what can be had.
    axes.plot(*zip(*line, strict=True), color=FAINT, linewidth=1, linestyle="--", drawstyle="steps-pre", zorder=1)
    for point in points:
        mark = marks[point.label]
        axes.errorbar(
            100 * point.balance.mean,
            100 * point.accuracy.mean,
            xerr=_bar(point.balance),
            yerr=_bar(point.accuracy),
            color=mark.colour,
            marker=mark.marker,
            markersize=_MARKER_POINTS,
            markerfacecolor="white" if mark.is_hollow else mark.colour,
            markeredgecolor=mark.colour,
            elinewidth=1.1,
            capsize=2,
            zorder=3,
        )
    axes.margins(0.18)
    axes.set_xlabel("Balance over head, mid and tail, %")
    axes.set_xlim(right=min(_MOST_BALANCED, axes.get_xlim()[1]))


def _bar(estimate: Estimate) -> float | None:
    return None if math.isnan(estimate.sd) else 100 * estimate.sd


def _label(axes: Axes, points: Sequence[_Point]) -> None:
    if not points:
        return
    texts = [
        axes.text(0, 0, point.label, fontsize=8.5, color=INK, ha="center", va="center", zorder=4) for point in points
    ]
    extents = [text.get_window_extent() for text in texts]
    sizes = np.array([(extent.width + 4, extent.height + 2) for extent in extents])
    places = axes.transData.transform([(100 * point.balance.mean, 100 * point.accuracy.mean) for point in points])
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
        x, y = 100 * point.balance.mean, 100 * point.accuracy.mean
        dx, dy = _bar(point.balance) or 0.0, _bar(point.accuracy) or 0.0
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

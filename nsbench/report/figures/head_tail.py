"""The figure of head against tail: how many times better a method serves popular items than rare ones.

Source: paper, section 5.2, which gives the ratio of head NDCG to tail NDCG of random sampling.
"""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.figures.canvas.log_axis import plain_log_ticks
from nsbench.report.figures.canvas.style import FAINT, GROUND, INK, Mark, drawing_style, name_rows, new_figure
from nsbench.report.statistics.estimate import HEAD_SHARE
from nsbench.report.summary import DatasetSummary, MethodSummary
from nsbench.terms import Cohort

_WIDTH, _METHOD_HEIGHT, _MARGIN = 6.4, 0.38, 1.0
_METRIC = "ndcg"


def ratio_figure(summary: DatasetSummary, marks: Mapping[str, Mark]) -> Figure | None:
    """The mean NDCG in the head divided by that in the tail, one row per method, on a logarithmic axis.

    A method that never hits the tail has no such ratio; its row says so.

    Args:
        summary: The dataset's summary.
        marks: How each method is drawn, by label.

    Returns:
        None where no method hits the head and the tail.
    """
    ratios = [_ratio(row) for row in summary.methods]
    if not any(0 < ratio < math.inf for ratio in ratios):
        return None
    with drawing_style():
        figure = new_figure(_WIDTH, _MARGIN + _METHOD_HEIGHT * len(ratios))
        axes = figure.subplots()
        axes.set_xscale("log")
        axes.axvline(1, color=INK, linewidth=1, linestyle="--")
        for place, (row, ratio) in enumerate(zip(summary.methods, ratios, strict=True)):
            _draw_row(axes, place, ratio, _interval(summary, row), marks[row.method.label])
        left, right = axes.get_xlim()
        # Both sides of 1 stay visible, and the numbers over the points have room.
        axes.set_xlim(min(left, 0.8), max(right * 1.6, 2.0))
        plain_log_ticks(axes.xaxis)
        name_rows(axes, [row.method.label for row in summary.methods])
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("NDCG at 10 in the head ÷ in the tail (dashed: both alike)")
    return figure


def _draw_row(axes: Axes, place: int, ratio: float, interval: tuple[float, float] | None, mark: Mark) -> None:
    if not 0 < ratio < math.inf:
        reason = (
            "no hit in the tail" if ratio == math.inf else "no hit in the head" if ratio == 0 else "no hit in either"
        )
        axes.text(0.5, place, reason, transform=axes.get_yaxis_transform(), color=FAINT, va="center", fontsize=8)
        return
    if interval is not None:
        axes.plot(interval, [place, place], color=mark.colour, linewidth=1.4, solid_capstyle="butt")
    axes.plot(
        ratio,
        place,
        marker=mark.marker,
        markersize=7,
        color=mark.colour,
        markerfacecolor=GROUND if mark.is_hollow else mark.colour,
    )
    axes.annotate(
        f"{ratio:.3g}", (ratio, place), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=7.5, color=INK
    )


def _ratio(row: MethodSummary) -> float:
    """Head divided by tail; NaN where both are zero or undefined, infinite where the tail is never hit."""
    head, tail = (row.accuracy(_METRIC, cohort.label).mean for cohort in (Cohort.HEAD, Cohort.TAIL))
    if math.isnan(head + tail) or head == tail == 0:
        return math.nan
    return head / tail if tail else math.inf


def _interval(summary: DatasetSummary, row: MethodSummary) -> tuple[float, float] | None:
    """The ratio's interval, from that of head / (head + tail); cut off where it reaches to infinity."""
    found = summary.statistics.estimate(row.method.label, _METRIC, HEAD_SHARE)
    if found is None or not found.interval.is_defined:
        return None
    # Ratios from 1 : 10,000 to 999 : 1; beyond, an interval would stretch the axis until all points coincide.
    low, high = np.clip([found.interval.low, found.interval.high], 1e-4, 1 - 1e-3)
    return float(low / (1 - low)), float(high / (1 - high))

"""The figure of what is recommended: how much of the catalogue, how popular, and how unevenly, one row per method."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.figures.canvas.log_axis import plain_log_ticks
from nsbench.report.figures.canvas.style import (
    GROUND,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    name_rows,
    new_figure,
    panel_grid,
)
from nsbench.report.summary import RECOMMENDED_POPULARITY, DatasetSummary, MethodSummary
from nsbench.report.tables.exposure import EXPOSURE_TITLES, exposed_methods, exposure_interval

_WIDTH, _METHOD_HEIGHT, _MARGIN = 9.0, 0.32, 0.9
_WIDE = 10.0
"""From this ratio of the highest to the lowest popularity on, the axis is logarithmic: popularity lists are far off."""


def exposure_figure(summary: DatasetSummary, marks: Mapping[str, Mark], *, stacked: bool = False) -> Figure | None:
    """Coverage, average popularity and Gini of the exposure, with intervals over repeats.

    Args:
        summary: The dataset's summary.
        marks: How each method is drawn, by label.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where no run recorded what it recommends.
    """
    rows = exposed_methods(summary)
    if not rows:
        return None
    with drawing_style():
        n_rows, n_columns = panel_grid(len(EXPOSURE_TITLES), stacked=stacked)
        height = n_rows * (_MARGIN + _METHOD_HEIGHT * len(rows))
        figure = new_figure(STACKED_WIDTH if stacked else _WIDTH, height)
        panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes, (metric, title) in zip(panels, EXPOSURE_TITLES.items(), strict=True):
            _draw_panel(axes, rows, metric, marks)
            axes.set_xlabel(title)
            axes.grid(visible=False, axis="y")
        name_rows(panels[0], [marked_label(row.method) for row in rows])
    return figure


def _draw_panel(axes: Axes, rows: Sequence[MethodSummary], metric: str, marks: Mapping[str, Mark]) -> None:
    scale = 1 if metric == RECOMMENDED_POPULARITY else 100
    for place, row in enumerate(rows):
        mark, interval = marks[row.method.label], exposure_interval(row, metric)
        if interval.is_defined:
            ends = [scale * interval.low, scale * interval.high]
            axes.plot(ends, [place, place], color=mark.colour, linewidth=1.4, solid_capstyle="butt")
        axes.plot(
            scale * row.estimates[metric].mean,
            place,
            marker=mark.marker,
            markersize=6.5,
            color=mark.colour,
            markerfacecolor=GROUND if mark.is_hollow else mark.colour,
        )
    means = [row.estimates[metric].mean for row in rows if row.estimates[metric].n]
    if metric == RECOMMENDED_POPULARITY and 0 < _WIDE * min(means, default=0.0) < max(means, default=0.0):
        axes.set_xscale("log")
        plain_log_ticks(axes.xaxis)

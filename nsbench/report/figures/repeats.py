"""The figure of every single repeat: how far the runs of a method lie apart, and how far the methods.

Source: paper, figure 4.
"""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.figures.canvas.style import (
    GROUND,
    INK,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    name_rows,
    new_figure,
    panel_grid,
    side_by_side,
)
from nsbench.report.summary import ACCURACY_METRICS, METRIC_TITLES, DatasetSummary

_WIDTH, _METHOD_HEIGHT, _MARGIN = 8.0, 0.38, 1.0


def repeat_figure(summary: DatasetSummary, marks: Mapping[str, Mark], *, stacked: bool = False) -> Figure | None:
    """Hit rate and NDCG of every run, one row per method, with the mean.

    Args:
        summary: The dataset's summary.
        marks: How each method is drawn, by label.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None without methods.
    """
    if not summary.methods:
        return None
    with drawing_style():
        n_rows, n_columns = panel_grid(len(ACCURACY_METRICS), stacked=stacked)
        height = n_rows * (_MARGIN + _METHOD_HEIGHT * len(summary.methods))
        figure = new_figure(STACKED_WIDTH if stacked else _WIDTH, height)
        panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes, metric in zip(panels, ACCURACY_METRICS, strict=True):
            for place, row in enumerate(summary.methods):
                _draw_runs(axes, place, 100 * np.array(row.accuracy(metric).values), marks[row.method.label])
            axes.set_xlabel(f"{METRIC_TITLES[metric]}, %")
        name_rows(panels[0], [marked_label(row.method) for row in summary.methods])
        for axes in panels:
            axes.grid(visible=False, axis="y")
    return figure


def _draw_runs(axes: Axes, place: int, values: np.ndarray, mark: Mark) -> None:
    if not len(values):
        return
    axes.plot(
        values,
        place + side_by_side(len(values)),
        linestyle="none",
        marker=mark.marker,
        markersize=5,
        color=mark.colour,
        markerfacecolor=GROUND if mark.is_hollow else mark.colour,
        alpha=0.75,
    )
    mean = float(values.mean())
    axes.plot([mean, mean], [place - 0.36, place + 0.36], color=INK, linewidth=1.6)

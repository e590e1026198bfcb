"""The figure of dose and response: hit rate by number of negatives, one line per method."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.figures.canvas.log_axis import plain_log_ticks
from nsbench.report.figures.canvas.style import (
    STACKED_LEGEND_COLUMNS,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    legend_label,
    marks_of,
    new_figure,
    panel_grid,
)
from nsbench.report.statistics.t_test import mean_interval
from nsbench.report.summary import METRIC_TITLES, DatasetSummary, Estimate
from nsbench.report.sweep.negative_count import DoseCurve, dose_curves
from nsbench.terms import RunKind

_WIDTH, _HEIGHT = 5.2, 3.8
_TITLES = {RunKind.REPEAT: "test, repeats", RunKind.TRIAL: "validation, trials"}
_LEGEND_COLUMNS = 2
_MOST_CURVES = 16
"""More lines can't be told apart; the table holds them all."""


def negative_count_figure(summary: DatasetSummary, *, stacked: bool = False) -> Figure | None:
    """Mean hit rate with 95 % intervals over repeats; a panel for repeats and one for trials, as far as there are any.

    Args:
        summary: The dataset's summary.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where no method was run with two numbers of negatives, or too many were.
    """
    curves = dose_curves(summary)
    kinds = [kind for kind in _TITLES if any(curve.kind is kind for curve in curves)]
    labels = list(dict.fromkeys(curve.label for curve in curves))
    if not 0 < len(labels) <= _MOST_CURVES:
        return None
    # Curves are of methods without their number, which other figures don't have.
    marks = marks_of(labels, [])
    with drawing_style():
        n_rows, n_columns = panel_grid(len(kinds), stacked=stacked)
        width = STACKED_WIDTH if stacked else _WIDTH * n_columns
        figure = new_figure(width, _HEIGHT * n_rows)
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, kind in zip(panels, kinds, strict=True):
            _draw_panel(axes, [curve for curve in curves if curve.kind is kind], marks)
            axes.set_ylabel(f"{METRIC_TITLES['hit_rate']} ({_TITLES[kind]}), %")
        handles = {
            label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        columns = STACKED_LEGEND_COLUMNS - 1 if stacked else _LEGEND_COLUMNS * n_columns
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=min(columns, len(handles)))
    return figure


def _draw_panel(axes: Axes, curves: Sequence[DoseCurve], marks: Mapping[str, Mark]) -> None:
    axes.set_xscale("log")
    axes.set_xlabel("Negatives for each positive")
    for curve in curves:
        draw_line(
            axes,
            [float(point.n_negatives) for point in curve.points],
            [point.hit_rate for point in curve.points],
            marks[curve.label],
            curve.label,
        )
    plain_log_ticks(axes.xaxis)


def draw_line(axes: Axes, places: Sequence[float], estimates: Sequence[Estimate], mark: Mark, label: str) -> None:
    """Means over repeats in percent, joined, with their 95 % intervals where there are any."""
    means = [100 * estimate.mean for estimate in estimates]
    intervals = [mean_interval(estimate.values, is_constant=False) for estimate in estimates]
    # No share is below 0 or above 1.
    ends = [
        (100 * max(0.0, found.low), 100 * min(1.0, found.high)) if found.is_defined else (mean, mean)
        for mean, found in zip(means, intervals, strict=True)
    ]
    axes.errorbar(
        places,
        means,
        yerr=[
            [mean - low for mean, (low, _) in zip(means, ends, strict=True)],
            [high - mean for mean, (_, high) in zip(means, ends, strict=True)],
        ],
        color=mark.colour,
        marker=mark.marker,
        markersize=5.5,
        linewidth=1.2,
        elinewidth=1.0,
        capsize=2.0,
        label=legend_label(label),
    )

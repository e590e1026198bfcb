"""The figure of hit rate by cohort, one line per method. It shows what a sampler costs the tail."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.figures.canvas.style import (
    BAND,
    COHORT_COLOURS,
    COHORT_MARKERS,
    INK,
    drawing_style,
    name_rows,
    new_figure,
)
from nsbench.report.summary import METRIC_TITLES, DatasetSummary
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort

_WIDTH, _METHOD_HEIGHT, _MARGIN = 6.4, 0.4, 1.2
_SHIFT = 0.17


def cohort_figure(summary: DatasetSummary) -> Figure | None:
    """Mean hit rate in head, mid and tail (and cold, where there are hits), and in total, with deviations over repeats.

    Returns:
        None without methods.
    """
    if not summary.methods:
        return None
    with drawing_style():
        figure = new_figure(_WIDTH, _MARGIN + _METHOD_HEIGHT * len(summary.methods))
        axes = figure.subplots()
        _draw_panel(axes, summary)
        handles, labels = axes.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
    return figure


def _draw_panel(axes: Axes, summary: DatasetSummary) -> None:
    cohorts = [*BALANCED_COHORTS, *([Cohort.COLD] if summary.has_cold_hits else [])]
    places = range(len(summary.methods))
    for row, place in zip(summary.methods, places, strict=True):
        means = [100 * row.accuracy("hit_rate", cohort.label).mean for cohort in cohorts]
        defined = [mean for mean in means if not math.isnan(mean)]
        if defined:
            axes.plot([min(defined), max(defined)], [place, place], color=BAND, linewidth=3, zorder=1)
    for number, cohort in enumerate(cohorts):
        # Side by side rather than on top of each other: a popularity list has 0 in mid and tail alike.
        _draw_group(axes, summary, cohort.label, shift=_SHIFT * (number - (len(cohorts) - 1) / 2))
    totals = [100 * row.accuracy("hit_rate", ALL).mean for row in summary.methods]
    axes.plot(totals, places, linestyle="none", marker="|", markersize=16, markeredgewidth=2, color=INK, label="total")
    name_rows(axes, [row.method.label for row in summary.methods])
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"{METRIC_TITLES['hit_rate']}, %")


def _draw_group(axes: Axes, summary: DatasetSummary, group: str, shift: float) -> None:
    estimates = [row.accuracy("hit_rate", group) for row in summary.methods]
    deviations = [0.0 if math.isnan(estimate.sd) else 100 * estimate.sd for estimate in estimates]
    # No hit rate is below 0, so no bar is.
    below = [min(deviation, 100 * estimate.mean) for deviation, estimate in zip(deviations, estimates, strict=True)]
    axes.errorbar(
        [100 * estimate.mean for estimate in estimates],
        [place + shift for place in range(len(estimates))],
        xerr=[below, deviations],
        linestyle="none",
        marker=COHORT_MARKERS[group],
        markersize=6.5,
        color=COHORT_COLOURS[group],
        elinewidth=1.1,
        label=group,
        zorder=3,
    )

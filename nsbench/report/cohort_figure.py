"""The figure of hit rate by cohort: a panel a dataset, a line a method. It shows what a sampler costs the tail."""

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.style import COHORT_COLOURS, COHORT_MARKERS, FAINT, INK, drawing_style, new_figure
from nsbench.report.summary import DatasetSummary
from nsbench.report.table import METRIC_TITLES
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort

_WIDTH, _METHOD_HEIGHT, _PANEL_HEIGHT = 8.0, 0.4, 1.1
_SHIFT = 0.17


def cohort_figure(summaries: Sequence[DatasetSummary]) -> Figure | None:
    """Mean hit rate in head, mid and tail (and cold, where there are hits), and in total, with deviations over repeats.

    Args:
        summaries: One a panel; those without methods are left out.

    Returns:
        None where nothing can be drawn.
    """
    drawn = [summary for summary in summaries if summary.methods]
    if not drawn:
        return None
    heights = [_PANEL_HEIGHT + _METHOD_HEIGHT * len(summary.methods) for summary in drawn]
    with drawing_style():
        figure = new_figure(_WIDTH, sum(heights) + 0.4)
        panels = figure.subplots(len(drawn), 1, squeeze=False, gridspec_kw={"height_ratios": heights})[:, 0]
        for axes, summary in zip(panels, drawn, strict=True):
            _draw_panel(axes, summary)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels), frameon=False)
    return figure


def _draw_panel(axes: Axes, summary: DatasetSummary) -> None:
    cohorts = [*BALANCED_COHORTS, *([Cohort.COLD] if summary.has_cold_hits else [])]
    places = range(len(summary.methods))
    for row, place in zip(summary.methods, places, strict=True):
        means = [100 * row.accuracy("hit_rate", cohort.label).mean for cohort in cohorts]
        defined = [mean for mean in means if not math.isnan(mean)]
        if defined:
            axes.plot([min(defined), max(defined)], [place, place], color="#d0d0d0", linewidth=3, zorder=1)
    for number, cohort in enumerate(cohorts):
        # Side by side rather than on top of each other: a popularity list has 0 in mid and tail alike.
        _draw_group(axes, summary, cohort.label, shift=_SHIFT * (number - (len(cohorts) - 1) / 2))
    totals = [100 * row.accuracy("hit_rate", ALL).mean for row in summary.methods]
    axes.plot(totals, places, linestyle="none", marker="|", markersize=16, markeredgewidth=2, color=INK, label="total")
    axes.set_yticks(list(places), [row.method.label for row in summary.methods])
    axes.set_ylim(len(summary.methods) - 0.4, -0.6)
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.grid(visible=False, axis="y")
    axes.set_title(summary.dataset, loc="left", fontsize=10, fontweight="bold")
    axes.set_xlabel(f"{METRIC_TITLES['hit_rate']}, % (mean over repeats; bars: one standard deviation)", color=FAINT)


def _draw_group(axes: Axes, summary: DatasetSummary, group: str, shift: float) -> None:
    estimates = [row.accuracy("hit_rate", group) for row in summary.methods]
    deviations = [0.0 if math.isnan(estimate.sd) else 100 * estimate.sd for estimate in estimates]
    axes.errorbar(
        [100 * estimate.mean for estimate in estimates],
        [place + shift for place in range(len(estimates))],
        xerr=deviations,
        linestyle="none",
        marker=COHORT_MARKERS[group],
        markersize=6.5,
        color=COHORT_COLOURS[group],
        elinewidth=1.1,
        label=group,
        zorder=3,
    )

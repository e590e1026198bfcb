"""The figure of hit rate by groups of users, one row per method: whom each one serves."""

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.answer.cut_off import marked_label
from nsbench.report.figures.canvas.style import (
    COHORT_COLOURS,
    COHORT_MARKERS,
    STACKED_WIDTH,
    drawing_style,
    name_rows,
    new_figure,
    panel_grid,
)
from nsbench.report.summary import METRIC_TITLES, DatasetSummary
from nsbench.report.user_groups.user_group import SLOTS, UserGrouping

_WIDTH, _METHOD_HEIGHT, _MARGIN = 9.0, 0.4, 1.3
_SHIFT = 0.2
_METRIC = "hit_rate"


def user_group_figure(summary: DatasetSummary, *, stacked: bool = False) -> Figure | None:
    """Hit rate by activity and by taste of the users, with 95 % intervals where there are any.

    Args:
        summary: The dataset's summary.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where the groups are unknown.
    """
    if not summary.user_groups:
        return None
    with drawing_style():
        n_rows, n_columns = panel_grid(len(summary.user_groups), stacked=stacked)
        height = n_rows * (_MARGIN + _METHOD_HEIGHT * len(summary.methods))
        figure = new_figure(STACKED_WIDTH if stacked else _WIDTH, height)
        panels = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes, grouping in zip(panels, summary.user_groups, strict=True):
            _draw_panel(axes, summary, grouping)
        name_rows(panels[0], [marked_label(row.method) for row in summary.methods])
    return figure


def _draw_panel(axes: Axes, summary: DatasetSummary, grouping: UserGrouping) -> None:
    for number, (group, slot) in enumerate(zip(grouping.groups, SLOTS, strict=True)):
        found = [grouping.statistics.estimate(row.method.label, _METRIC, slot) for row in summary.methods]
        drawn = [(place, one) for place, one in enumerate(found) if one is not None and not math.isnan(one.value)]
        # Side by side rather than on top of each other.
        shift = _SHIFT * (number - 1)
        for place, one in drawn:
            if one.interval.is_defined:
                ends = [100 * max(0.0, one.interval.low), 100 * one.interval.high]
                axes.plot(ends, [place + shift] * 2, color=COHORT_COLOURS[slot], linewidth=1.1, solid_capstyle="butt")
        axes.plot(
            [100 * one.value for _, one in drawn],
            [place + shift for place, _ in drawn],
            linestyle="none",
            marker=COHORT_MARKERS[slot],
            markersize=6,
            color=COHORT_COLOURS[slot],
            # The axis says of what.
            label=group.name.partition(" ")[0],
        )
    axes.set_xlim(left=min(0.0, axes.get_xlim()[0]))
    axes.grid(visible=False, axis="y")
    axes.set_xlabel(f"{METRIC_TITLES[_METRIC]} by {grouping.name}, %")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(SLOTS))

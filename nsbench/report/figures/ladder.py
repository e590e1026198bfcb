"""The figure of the ladder: accuracy, balance and rank of every sampler at every rung."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.figures.canvas.style import (
    GROUND,
    STACKED_LEGEND_COLUMNS,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    legend_label,
    marks_of,
    new_figure,
)
from nsbench.report.ladder.climb import Ladder, RungSummary
from nsbench.report.statistics.t_test import mean_interval
from nsbench.report.summary import METRIC_TITLES, Estimate

_WIDTH, _PANEL_HEIGHT, _MARGIN = 8.6, 2.1, 1.6
_SHIFTED = 0.5
"""Of the space between two rungs: what the methods' points take."""

_LEGEND_COLUMNS = 6
_FEWEST = 3
"""Seeds from which on there are intervals."""


def ladder_figure(ladder: Ladder, marks: Mapping[str, Mark], *, narrow: bool = False) -> Figure | None:
    """Hit rate, balance and rank among the methods, each with its spread over seeds; hollow where no model was trained.

    Args:
        ladder: What it shows.
        marks: How methods are drawn that the report compares, by label.
        narrow: Whether it is as narrow as a phone.

    Returns:
        None where there is only one rung.
    """
    if len(ladder.rungs) < 2:
        return None
    labels = ladder.labels
    own = marks if set(labels) <= set(marks) else marks_of(labels, [])
    with drawing_style():
        width = STACKED_WIDTH if narrow else _WIDTH
        figure = new_figure(width, 3 * _PANEL_HEIGHT + _MARGIN)
        panels = figure.subplots(3, 1, sharex=True)
        for place, label in enumerate(labels):
            shift = _SHIFTED * ((place + 0.5) / len(labels) - 0.5)
            for axes, metric in zip(panels, ("accuracy", "balance", "rank"), strict=True):
                _draw(axes, ladder.rungs, label, metric, own[label], shift)
        panels[0].set_ylabel(f"{METRIC_TITLES['hit_rate']}, %")
        panels[1].set_ylabel("Balance of hit rate, %")
        panels[2].set_ylabel("Rank by hit rate")
        panels[2].set_yticks(range(1, len(labels) + 1))
        panels[2].set_ylim(len(labels) + 0.5, 0.5)
        titles = [rung.rung.title for rung in ladder.rungs]
        panels[2].set_xticks(
            range(len(titles)), titles, rotation=90 if narrow else 40, ha="center" if narrow else "right"
        )
        panels[2].set_xlim(-0.5, len(titles) - 0.5)
        for axes in panels:
            axes.grid(visible=False, axis="x")
        panels[0].set_title(ladder.budget, loc="left", fontsize=9, fontweight="bold")
        columns = STACKED_LEGEND_COLUMNS - 1 if narrow else _LEGEND_COLUMNS
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=min(columns, len(names)))
    return figure


def _draw(axes: Axes, rungs: Sequence[RungSummary], label: str, metric: str, mark: Mark, shift: float) -> None:
    """One method's line in one panel."""
    found = [(place, rung, _estimate(rung, label, metric)) for place, rung in enumerate(rungs)]
    shown = [(place, rung, estimate) for place, rung, estimate in found if estimate is not None and estimate.n]
    scale = 1 if metric == "rank" else 100
    places = [place + shift for place, _, _ in shown]
    means = [scale * estimate.mean for _, _, estimate in shown]
    axes.plot(
        places, means, color=mark.colour, linewidth=1.1, marker=mark.marker, markersize=5, label=legend_label(label)
    )
    for x, mean, (_, rung, estimate) in zip(places, means, shown, strict=True):
        low, high = _ends(estimate, is_rank=metric == "rank")
        axes.plot([x, x], [scale * low, scale * high], color=mark.colour, linewidth=0.9, solid_capstyle="butt")
        if label in rung.ranked_again:
            axes.plot(x, mean, marker=mark.marker, markersize=5, color=mark.colour, markerfacecolor=GROUND, zorder=3)


def _ends(estimate: Estimate, *, is_rank: bool) -> tuple[float, float]:
    """The 95 % interval; of ranks, and of two seeds, whose interval is many times as wide, the lowest and the highest."""
    interval = mean_interval(estimate.values, is_constant=False)
    if is_rank or estimate.n < _FEWEST or not interval.is_defined:
        return min(estimate.values), max(estimate.values)
    return max(0.0, interval.low), min(1.0, interval.high)


def _estimate(rung: RungSummary, label: str, metric: str) -> Estimate | None:
    row = next((row for row in rung.methods if row.method.label == label), None)
    if row is None:
        return None
    if metric == "rank":
        return rung.places[label]
    return row.accuracy("hit_rate") if metric == "accuracy" else row.balance("hit_rate")

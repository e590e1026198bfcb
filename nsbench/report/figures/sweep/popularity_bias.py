"""The figure of popularity bias: how much of what users want each method finds, the more the log favours popular items."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.data.beside.truth import TRUTH_GROUPS
from nsbench.report.figures.canvas.style import (
    INK,
    STACKED_LEGEND_COLUMNS,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    new_figure,
    panel_grid,
)
from nsbench.report.figures.sweep.negative_count import draw_line
from nsbench.report.summary import DatasetSummary
from nsbench.report.sweep.popularity_bias import BiasFamily, bias_families
from nsbench.report.tables.evidence import GROUP_TITLES
from nsbench.report.tables.popularity_bias import BEST_WANTED

_WIDTH, _HEIGHT, _STACKED_HEIGHT = 9.4, 3.4, 2.6
_LEGEND_COLUMNS = 4
_SHIFT = 0.015
"""Of the biases' range: how far apart lines are drawn, since some coincide."""


def bias_figure(
    summaries: Sequence[DatasetSummary], marks: Mapping[str, Mark], *, stacked: bool = False
) -> Figure | None:
    """Expected hit rate by popularity bias in total, head, mid and tail, one line per method, on the largest family of logs.

    Args:
        summaries: One per dataset.
        marks: How each method is drawn, by label.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where no two logs differ in their popularity bias alone.
    """
    family = next(iter(bias_families(summaries)), None)
    if family is None:
        return None
    with drawing_style():
        n_rows, n_columns = panel_grid(len(TRUTH_GROUPS), stacked=stacked)
        size = (STACKED_WIDTH, _STACKED_HEIGHT * n_rows) if stacked else (_WIDTH, _HEIGHT)
        figure = new_figure(*size)
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, group in zip(panels, TRUTH_GROUPS, strict=True):
            _draw_panel(axes, family, group, marks)
        panels[0].set_ylabel("Expected hit rate at 10, %")
        handles, labels = panels[0].get_legend_handles_labels()
        columns = STACKED_LEGEND_COLUMNS - 1 if stacked else _LEGEND_COLUMNS
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    return figure


def _draw_panel(axes: Axes, family: BiasFamily, group: str, marks: Mapping[str, Mark]) -> None:
    biases = [point.bias for point in family.points]
    step = _SHIFT * (biases[-1] - biases[0])
    for place, label in enumerate(family.labels):
        shift = step * (place - (len(family.labels) - 1) / 2)
        own = [
            (point.bias + shift, row.wanted(group))
            for point in family.points
            for row in point.summary.methods
            if row.method.label == label
        ]
        draw_line(axes, [at for at, _ in own], [estimate for _, estimate in own], marks[label], label)
    best = [100 * point.summary.most_wanted(group) for point in family.points]
    axes.plot(biases, best, color=INK, linewidth=1.2, linestyle="--", label=BEST_WANTED)
    axes.set_title(GROUP_TITLES[group], loc="left", fontsize=9, fontweight="bold")
    axes.set_xticks(biases, [f"{bias:g}" for bias in biases])
    axes.set_xlabel("Popularity bias of the log")
    axes.set_ylim(bottom=0)

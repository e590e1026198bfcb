"""The figure of all differences between methods: which of them are significant, and which way they go."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nsbench.report.figures.canvas.style import FAINT, GROUND, INK, STACKED_WIDTH, drawing_style, new_figure, panel_grid
from nsbench.report.statistics.estimate import BALANCE, PairedDifference
from nsbench.report.summary import METRIC_TITLES, DatasetSummary
from nsbench.terms import ALL

_BETTER, _WORSE = "#0072b2", "#d55e00"
_CELL, _MARGIN, _LEAST_WIDTH = 0.5, 1.5, 6.4
_MOST_METHODS = 40
"""More are left to the tables: a square of 200 would be a hundred inches wide."""

_PANELS = (("hit_rate", ALL, METRIC_TITLES["hit_rate"]), ("hit_rate", BALANCE, "Balance of hit rates"))


def difference_figure(summary: DatasetSummary, *, stacked: bool = False) -> Figure | None:
    """Two squares of all pairs, in hit rate and in balance: row minus column, in percent points.

    Significant differences (Holm-corrected) are filled and bold, blue where the row is better and orange where it is worse.

    Args:
        summary: The dataset's summary.
        stacked: Whether the squares stand one above the other, for a phone.

    Returns:
        None with fewer than two methods or with too many to be seen, or without statistics.
    """
    labels = [row.method.label for row in summary.methods]
    panels = [(metric, group, title) for metric, group, title in _PANELS if summary.statistics.pairs(metric, group)]
    if not 2 <= len(labels) <= _MOST_METHODS or not panels:
        return None
    side = _CELL * len(labels)
    with drawing_style():
        n_rows, n_columns = panel_grid(len(panels), stacked=stacked)
        width = max(STACKED_WIDTH if stacked else _LEAST_WIDTH, (side + _MARGIN) * n_columns)
        figure = new_figure(width, (side + _MARGIN) * n_rows)
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes, (metric, group, title) in zip(grid, panels, strict=True):
            _draw_square(axes, labels, summary.statistics.pairs(metric, group))
            axes.set_title(f"{title}: row − column, points", loc="left", fontsize=9, fontweight="bold", pad=8)
        grid[0].set_yticks(range(len(labels)), labels)
    return figure


def _draw_square(axes: Axes, labels: Sequence[str], pairs: Sequence[PairedDifference]) -> None:
    n = len(labels)
    axes.set_xlim(-0.5, n - 0.5)
    # The first row is on top, as in a table.
    axes.set_ylim(n - 0.5, -0.5)
    axes.set_aspect("equal")
    axes.set_xticks(range(n), labels, rotation=40, ha="right", rotation_mode="anchor")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0)
    for place in range(n):
        axes.add_patch(Rectangle((place - 0.5, place - 0.5), 1, 1, facecolor=FAINT, alpha=0.25, linewidth=0))
    places = {label: place for place, label in enumerate(labels)}
    for pair in pairs:
        if pair.a in places and pair.b in places:
            _draw_cell(axes, places[pair.a], places[pair.b], pair)
            _draw_cell(axes, places[pair.b], places[pair.a], pair.reversed())


def _draw_cell(axes: Axes, row: int, column: int, pair: PairedDifference) -> None:
    is_defined = pair.difference == pair.difference
    colour = _BETTER if pair.difference > 0 else _WORSE
    axes.add_patch(
        Rectangle(
            (column - 0.5, row - 0.5),
            1,
            1,
            facecolor=colour if pair.is_significant else GROUND,
            edgecolor=GROUND,
            alpha=0.35 if pair.is_significant else 1.0,
            linewidth=1,
        )
    )
    axes.text(
        column,
        row,
        f"{100 * pair.difference:+.2f}" if is_defined else "–",
        ha="center",
        va="center",
        fontsize=7.5,
        fontweight="bold" if pair.is_significant else "normal",
        color=INK if pair.is_significant else FAINT,
    )

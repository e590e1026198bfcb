"""The figure of samplers by losses: accuracy, balance and coverage of every pairing of a backbone."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from nsbench.report.answer.cut_off import MARK
from nsbench.report.figures.canvas.style import GRID, INK, STACKED_WIDTH, drawing_style, new_figure, panel_grid
from nsbench.report.method_parts import YARDSTICK_LOSS, YARDSTICK_SAMPLER
from nsbench.report.pairing_grid import PairingGrid
from nsbench.report.statistics.decision import Decision, decision_of
from nsbench.report.statistics.estimate import BALANCE
from nsbench.report.summary import COVERAGE, METRIC_TITLES, DatasetSummary, Estimate, MethodSummary
from nsbench.terms import ALL

ALIKE, UNSURE = "≈", "?"
"""Stand before a value that does not differ significantly from the best, and before one that can't be told from it yet."""

_METRIC = "hit_rate"
_COLOUR = "#0072b2"
_FAINTEST, _STRONGEST = 0.06, 0.5
"""Opacity of the lowest and of the highest cell; words on the strongest can still be read, on a dark ground too."""

_CELL_WIDTH, _CELL_HEIGHT, _MARGIN, _LABELS = 0.64, 0.38, 1.0, 1.6
_LONG, _LABEL_HEIGHT = 9, 1.1
"""Letters of a label that has no room above its column, and inches that such labels take when they are slanted."""

_MOST_CELLS = 400
"""More can't be read; the tables hold them all."""

_MARKS = {Decision.SIGNIFICANT: "", Decision.NOT_SIGNIFICANT: ALIKE, Decision.TOO_FEW: UNSURE, Decision.CUT_OFF: UNSURE}


@dataclass(frozen=True)
class _Panel:
    """A panel; `group` is what of the hit rate is tested, None where nothing is."""

    title: str
    values: dict[tuple[str, str], Estimate]
    group: str | None


def pairing_figure(summary: DatasetSummary, grid: PairingGrid, *, stacked: bool = False) -> Figure | None:
    """One row per sampler, one column per loss; the stronger the colour, the higher, and the number stands in every cell.

    Args:
        summary: The dataset's summary.
        grid: The methods of a backbone.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where there are too many cells to be read.
    """
    if len(grid.samplers) * len(grid.losses) > _MOST_CELLS:
        return None
    panels = _panels(grid)
    # Slanted labels stand above the cells and beyond the last one.
    beyond = _LABEL_HEIGHT if _has_long_labels(grid) else 0.0
    width = _CELL_WIDTH * len(grid.losses) + beyond
    height = _CELL_HEIGHT * len(grid.samplers) + _MARGIN + beyond
    with drawing_style():
        n_rows, n_columns = panel_grid(len(panels), stacked=stacked)
        size = max(STACKED_WIDTH, width + _LABELS) if stacked else _LABELS + (width + 0.25) * n_columns
        figure = new_figure(size, height * n_rows)
        all_axes = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes, panel in zip(all_axes, panels, strict=True):
            _draw_panel(axes, summary, grid, panel)
        all_axes[0].set_yticks(range(len(grid.samplers)), [*grid.samplers.values()])
    return figure


def _panels(grid: PairingGrid) -> list[_Panel]:
    rows = grid.rows.items()
    panels = [
        _Panel(f"{METRIC_TITLES[_METRIC]}, %", {place: row.accuracy(_METRIC) for place, row in rows}, ALL),
        _Panel("Balance, %", {place: row.balance(_METRIC) for place, row in rows}, BALANCE),
        _Panel("Coverage, %", {place: row.estimates[COVERAGE] for place, row in rows}, None),
    ]
    return [panel for panel in panels if any(estimate.n for estimate in panel.values.values())]


def _draw_panel(axes: Axes, summary: DatasetSummary, grid: PairingGrid, panel: _Panel) -> None:
    axes.set_xlim(-0.5, len(grid.losses) - 0.5)
    # The first row is on top, as in a table.
    axes.set_ylim(len(grid.samplers) - 0.5, -0.5)
    axes.set_xticks(range(len(grid.losses)), [*grid.losses.values()])
    if _has_long_labels(grid):
        axes.tick_params(axis="x", labelrotation=30)
        for label in axes.get_xticklabels():
            label.set(ha="left", va="bottom", rotation_mode="anchor")
    axes.tick_params(length=0, bottom=False, labelbottom=False, labeltop=True)
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.set_title(panel.title, loc="left", fontsize=9, fontweight="bold", pad=8)
    means = {place: estimate.mean for place, estimate in panel.values.items() if estimate.n}
    low, high = min(means.values()), max(means.values())
    best = max(means, key=means.__getitem__)
    for y, sampler in enumerate(grid.samplers):
        for x, loss in enumerate(grid.losses):
            place = (sampler, loss)
            if place in means:
                strength = (means[place] - low) / (high - low) if high > low else 0.5
                row = grid.rows[place]
                mark = _mark(summary, grid.rows[best], row, panel.group)
                text = f"{mark}{100 * means[place]:.2f}{MARK if row.method.n_cut_off else ''}"
                _draw_cell(axes, (x, y), strength, text, is_best=place == best and panel.group is not None)
            else:
                _draw_frame(axes, (x, y), GRID, 0.6, 0.94)
            if place == (YARDSTICK_SAMPLER, YARDSTICK_LOSS) and place in grid.rows:
                _draw_frame(axes, (x, y), INK, 1.6, 0.9)


def _has_long_labels(grid: PairingGrid) -> bool:
    """Whether a loss's label is wider than a cell, as those are that say what is fixed of it."""
    return any(len(label) > _LONG for label in grid.losses.values())


def _mark(summary: DatasetSummary, best: MethodSummary, row: MethodSummary, group: str | None) -> str:
    """What stands before a value: how sure it is that the best one is better."""
    if row is best or group is None:
        return ""
    pair = summary.statistics.difference(best.method.label, row.method.label, _METRIC, group)
    return UNSURE if pair is None else _MARKS[decision_of(pair)]


def _draw_cell(axes: Axes, place: tuple[int, int], strength: float, text: str, *, is_best: bool) -> None:
    x, y = place
    opacity = _FAINTEST + strength * (_STRONGEST - _FAINTEST)
    axes.add_patch(Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, facecolor=_COLOUR, alpha=opacity, linewidth=0))
    weight = "bold" if is_best else "normal"
    axes.text(x, y, text, ha="center", va="center", fontsize=8, fontweight=weight, color=INK)


def _draw_frame(axes: Axes, place: tuple[int, int], colour: str, width: float, side: float) -> None:
    x, y = place
    corner = (x - side / 2, y - side / 2)
    axes.add_patch(Rectangle(corner, side, side, fill=False, edgecolor=colour, linewidth=width))

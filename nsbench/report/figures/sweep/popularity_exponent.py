"""The figure of popularity exponents: hit rate in total, head, mid and tail, one line per loss and correction."""

from matplotlib.figure import Figure

from nsbench.report.figures.canvas.style import (
    STACKED_LEGEND_COLUMNS,
    STACKED_WIDTH,
    drawing_style,
    marks_of,
    new_figure,
    panel_grid,
)
from nsbench.report.figures.sweep.negative_count import draw_line
from nsbench.report.summary import METRIC_TITLES, DatasetSummary
from nsbench.report.sweep.popularity_exponent import EXPONENT_GROUPS, ExponentCurve, exponent_families
from nsbench.report.tables.evidence import GROUP_TITLES

_WIDTH, _HEIGHT, _STACKED_HEIGHT = 9.4, 3.0, 2.6
_SHIFT = 0.012
"""Of the exponents' range: how far apart lines are drawn, since classic and corrected may coincide."""


def exponent_figure(summary: DatasetSummary, *, stacked: bool = False) -> Figure | None:
    """Mean hit rate by exponent with 95 % intervals over repeats, of the largest family of repeats.

    Args:
        summary: The dataset's summary.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None where no loss was repeated with two exponents, all else alike.
    """
    curves = next((family.curves for family in exponent_families(summary)), ())
    exponents = {point.exponent for curve in curves for point in curve.points}
    if not any(len(curve.points) > 1 for curve in curves):
        return None
    step = _SHIFT * (max(exponents) - min(exponents))
    marks = marks_of([curve.loss for curve in curves], [])
    with drawing_style():
        n_rows, n_columns = panel_grid(len(EXPONENT_GROUPS), stacked=stacked)
        size = (STACKED_WIDTH, _STACKED_HEIGHT * n_rows) if stacked else (_WIDTH, _HEIGHT)
        figure = new_figure(*size)
        panels = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
        for axes, group in zip(panels, EXPONENT_GROUPS, strict=True):
            for place, curve in enumerate(curves):
                shift = step * (place - (len(curves) - 1) / 2)
                estimates = [point.hit_rates[group] for point in curve.points]
                draw_line(axes, _shifted(curve, shift), estimates, marks[curve.loss], curve.loss)
            axes.set_title(GROUP_TITLES[group], loc="left", fontsize=9, fontweight="bold")
            axes.set_xticks(sorted(exponents), [f"{exponent:g}" for exponent in sorted(exponents)])
            axes.set_xlabel("Exponent of the popularity")
            axes.set_ylim(bottom=0)
        panels[0].set_ylabel(f"{METRIC_TITLES['hit_rate']}, %")
        handles, labels = panels[0].get_legend_handles_labels()
        columns = STACKED_LEGEND_COLUMNS - 1 if stacked else len(labels)
        figure.legend(handles, labels, loc="outside lower center", ncols=columns)
    return figure


def _shifted(curve: ExponentCurve, shift: float) -> list[float]:
    return [point.exponent + shift for point in curve.points]

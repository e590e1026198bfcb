"""The figure of training: loss and validation NDCG by epoch, thin lines for repeats and a thick one for their mean."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.figures.canvas.style import (
    STACKED_LEGEND_COLUMNS,
    STACKED_WIDTH,
    Mark,
    drawing_style,
    legend_label,
    new_figure,
    panel_grid,
)
from nsbench.report.figures.training_curve import TrainingCurve, mean_curve
from nsbench.tracking.stored_run import MetricPoint

_WIDTH, _HEIGHT, _STACKED_HEIGHT = 9.0, 3.8, 6.2
_LEGEND_COLUMNS = 6


def curve_figure(curves: Sequence[TrainingCurve], marks: Mapping[str, Mark], *, stacked: bool = False) -> Figure | None:
    """Training loss, then validation NDCG.

    Args:
        curves: Of some repeats of every method.
        marks: How each method is drawn, by label.
        stacked: Whether the panels stand one above the other, for a phone.

    Returns:
        None without curves.
    """
    if not curves:
        return None
    with drawing_style():
        figure = new_figure(STACKED_WIDTH, _STACKED_HEIGHT) if stacked else new_figure(_WIDTH, _HEIGHT)
        losses, valid = figure.subplots(*panel_grid(2, stacked=stacked))
        _draw_panel(losses, curves, marks, lambda curve: curve.loss, scale=1)
        _draw_panel(valid, curves, marks, lambda curve: curve.valid, scale=100)
        losses.set_ylabel("Training loss")
        valid.set_ylabel("Validation NDCG at 10, %")
        for axes in (losses, valid):
            axes.set_xlabel("Epoch")
        handles, labels = valid.get_legend_handles_labels()
        n_columns = min(len(labels), STACKED_LEGEND_COLUMNS if stacked else _LEGEND_COLUMNS)
        figure.legend(handles, labels, loc="outside lower center", ncols=max(1, n_columns))
    return figure


def _draw_panel(
    axes: Axes,
    curves: Sequence[TrainingCurve],
    marks: Mapping[str, Mark],
    points_of: Callable[[TrainingCurve], Sequence[MetricPoint]],
    scale: float,
) -> None:
    for label in dict.fromkeys(curve.label for curve in curves):
        own = [points_of(curve) for curve in curves if curve.label == label]
        mark = marks[label]
        for points in own:
            axes.plot(*_line(points, scale), color=mark.colour, linewidth=0.6, alpha=0.4)
        mean = mean_curve(own)
        axes.plot(
            *_line(mean, scale),
            color=mark.colour,
            linewidth=1.7,
            marker=mark.marker,
            markersize=4.5,
            markevery=max(1, len(mean) // 6),
            label=legend_label(label),
        )


def _line(points: Sequence[MetricPoint], scale: float) -> tuple[list[int], list[float]]:
    return [point.epoch for point in points], [scale * point.value for point in points]

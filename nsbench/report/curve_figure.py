"""The figure of training: loss and validation NDCG by epoch, thin lines for repeats and a thick one for their mean."""

from collections.abc import Callable, Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from nsbench.report.style import Mark, drawing_style, legend_label, new_figure
from nsbench.report.training_curve import TrainingCurve, mean_curve
from nsbench.tracking.stored_run import MetricPoint

_WIDTH, _HEIGHT = 9.0, 3.8


def curve_figure(curves: Sequence[TrainingCurve], marks: Mapping[str, Mark]) -> Figure | None:
    """Training loss on the left, validation NDCG on the right.

    Args:
        curves: Of some repeats of every method.
        marks: How each method is drawn, by label.

    Returns:
        None without curves.
    """
    if not curves:
        return None
    with drawing_style():
        figure = new_figure(_WIDTH, _HEIGHT)
        left, right = figure.subplots(1, 2)
        _draw_panel(left, curves, marks, lambda curve: curve.loss, scale=1)
        _draw_panel(right, curves, marks, lambda curve: curve.valid, scale=100)
        left.set_ylabel("Training loss")
        right.set_ylabel("Validation NDCG at 10, %")
        for axes in (left, right):
            axes.set_xlabel("Epoch")
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=max(1, min(len(labels), 6)))
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

"""Figures show every method once and can be printed."""

import struct

from matplotlib.backends.backend_agg import FigureCanvasAgg

from nsbench.report.accuracy_balance_figure import accuracy_balance_figure
from nsbench.report.cohort_figure import cohort_figure
from nsbench.report.label_placement import Box
from nsbench.report.style import marks_of, save_figure
from tests.report.stored_run_builder import repeats, stored, summary_of

NAMES = ("Random", "Popularity", "Batch", "Mixed", "Adaptive", "Adaptive batch", "Adaptive mixed", "Cohort")


def crowded_summary():
    """Eight methods so near each other that their markers touch."""
    return summary_of(
        *(repeats(name, [0.2 + 0.001 * i, 0.21 + 0.001 * i], 0.5 + 0.004 * (i % 3)) for i, name in enumerate(NAMES))
    )


def test_every_method_is_labelled_once_in_each_panel_and_no_label_covers_another():
    figure = accuracy_balance_figure([crowded_summary()])
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        assert sorted(text.get_text() for text in axes.texts) == sorted(NAMES)
        extents = [text.get_window_extent() for text in axes.texts]
        boxes = [Box(extent.x0, extent.y0, extent.x1, extent.y1) for extent in extents]
        assert all(box.overlap(other) == 0 for i, box in enumerate(boxes) for other in boxes[i + 1 :])


def test_there_is_a_panel_for_each_dataset_and_metric():
    summary = summary_of(repeats("a", [0.2, 0.3], 0.5))
    assert len(accuracy_balance_figure([summary, summary]).axes) == 4
    assert len(cohort_figure([summary, summary]).axes) == 2


def test_a_dataset_without_a_defined_point_has_no_panel():
    nothing = summary_of([stored("a", metrics={"test/all/hit_rate_at_10": 0.0})])
    assert accuracy_balance_figure([nothing]) is None
    assert cohort_figure([summary_of([])]) is None


def test_the_picture_has_at_least_150_dots_an_inch(tmp_path):
    """The figure is 10 inches wide; a PNG's width is the big-endian number at byte 16."""
    png, svg = save_figure(accuracy_balance_figure([summary_of(repeats("a", [0.2, 0.3], 0.5))]), tmp_path, "figure")
    (width,) = struct.unpack(">I", png.read_bytes()[16:20])
    assert width >= 1500
    assert "<svg" in svg.read_text()


def test_the_same_runs_give_the_same_files(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save_figure(cohort_figure([crowded_summary()]), tmp_path / name, "figure")
    assert (tmp_path / "a" / "figure.svg").read_bytes() == (tmp_path / "b" / "figure.svg").read_bytes()


def test_more_methods_than_colours_still_differ():
    marks = marks_of([f"method {i}" for i in range(12)], baselines=["method 0", "method 1"])
    assert len({(mark.colour, mark.marker, mark.is_hollow) for mark in marks.values()}) == 12

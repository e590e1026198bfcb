"""Figures with panels can have them one above the other, and show the same then."""

from dataclasses import replace

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nsbench.report.figures.accuracy_balance import accuracy_balance_figure
from nsbench.report.figures.canvas.label_placement import Box
from nsbench.report.figures.canvas.style import marks_of_methods
from nsbench.report.figures.difference import difference_figure
from nsbench.report.figures.head_tail import ratio_figure
from nsbench.report.figures.repeats import repeat_figure
from nsbench.report.figures.search import search_figure
from nsbench.report.figures.training_curve import TrainingCurve
from nsbench.report.figures.training_curve_figure import curve_figure
from nsbench.report.statistics.estimate import Interval, PairedDifference, Statistics
from nsbench.terms import RunKind
from nsbench.tracking.stored_run import MetricPoint
from tests.report.stored_run_builder import stored
from tests.report.test_figure import crowded_summary, drawn


@pytest.fixture(scope="module")
def two_ways():
    """Every figure with panels: side by side, and one above the other."""
    summary = crowded_summary()
    marks = marks_of_methods([summary])
    curves = [TrainingCurve("Random", 0, (MetricPoint(1, 2.0),), (MetricPoint(1, 0.1),))]
    trials = [
        replace(
            stored("Random", seed, {"valid/all/ndcg_at_10": 0.1}, kind=RunKind.TRIAL),
            params={"learning_rate": f"0.{seed + 1}", "n_negatives": f"{seed + 5}"},
        )
        for seed in range(2)
    ]
    pair = PairedDifference(
        "Random", "Mixed", "hit_rate", "all", 0.1, Interval(0, 1), 0.5, 0.5, 1.0, 0.1, 0.1, "repeats"
    )
    known = replace(summary, statistics=Statistics(differences=(pair, replace(pair, group="balance"))))
    return {
        stacked: [
            accuracy_balance_figure(summary, marks, stacked=stacked),
            repeat_figure(summary, marks, stacked=stacked),
            difference_figure(known, stacked=stacked),
            curve_figure(curves, marks, stacked=stacked),
            search_figure(trials, marks, stacked=stacked),
        ]
        for stacked in (False, True)
    }


def test_panels_stand_side_by_side_or_one_above_the_other(two_ways):
    for stacked, figures in two_ways.items():
        for figure in figures:
            FigureCanvasAgg(figure).draw()
            first, second = (axes.get_position() for axes in figure.axes)
            assert (first.y0 > second.y1) == stacked
            assert (first.x1 < second.x0) == (not stacked)
            assert figure.axes[0].get_xlabel() or figure.axes[0].get_title(loc="left")


def test_stacked_panels_show_what_those_side_by_side_show(two_ways):
    for beside, stacked in zip(two_ways[False], two_ways[True], strict=True):
        for one, other in zip(beside.axes, stacked.axes, strict=True):
            assert sorted(text.get_text() for text in one.texts) == sorted(text.get_text() for text in other.texts)
            assert (one.get_xlabel(), one.get_title(loc="left")) == (other.get_xlabel(), other.get_title(loc="left"))
            marked = [
                [line.get_xydata().tolist() for line in axes.lines if line.get_marker() == "o"] for axes in (one, other)
            ]
            assert marked[0] == marked[1]


def test_words_of_stacked_panels_are_as_large_on_a_phone_as_those_of_a_single_panel(two_ways):
    """All are scaled to the phone's width. The squares of eight methods need 5.5 inches."""
    single = drawn(ratio_figure, crowded_summary()).get_figwidth()
    assert all(figure.get_figwidth() <= single for figure in two_ways[True])
    assert all(figure.get_figwidth() > single for figure in two_ways[False])


def test_no_label_covers_another_one_in_stacked_panels(two_ways):
    figure = two_ways[True][0]
    FigureCanvasAgg(figure).draw()
    for axes in figure.axes:
        extents = [text.get_window_extent() for text in axes.texts]
        boxes = [Box(extent.x0, extent.y0, extent.x1, extent.y1) for extent in extents]
        assert all(box.overlap(other) == 0 for i, box in enumerate(boxes) for other in boxes[i + 1 :])

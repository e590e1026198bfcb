"""Figures show every method once and can be printed."""

import math
import struct
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nsbench.data.dataset import CohortPopularity, Popularity
from nsbench.report.figures.accuracy_balance import accuracy_balance_figure
from nsbench.report.figures.canvas.label_placement import Box
from nsbench.report.figures.canvas.style import ON_DARK, marks_of, marks_of_methods, save_png, svg_text
from nsbench.report.figures.cohort import cohort_figure
from nsbench.report.figures.difference import difference_figure
from nsbench.report.figures.head_tail import ratio_figure
from nsbench.report.figures.popularity import popularity_cohort_figure, popularity_figure
from nsbench.report.figures.repeats import repeat_figure
from nsbench.report.figures.replay import ReplayPoint, replay_figure, replay_points
from nsbench.report.figures.search import search_figure, searched_settings
from nsbench.report.figures.training_curve import TrainingCurve
from nsbench.report.figures.training_curve_figure import curve_figure
from nsbench.report.formats.page_svg import inline_svg
from nsbench.report.statistics.estimate import Interval, PairedDifference, Statistics
from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import MetricPoint
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import card_json, final_metrics

NAMES = ("Random", "Popularity", "Batch", "Mixed", "Adaptive", "Adaptive batch", "Adaptive mixed", "Cohort")
POPULARITY = Popularity(
    n_train_users=10,
    cohorts={
        "head": CohortPopularity(n_items=1, item_share=0.2, n_train=4, median_user_percentage=40.0),
        "mid": CohortPopularity(n_items=2, item_share=0.4, n_train=4, median_user_percentage=20.0),
        "tail": CohortPopularity(n_items=2, item_share=0.4, n_train=4, median_user_percentage=15.0),
        "cold": CohortPopularity(n_items=0, item_share=0.0, n_train=0, median_user_percentage=None),
    },
    item_ranks=(1, 2, 3, 4, 5),
    n_interactions=(4, 2, 2, 2, 2),
    n_cumulative=(4, 6, 8, 10, 12),
)


def crowded_summary():
    """Eight methods so near each other that their markers touch."""
    return summary_of(
        *(repeats(name, [0.2 + 0.001 * i, 0.21 + 0.001 * i], 0.5 + 0.004 * (i % 3)) for i, name in enumerate(NAMES))
    )


def drawn(draw, summary):
    return draw(summary, marks_of_methods([summary]))


def test_every_method_is_labelled_once_in_each_panel_and_no_label_covers_another():
    figure = drawn(accuracy_balance_figure, crowded_summary())
    FigureCanvasAgg(figure).draw()
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert sorted(text.get_text() for text in axes.texts) == sorted(NAMES)
        extents = [text.get_window_extent() for text in axes.texts]
        boxes = [Box(extent.x0, extent.y0, extent.x1, extent.y1) for extent in extents]
        assert all(box.overlap(other) == 0 for i, box in enumerate(boxes) for other in boxes[i + 1 :])


def test_a_baseline_is_drawn_however_far_from_the_samplers_it_lies():
    """Samplers at 20 and 22 percent and balances of 50 and 52; the baseline at 5 and 30."""
    baseline = [stored("far", 0, final_metrics(0.05, 0.1, 0.05, 0.02, 0.3), kind=RunKind.BASELINE)]
    figure = drawn(
        accuracy_balance_figure, summary_of(baseline, repeats("a", [0.2, 0.2], 0.5), repeats("b", [0.22, 0.22], 0.52))
    )
    panel = figure.axes[0]
    assert sorted(text.get_text() for text in panel.texts) == ["a", "b", "far"]
    assert panel.get_ylim()[0] < 5
    assert panel.get_xlim()[0] < 30


def test_baselines_far_from_all_samplers_stand_on_the_edge_with_their_values():
    """Samplers and the best baseline at 18 to 22 percent and balances of 50 to 52; another baseline at 5 and 30."""
    baselines = [
        stored("far", 0, final_metrics(0.05, 0.1, 0.05, 0.02, 0.3), kind=RunKind.BASELINE),
        stored("line", 0, final_metrics(0.18, 0.2, 0.2, 0.2, 0.51), kind=RunKind.BASELINE),
    ]
    figure = drawn(
        accuracy_balance_figure, summary_of(baselines, repeats("a", [0.2, 0.2], 0.5), repeats("b", [0.22, 0.22], 0.52))
    )
    panel = figure.axes[0]
    assert sorted(text.get_text() for text in panel.texts) == ["a", "b", "far (5.0 at 30)", "line"]
    assert 15 < panel.get_ylim()[0] < 18
    assert 45 < panel.get_xlim()[0] < 50


def test_a_baseline_is_not_on_the_pareto_front():
    """The baseline beats both samplers in both respects; the front joins the samplers alone."""
    baseline = [stored("top", 0, final_metrics(0.9, 0.9, 0.9, 0.9, 0.9), kind=RunKind.BASELINE)]
    figure = drawn(
        accuracy_balance_figure, summary_of(baseline, repeats("a", [0.2, 0.2], 0.6), repeats("b", [0.22, 0.22], 0.5))
    )
    (front,) = [line for line in figure.axes[0].lines if line.get_linestyle() == "--"]
    assert list(front.get_xdata()) == pytest.approx([50, 60])
    assert list(front.get_ydata()) == pytest.approx([22, 20])


def test_a_dataset_without_a_defined_point_has_no_figure_of_balance():
    nothing = summary_of([stored("a", metrics={"test/all/hit_rate_at_10": 0.0})])
    assert drawn(accuracy_balance_figure, nothing) is None
    assert cohort_figure(summary_of([])) is None
    assert drawn(repeat_figure, summary_of([])) is None


def test_every_repeat_is_a_point():
    """Three runs of a, two of b, in two panels; a mean each."""
    figure = drawn(repeat_figure, summary_of(repeats("a", [0.1, 0.2, 0.3], 0.5), repeats("b", [0.2, 0.2], 0.5)))
    for axes in figure.axes:
        assert sorted(len(line.get_xdata()) for line in axes.lines) == [2, 2, 2, 3]


def test_methods_that_were_cut_off_are_marked_in_the_figures():
    metrics = {**final_metrics(0.2, 0.4, 0.2, 0.1, 0.5), "train/cut_off": 1.0}
    summary = summary_of([stored("a", metrics=metrics)], repeats("b", [0.2, 0.2], 0.5))
    labels = [text.get_text() for text in drawn(repeat_figure, summary).axes[0].get_yticklabels()]
    assert labels == ["a †", "b"]
    assert sorted(text.get_text() for text in drawn(accuracy_balance_figure, summary).axes[0].texts) == ["a †", "b"]


def test_the_head_is_four_times_as_well_served_as_the_tail():
    """The builder's head is twice the total, its tail half of it; the other method never hits the tail."""
    no_tail = [stored("b", metrics=final_metrics(0.1, 0.3, 0.1, 0.0, 0.5))]
    figure = drawn(ratio_figure, summary_of(repeats("a", [0.2, 0.3], 0.5), no_tail))
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts == ["4", "no hit in the tail"]


def test_real_differences_are_bold_and_signed_by_row():
    """A is better than b by 2 points, for certain; c differs from a by chance."""

    def pair(a, b, difference, p):
        interval = Interval(difference - 0.01, difference + 0.01)
        return PairedDifference(a, b, "hit_rate", "all", difference, interval, p, p, 1.0, 0.01, 0.01, "repeats")

    summary = summary_of(*(repeats(name, [0.2, 0.3], 0.5) for name in "abc"))
    pairs = (pair("a", "b", 0.02, 0.001), pair("a", "c", 0.01, 0.5), pair("b", "c", -0.01, math.nan))
    figure = difference_figure(replace(summary, statistics=Statistics(differences=pairs)))
    texts = {text.get_text(): text.get_fontweight() for text in figure.axes[0].texts}
    assert texts["+2.00"] == texts["-2.00"] == "bold"
    assert texts["+1.00"] == texts["-1.00"] == "normal"


def test_one_method_has_no_differences_to_draw():
    assert difference_figure(summary_of(repeats("a", [0.2, 0.3], 0.5))) is None


def test_cohorts_are_named_with_their_items():
    card = card_json(popularity=POPULARITY.model_dump())
    summary = summary_of([stored("a", card=card)])
    texts = [text.get_text() for text in popularity_cohort_figure(summary).axes[0].texts]
    assert texts == ["head\n1\n20.0 %", "mid\n2\n40.0 %", "tail\n2\n40.0 %"]


def test_popularity_is_drawn_for_the_logs_whose_cards_know_it():
    known = summary_of([stored("a", card=card_json(popularity=POPULARITY.model_dump()))])
    unknown = summary_of([stored("a", card=card_json())])
    assert len(popularity_figure([known, unknown]).axes[0].lines) == 1
    assert popularity_figure([unknown]) is None
    assert popularity_cohort_figure(unknown) is None


def test_only_settings_that_vary_within_a_sampler_were_searched():
    """The learning rate varies; a's number of negatives and b's differ, but neither was searched; heads are no negatives."""
    trials = [
        replace(
            stored(label, seed, kind=RunKind.TRIAL), params={"learning_rate": rate, "n_negatives": n, "n_heads": rate}
        )
        for label, n in (("a", "10"), ("b", "20"))
        for seed, rate in enumerate(("1", "2"))
    ]
    assert searched_settings(trials) == ["learning_rate"]


def test_pruned_trials_are_hollow_and_failed_ones_are_not_drawn():
    """Four trials of one sampler: two finished, one pruned, one failed."""
    states = [("FINISHED", {}), ("FINISHED", {}), ("KILLED", {Tag.END_REASON: "pruned: at 3"}), ("FAILED", {})]
    trials = [
        replace(
            stored("a", seed, {"valid/all/ndcg_at_10": 0.1}, kind=RunKind.TRIAL, status=status, tags=tags),
            params={"learning_rate": f"0.{seed + 1}"},
        )
        for seed, (status, tags) in enumerate(states)
    ]
    (panel, _) = search_figure(trials, marks_of(["a"], [])).axes
    fills = {line.get_markerfacecolor(): len(line.get_xdata()) for line in panel.lines if line.get_marker() == "o"}
    assert fills == {"#0072B2": 2, "#ffffff": 1}


def test_the_search_shows_what_chose():
    """Trials of a study of the hit rate, whose NDCG is another; where studies differ it is the NDCG of all."""
    metrics = {"valid/all/ndcg_at_10": 0.1, "valid/all/hit_rate_at_10": 0.3}
    trials = [
        replace(stored("a", seed, metrics, kind=RunKind.TRIAL), params={"learning_rate": f"0.{seed + 1}"})
        for seed in range(2)
    ]
    studies = [
        stored("a", kind=RunKind.STUDY, metrics={}, study=name, tags={"nsbench.objective": f"valid/all/{name}_at_10"})
        for name in ("hit_rate", "ndcg")
    ]
    (panel, _) = search_figure([*trials, studies[0]], marks_of(["a"], [])).axes
    assert panel.get_ylabel() == "Validation hit rate at 10, %"
    assert {float(y) for line in panel.lines for y in line.get_ydata()} == {30.0}
    (panel, _) = search_figure([*trials, *studies], marks_of(["a"], [])).axes
    assert panel.get_ylabel() == "Validation NDCG at 10, %"


def test_curves_end_where_half_of_the_repeats_do():
    """Repeats of two and of one validation: thin lines of 2 and 1 points, and a mean of 2."""
    curves = [
        TrainingCurve("a", 0, (MetricPoint(1, 2.0), MetricPoint(2, 1.0)), (MetricPoint(1, 0.1), MetricPoint(2, 0.2))),
        TrainingCurve("a", 1, (MetricPoint(1, 2.0),), (MetricPoint(1, 0.3),)),
    ]
    figure = curve_figure(curves, marks_of(["a"], []))
    drawn_values = [line.get_ydata().tolist() for line in figure.axes[1].lines]
    assert drawn_values == [pytest.approx(values) for values in ([10, 20], [30], [20, 20])]
    assert curve_figure([], {}) is None


def test_factors_are_compared_where_only_they_differ():
    """Two factors with the same other settings are compared; a third run has another learning rate."""

    def run(factor, rate, seconds):
        metrics = {**final_metrics(0.2, 0.2, 0.2, 0.2, 1), "cost/train_s": seconds}
        settings = {"replay_factor": factor, "learning_rate": rate}
        return replace(stored("a", metrics=metrics, minute=int(seconds)), params=settings)

    runs = [run("0.0", "0.1", 30.0), run("2.0", "0.1", 10.0), run("4.0", "0.2", 5.0)]
    summary = summary_of(runs)
    points = replay_points(summary, runs)
    assert points == [ReplayPoint("a", 0.0, 30.0, 0.1, 1), ReplayPoint("a", 2.0, 10.0, 0.1, 1)]
    texts = [text.get_text() for text in replay_figure(points, marks_of(["a"], [])).axes[0].texts]
    assert texts == ["fresh", "2"]
    assert replay_figure([], {}) is None


def test_the_picture_has_at_least_150_dots_an_inch(tmp_path):
    """The figure is 9 inches wide; a PNG's width is the big-endian number at byte 16."""
    save_png(drawn(accuracy_balance_figure, summary_of(repeats("a", [0.2, 0.3], 0.5))), tmp_path / "figure.png")
    (width,) = struct.unpack(">I", (tmp_path / "figure.png").read_bytes()[16:20])
    assert width >= 9 * 150


def test_the_same_runs_give_the_same_drawing():
    assert svg_text(cohort_figure(crowded_summary())) == svg_text(cohort_figure(crowded_summary()))


def test_words_stay_words_in_the_drawing():
    assert ">Adaptive mixed</text>" in svg_text(cohort_figure(crowded_summary()))


@pytest.mark.parametrize("draw", [accuracy_balance_figure, repeat_figure, ratio_figure])
def test_a_drawing_on_a_page_has_its_own_ids_and_no_colour_that_one_ground_hides(draw):
    """Every reference leads to an id of the same drawing."""
    svg = inline_svg(svg_text(drawn(draw, crowded_summary())), "one", "A figure")
    root = ElementTree.fromstring(svg)
    ids = {element.get("id") for element in root.iter() if element.get("id")}
    links = {element.get("href") for element in root.iter() if element.get("href")}
    assert all(name.startswith("one-") for name in ids)
    assert links <= {f"#{name}" for name in ids}
    assert not any(f": {colour}" in svg for colour in ON_DARK)


def test_more_methods_than_colours_still_differ():
    marks = marks_of([f"method {i}" for i in range(12)], baselines=["method 0", "method 1"])
    assert len({(mark.colour, mark.marker, mark.is_hollow) for mark in marks.values()}) == 12


def test_a_method_looks_the_same_on_every_log():
    """Random is the second method of one log and the first of the other."""
    one = summary_of(repeats("Mixed", [0.1], 0.5), repeats("Random", [0.2], 0.5))
    other = summary_of(repeats("Random", [0.2], 0.5))
    assert marks_of_methods([one, other])["Random"] == marks_of_methods([one])["Random"]

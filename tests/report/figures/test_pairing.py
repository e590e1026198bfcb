"""The grid of samplers and losses shows each pairing once, and what is not known as such."""

from dataclasses import replace

from nsbench.report.figures.canvas.style import INK
from nsbench.report.figures.pairing import pairing_figure
from nsbench.report.pairing_grid import pairing_grids, pairing_kind
from nsbench.terms import CUT_OFF
from tests.report.stored_run_builder import of_method, repeats, summary_of, with_exposure


def runs_of(name, rates, loss="bce", model="sasrec", minute=0):
    return of_method(repeats("a", rates, 0.5, first_minute=minute), name, loss, model)


RANDOM = runs_of("random", [0.09, 0.10, 0.11])
MIXED = runs_of("mixed", [0.285, 0.30, 0.315], minute=10)
SOFTMAX = runs_of("mixed+softmax", [0.29, 0.305, 0.32], "softmax", minute=20)
EXACT = runs_of("catalogue+softmax", [0.39, 0.40, 0.41], "softmax", minute=30)


def panels_of(*groups, stacked=False):
    summary = summary_of(*groups)
    (grid,) = pairing_grids(summary)
    return pairing_figure(summary, grid, stacked=stacked).axes


def cells(axes):
    """What stands where: (column, row) -> text."""
    return {text.get_position(): text.get_text() for text in axes.texts}


def test_rows_are_samplers_and_columns_are_losses_and_what_was_not_run_is_empty():
    """The catalogue comes last, the paper's loss first."""
    hit_rate, balance = panels_of(EXACT, RANDOM, MIXED, SOFTMAX)
    assert [label.get_text() for label in hit_rate.get_yticklabels()] == ["Random", "Mixed", "Catalogue"]
    assert [label.get_text() for label in hit_rate.get_xticklabels()] == ["BCE", "softmax"]
    assert cells(hit_rate) == {(0, 0): "10.00", (0, 1): "30.00", (1, 1): "30.50", (1, 2): "40.00"}
    assert set(cells(balance)) == set(cells(hit_rate))


def test_the_yardstick_is_framed_and_the_best_is_bold():
    hit_rate, _ = panels_of(RANDOM, MIXED, SOFTMAX, EXACT)
    (frame,) = [patch for patch in hit_rate.patches if not patch.get_fill() and patch.get_linewidth() > 1]
    assert (round(frame.get_x() + frame.get_width() / 2), round(frame.get_y() + frame.get_height() / 2)) == (1, 2)
    assert frame.get_edgecolor()[:3] == tuple(int(INK[i : i + 2], 16) / 255 for i in (1, 3, 5))
    assert [text.get_text() for text in hit_rate.texts if text.get_fontweight() == "bold"] == ["40.00"]


def test_what_does_not_differ_significantly_from_the_best_is_marked():
    """30.5 and 30 % with deviations of 1.5 points each."""
    assert cells(panels_of(RANDOM, MIXED, SOFTMAX)[0]) == {(0, 0): "10.00", (0, 1): "≈30.00", (1, 1): "30.50"}


def test_single_runs_and_trainings_that_were_cut_off_can_not_be_told_from_the_best():
    cut_off = [replace(run, metrics={**run.metrics, CUT_OFF: 1.0}) for run in RANDOM]
    single = runs_of("popularity", [0.1], minute=40)
    assert cells(panels_of(cut_off, MIXED, SOFTMAX, single)[0]) == {
        (0, 0): "?10.00†",
        (0, 1): "≈30.00",
        (1, 1): "30.50",
        (0, 2): "?10.00",
    }


def test_coverage_has_a_panel_where_runs_recorded_it_and_no_best():
    covered = [with_exposure(runs, [0.2, 0.3, 0.4], 10.0, 0.5) for runs in (RANDOM, SOFTMAX)]
    panels = panels_of(covered[0], MIXED, covered[1])
    assert [axes.get_title(loc="left") for axes in panels] == ["Hit rate at 10, %", "Balance, %", "Coverage, %"]
    assert cells(panels[2]) == {(0, 0): "30.00", (1, 1): "30.00"}
    assert all(text.get_fontweight() == "normal" for text in panels[2].texts)


def test_a_backbone_has_a_grid_of_its_own():
    other = [
        runs_of("random+gru4rec", [0.1, 0.1], model="gru4rec", minute=50),
        runs_of("mixed+softmax+gru4rec", [0.1, 0.1], "softmax", "gru4rec", minute=60),
    ]
    grids = pairing_grids(summary_of(RANDOM, SOFTMAX, *other))
    assert [pairing_kind(grid) for grid in grids] == ["pairings-sasrec", "pairings-gru4rec"]
    assert [grid.model_label for grid in grids] == ["SASRec", "GRU4Rec"]
    assert [row.method.sampler for row in grids[1].rows.values()] == ["random+gru4rec", "mixed+softmax+gru4rec"]


def test_one_sampler_or_one_loss_is_no_grid():
    assert pairing_grids(summary_of(RANDOM, MIXED)) == []
    assert pairing_grids(summary_of(MIXED, SOFTMAX)) == []


def test_panels_can_stand_one_above_the_other():
    first, second = panels_of(RANDOM, MIXED, SOFTMAX, stacked=True)
    assert first.get_position().y0 > second.get_position().y1
    assert cells(first) == cells(panels_of(RANDOM, MIXED, SOFTMAX)[0])

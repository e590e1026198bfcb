"""Every method stands beside exact cross-entropy with its backbone: what it loses, what it saves, and what is decided."""

from dataclasses import replace

import pytest

from nsbench.report.analysis import read_summaries
from nsbench.report.tables.yardstick import yardstick_tables, yardstick_words
from nsbench.terms import N_EPOCHS, RunKind
from nsbench.tracking.stored_run import MetricPoint
from tests.report.made_reader import MadeReader
from tests.report.stored_run_builder import of_method, repeats, stored, summary_of

DEVICE = "nsbench.environment.device"


def runs_of(name, rates, loss="bce", model="sasrec", *, train_s=10.0, n_epochs=5, device="cpu", minute=0):
    runs = of_method(repeats("a", rates, 0.5, first_minute=minute), name, loss, model)
    cost = {"cost/train_cpu_s": train_s, N_EPOCHS: float(n_epochs)}
    return [replace(run, metrics={**run.metrics, **cost}, tags={**run.tags, DEVICE: device}) for run in runs]


MIXED = runs_of("mixed", [0.29, 0.30, 0.31])
EXACT = runs_of("catalogue+softmax", [0.39, 0.40, 0.41], "softmax", train_s=40.0, n_epochs=4, minute=10)


def cells(table):
    return [dict(zip(table.columns, (cell.text for cell in row), strict=True)) for row in table.rows]


def test_a_method_stands_below_the_yardstick_with_its_loss_and_its_price():
    """30 against 40 %: deviations of 1 point, so an error of sqrt(1 / 3 + 1 / 3) = .816 and 2.776 of it for 4 degrees of freedom.

    10 of 40 CPU seconds, and 5 epochs against 4.
    """
    (table,) = yardstick_tables(summary_of(MIXED, EXACT))
    assert table.title == "What sampling loses against exact cross-entropy on demo, SASRec"
    yardstick, mixed = cells(table)
    assert (yardstick["Method"], yardstick["Difference"], yardstick["Verdict"]) == ("Catalogue + softmax", "–", "–")
    assert (mixed["Difference"], mixed["95 % interval"]) == ("-10.00", "[-12.27, -7.73]")
    assert mixed["Verdict"] == "significant"
    assert (yardstick["Relative CPU time"], mixed["Relative CPU time"]) == ("1", "0.25")
    assert mixed["Relative epochs"] == "1.2"


def at_equal_budgets(*groups, histories):
    (summary,) = read_summaries(MadeReader([run for group in groups for run in group], histories=histories), ["demo"])
    return cells(yardstick_tables(summary)[0])


def test_at_equal_budgets_both_are_compared_by_their_validations_until_the_cheaper_one_was_done():
    """Mixed trains 5 epochs in 10 s and reaches .15; in 10 s exact cross-entropy trains 1 of its 4 epochs and reaches .1.

    In 4 epochs, all that exact cross-entropy trained, it reaches .25, and mixed .15 with the third.
    """
    histories = {run.run_id: [0.1, 0.12, 0.15, 0.14, 0.13] for run in MIXED}
    histories |= {run.run_id: [0.1, 0.15, 0.2, 0.25] for run in EXACT}
    yardstick, mixed = at_equal_budgets(MIXED, EXACT, histories=histories)
    assert (yardstick["Valid. NDCG, %"], mixed["Valid. NDCG, %"]) == ("25.00", "15.00")
    assert mixed["At equal epochs"] == "-10.00 (15.00 against 25.00 in 4 epochs)"
    assert mixed["At equal CPU time"] == "+5.00 (15.00 against 10.00 in 10 CPU s)"
    assert (yardstick["At equal epochs"], yardstick["At equal CPU time"]) == ("–", "–")


def test_where_the_yardstick_had_no_validation_by_then_its_first_one_is_the_budget():
    """Exact cross-entropy is validated after each second epoch alone, first after 20 s, when mixed had been done for 10 s."""
    histories = {run.run_id: [0.1, 0.12, 0.15, 0.14, 0.13] for run in MIXED}
    second = {run.run_id: [MetricPoint(2, 0.2), MetricPoint(4, 0.25)] for run in EXACT}
    reader = MadeReader([*MIXED, *EXACT], histories=histories)
    found = reader.histories
    reader.histories = lambda run_ids, name: {
        **found(run_ids, name),
        **{run: second[run] for run in run_ids if run in second},
    }
    (summary,) = read_summaries(reader, ["demo"])
    _, mixed = cells(yardstick_tables(summary)[0])
    assert mixed["At equal CPU time"] == "-5.00 (15.00 against 20.00 in 20 CPU s)"
    assert [cost.equal_cost_s for cost in summary.costs] == [20, 20]
    assert [cost.equal_cost_ndcg for cost in summary.costs] == pytest.approx([0.15, 0.2])


def test_without_validations_there_is_no_equal_budget():
    _, mixed = at_equal_budgets(MIXED, EXACT, histories={run.run_id: [0.1] * 5 for run in MIXED})
    assert (mixed["At equal epochs"], mixed["At equal CPU time"]) == ("–", "–")


def test_on_different_devices_epochs_alone_are_compared():
    other = runs_of("mixed", [0.29, 0.30, 0.31], device="H200")
    histories = {run.run_id: [0.1] * 5 for run in other} | {run.run_id: [0.3] * 4 for run in EXACT}
    _, mixed = at_equal_budgets(other, EXACT, histories=histories)
    assert mixed["At equal epochs"] == "-20.00 (10.00 against 30.00 in 4 epochs)"
    assert mixed["At equal CPU time"] == "–"


def test_seconds_of_different_devices_are_no_multiples_of_each_other():
    (table,) = yardstick_tables(summary_of(runs_of("mixed", [0.3, 0.3], device="H200"), EXACT))
    assert [row["Relative CPU time"] for row in cells(table)] == ["1", "–"]


def test_methods_are_compared_with_their_own_backbone_and_what_is_missing_is_told():
    """GRU4Rec has a method and no yardstick."""
    other = runs_of("mixed+gru4rec", [0.2, 0.2], model="gru4rec", minute=20)
    summary = summary_of(MIXED, EXACT, other)
    (table,) = yardstick_tables(summary)
    assert [row["Method"] for row in cells(table)] == ["Catalogue + softmax", "Mixed"]
    assert yardstick_words(summary)[-1] == (
        "What is lost by sampling is unknown without exact cross-entropy: `nsbench repeat --dataset demo --sampler "
        "catalogue+softmax+gru4rec`, best after `nsbench tune` with the same options, gives it."
    )


def test_runs_that_say_no_cost_have_a_difference_alone():
    runs = of_method(repeats("a", [0.3, 0.3], 0.5), "mixed")
    (table,) = yardstick_tables(summary_of(runs, EXACT))
    assert [row["Relative time"] for row in cells(table)] == ["–", "–"]
    assert cells(table)[1]["Difference"] == "-10.00"


def test_without_the_yardstick_there_is_one_sentence_and_without_methods_none():
    assert yardstick_tables(summary_of(MIXED)) == []
    assert len(yardstick_words(summary_of(MIXED))) == 1
    assert yardstick_words(summary_of([stored("PopRec", kind=RunKind.BASELINE)])) == ()


def test_the_yardstick_alone_has_nothing_beside_it():
    assert yardstick_tables(summary_of(EXACT)) == []
    assert yardstick_words(summary_of(EXACT)) == ()

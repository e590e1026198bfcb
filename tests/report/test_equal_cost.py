"""Costs are means over repeats, and equal cost is the cheapest method's time."""

import math
from dataclasses import replace

import pytest

from nsbench.report.analysis import read_summaries, summary_of_runs
from nsbench.report.tables.evidence import cost_note, cost_table
from nsbench.terms import RunKind
from tests.report.made_reader import MadeReader
from tests.report.stored_run_builder import stored
from tests.tracking.run_builder import final_metrics

DEVICE = "nsbench.environment.device"


def timed(sampler, train_s, n_epochs, *, device="cpu", minute=0, kind=RunKind.REPEAT):
    """Total NDCG of 10 %; 1,000 positives and 5,000 negatives an epoch."""
    cost = {
        "cost/train_s": train_s,
        "cost/evaluate_s": 1.0,
        "cost/n_epochs": n_epochs,
        "cost/n_positives": 1000 * n_epochs,
        "cost/n_negatives_scored": 5000 * n_epochs,
        "cost/peak_memory_bytes": 1e6,
    }
    metrics = {**final_metrics(0.2, 0.2, 0.2, 0.2, 1), **cost}
    return stored(sampler, metrics=metrics, minute=minute, tags={DEVICE: device}, kind=kind)


def test_a_costly_method_is_compared_by_what_it_had_when_the_cheapest_was_done():
    """Cheap: 4 epochs in 40 s. Costly: 4 epochs in 80 s, so 2 epochs in 40 s, of which the first was the better one."""
    runs = [timed("cheap", 40, 4), timed("costly", 80, 4, minute=1)]
    histories = {runs[0].run_id: [0.1, 0.2, 0.3, 0.25], runs[1].run_id: [0.15, 0.12, 0.3, 0.5]}
    cheap, costly = read_summaries(MadeReader(runs, histories=histories), ["demo"])[0].costs
    assert (cheap.equal_cost_s, costly.equal_cost_s) == (40, 40)
    assert (cheap.equal_cost_ndcg, cheap.own_cost_ndcg) == (0.3, 0.3)
    assert (costly.equal_cost_ndcg, costly.own_cost_ndcg) == (0.15, 0.5)


def test_speed_and_accuracy_for_a_minute_follow_from_the_means():
    """4,000 positives in 40 s; an NDCG of 10 points for two thirds of a minute."""
    (row,) = summary_of_runs("demo", [timed("cheap", 40, 4)]).costs
    assert (row.positives_per_s, row.n_negatives_scored, row.devices) == (100, 20_000, ("cpu",))
    assert row.ndcg_per_minute == pytest.approx(15)


def test_seconds_of_different_devices_are_not_compared():
    runs = [timed("a", 40, 4), timed("b", 4, 4, device="H100", minute=1)]
    histories = {run.run_id: [0.1, 0.2, 0.3, 0.4] for run in runs}
    assert all(
        math.isnan(row.equal_cost_ndcg)
        for row in read_summaries(MadeReader(runs, histories=histories), ["demo"])[0].costs
    )


def test_a_baseline_has_no_speed_and_no_equal_cost():
    runs = [timed("list", 0.01, 1, kind=RunKind.BASELINE), timed("a", 40, 4, minute=1)]
    baseline, trained = read_summaries(MadeReader(runs, histories={runs[1].run_id: [0.1] * 4}), ["demo"])[0].costs
    assert math.isnan(baseline.positives_per_s + baseline.ndcg_per_minute)
    assert trained.equal_cost_s == 40


def test_runs_that_say_no_cost_have_none():
    (row,) = summary_of_runs("demo", [stored("a")]).costs
    assert math.isnan(row.train_s)
    assert row.devices == ()


def with_cpu(run, seconds):
    return replace(run, metrics={**run.metrics, "cost/train_cpu_s": seconds})


def test_cpu_seconds_are_compared_where_every_trained_run_has_them():
    """A busy machine: 40 and 400 s by the clock, but 20 and 10 CPU seconds; 4,000 positives are 200 and 400 a CPU second."""
    runs = [with_cpu(timed("a", 40, 4), 20.0), with_cpu(timed("b", 400, 4, minute=1), 10.0)]
    histories = {run.run_id: [0.1, 0.2, 0.3, 0.4] for run in runs}
    (summary,) = read_summaries(MadeReader(runs, histories=histories), ["demo"])
    a, b = summary.costs
    assert (a.clock, a.train_s, a.positives_per_s) == ("cpu", 20, 200)
    assert (b.positives_per_s, b.equal_cost_s) == (400, 10)
    assert (a.equal_cost_ndcg, b.equal_cost_ndcg) == (0.2, 0.4)
    assert {"Training, CPU s", "Positives per CPU s", "Valid. NDCG in 10 CPU s, %"} <= {*cost_table(summary).columns}
    assert "CPU seconds" in cost_note(summary)[0]


def test_the_clock_is_taken_for_all_where_one_run_has_no_cpu_time():
    summary = summary_of_runs("demo", [with_cpu(timed("a", 40, 4), 20.0), timed("b", 400, 4, minute=1)])
    assert [(row.clock, row.train_s) for row in summary.costs] == [("wall", 40), ("wall", 400)]
    assert "Training, s" in cost_table(summary).columns
    assert "by the clock" in cost_note(summary)[0]

"""Costs are means over repeats, and equal cost is the cheapest method's time."""

import math

import pytest

from nsbench.report.reading import read_summaries, summary_of_runs
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

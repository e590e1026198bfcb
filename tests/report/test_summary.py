"""Means and deviations over repeats."""

import math

import pytest

from nsbench.report.summary import Estimate, summarise
from nsbench.terms import balance_name, metric_name
from tests.report.stored_run_builder import repeats, stored, summary_of
from tests.tracking.run_builder import final_metrics


def test_mean_and_deviation_over_three_repeats():
    """Of .1, .2 and .3: mean .2, deviation sqrt((.01 + 0 + .01) / 2) = .1."""
    (row,) = summary_of(repeats("mixed", [0.1, 0.2, 0.3], 0.5)).methods
    hit_rate = row.accuracy("hit_rate")
    assert (hit_rate.mean, hit_rate.sd, hit_rate.n) == (pytest.approx(0.2), pytest.approx(0.1), 3)
    assert row.accuracy("hit_rate", "head").mean == pytest.approx(0.4)
    assert row.accuracy("ndcg").mean == pytest.approx(0.1)


def test_one_run_has_no_deviation_and_no_run_no_mean():
    assert math.isnan(Estimate((0.1,), 1).sd)
    assert math.isnan(Estimate((), 1).mean)


def test_a_metric_undefined_in_one_run_is_averaged_over_the_others():
    """Balance .4 in one run and undefined in the other, where nothing was hit."""
    undefined = {
        name: value
        for name, value in final_metrics(0, 0, 0, 0, 0).items()
        if name != balance_name("test", "hit_rate", 10)
    }
    (row,) = summary_of(
        [stored(seed=0, metrics=final_metrics(0.1, 0.1, 0.1, 0.1, 0.4)), stored(seed=1, metrics=undefined)]
    ).methods
    assert (row.balance("hit_rate").mean, row.balance("hit_rate").n) == (0.4, 1)
    assert row.accuracy("hit_rate").n == 2


def test_cold_hits_are_noticed():
    cold = metric_name("test", "cold", "hit_rate", 10)
    metrics = final_metrics(0.1, 0.1, 0.1, 0.1, 1)
    assert not summary_of([stored(metrics={**metrics, cold: 0.0})]).has_cold_hits
    assert summary_of([stored(metrics={**metrics, cold: 0.01})]).has_cold_hits


def test_an_unreadable_card_is_no_obstacle():
    assert summarise("demo", [stored(card="{}")]).card is None

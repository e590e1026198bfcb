"""Statistics rest on ranks where there are any, on runs where not, and say which."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nsbench.report.analysis import read_summaries, summary_of_runs
from nsbench.terms import RunKind
from tests.report.made_reader import MadeReader, rank_table, ranked, reader_of
from tests.report.stored_run_builder import repeats, stored


def repeats_with_ranks(sampler, hit_rate, n_repeats=5, n_targets=200, first_minute=0):
    generator = np.random.default_rng(len(sampler))
    cohorts = np.arange(n_targets) % 3
    return [
        ranked(sampler, seed, rank_table(generator.random(n_targets) < hit_rate, cohorts), minute=first_minute + seed)
        for seed in range(n_repeats)
    ]


def test_intervals_from_ranks_allow_for_users_and_repeats():
    runs = repeats_with_ranks("good", 0.6) + repeats_with_ranks("bad", 0.3, first_minute=9)
    statistics = read_summaries(reader_of(*runs), ["demo"])[0].statistics
    estimate = statistics.estimate("good", "hit_rate", "all")
    assert (estimate.basis, estimate.n_targets, statistics.n_users) == ("users and repeats", 200, 200)
    assert estimate.interval.holds(estimate.value)
    pair = statistics.difference("good", "bad", "hit_rate", "all")
    assert pair.is_significant
    assert pair.interval.low > 0.2
    assert pair.smallest_detectable > pair.smallest_with_endless_repeats >= 0


def test_the_value_is_the_tables_mean():
    runs = repeats_with_ranks("good", 0.6)
    summary = read_summaries(reader_of(*runs), ["demo"])[0]
    (row,) = summary.methods
    for group in ("all", "head", "mid", "tail"):
        estimate = summary.statistics.estimate("good", "ndcg", group)
        assert estimate.value == pytest.approx(row.accuracy("ndcg", group).mean, abs=1e-7)
    assert summary.statistics.estimate("good", "ndcg", "balance").value == pytest.approx(
        row.balance("ndcg").mean, abs=1e-7
    )


def test_a_pair_seen_from_the_other_side_has_the_opposite_sign():
    runs = repeats_with_ranks("good", 0.6) + repeats_with_ranks("bad", 0.3, first_minute=9)
    statistics = read_summaries(reader_of(*runs), ["demo"])[0].statistics
    there, back = (statistics.difference(*pair, "hit_rate", "all") for pair in (("good", "bad"), ("bad", "good")))
    assert (back.difference, back.interval.low, back.effect_size) == (
        -there.difference,
        -there.interval.high,
        -there.effect_size,
    )


def test_statistics_count_tied_targets_as_the_tables_do():
    """Places 1 to 19 at 10: the hit rate of each target is 10/19, by statistics as by the runs' own metrics."""
    tied = replace(rank_table([True] * 40), ranks=np.full(40, 10.0), n_tied=np.full(40, 19, dtype=np.int32))
    summary = read_summaries(reader_of(*(ranked("tied", seed, tied, minute=seed) for seed in range(3))), ["demo"])[0]
    estimate = summary.statistics.estimate("tied", "hit_rate", "all")
    assert estimate.value == pytest.approx(10 / 19, abs=1e-6)
    assert summary.methods[0].accuracy("hit_rate").mean == pytest.approx(10 / 19)


def test_the_same_runs_give_the_same_statistics():
    reader = reader_of(*repeats_with_ranks("good", 0.6), *repeats_with_ranks("bad", 0.5, first_minute=9))
    assert repr(read_summaries(reader, ["demo"])[0].statistics) == repr(read_summaries(reader, ["demo"])[0].statistics)


def test_without_ranks_the_spread_of_repeats_is_all_there_is_and_the_report_says_so():
    """Hit rates .1, .2 and .3: the mean's error is .1 / sqrt(3), Student's quantile with 2 degrees of freedom 4.303."""
    summary = read_summaries(MadeReader(repeats("a", [0.1, 0.2, 0.3], 0.5)), ["demo"])[0]
    estimate = summary.statistics.estimate("a", "hit_rate", "all")
    assert estimate.basis == "repeats"
    assert estimate.interval.high - estimate.value == pytest.approx(4.303 * 0.1 / math.sqrt(3), abs=1e-3)
    assert summary.statistics.notes == (
        "a: the store lacks the ranks of a run, so intervals and tests rest on the spread of repeats alone and don't allow "
        "for other test users.",
    )


def test_a_method_that_lacks_the_ranks_of_one_run_is_compared_by_repeats():
    runs = repeats_with_ranks("good", 0.6)
    runs += [(run, None) for run, _ in repeats_with_ranks("bad", 0.3, first_minute=9)]
    statistics = read_summaries(reader_of(*runs), ["demo"])[0].statistics
    assert statistics.estimate("good", "hit_rate", "all").basis == "users and repeats"
    assert statistics.estimate("bad", "hit_rate", "all").basis == "repeats"
    pair = statistics.difference("good", "bad", "hit_rate", "all")
    assert (pair.basis, pair.is_significant) == ("repeats", True)
    assert math.isnan(pair.smallest_detectable)


def test_runs_that_ranked_other_targets_are_not_paired():
    runs = [ranked("a", 0, rank_table([True, False])), ranked("b", 0, rank_table([True, False, True]), minute=1)]
    notes = read_summaries(reader_of(*runs), ["demo"])[0].statistics.notes
    assert notes == ("b: a run ranked other test targets than the first one, so it can't be paired by user.",)


def test_one_run_of_each_sampler_is_no_test():
    runs = repeats_with_ranks("good", 0.6, n_repeats=1) + repeats_with_ranks("bad", 0.3, n_repeats=1, first_minute=9)
    statistics = read_summaries(reader_of(*runs), ["demo"])[0].statistics
    assert statistics.estimate("good", "hit_rate", "all").basis == "users"
    pair = statistics.difference("good", "bad", "hit_rate", "all")
    assert (pair.basis, pair.is_significant) == ("users", False)
    assert math.isnan(pair.p_value)


def test_a_popularity_list_needs_no_repeats():
    baseline = [
        (run, ranks)
        for run, ranks in [ranked("PopRec", 0, rank_table([True] * 20 + [False] * 180, np.arange(200) % 3))]
    ]
    baseline = [(stored("PopRec", 0, run.metrics, kind=RunKind.BASELINE), ranks) for run, ranks in baseline]
    runs = baseline + repeats_with_ranks("good", 0.6, first_minute=9)
    statistics = read_summaries(reader_of(*runs), ["demo"])[0].statistics
    assert statistics.estimate("PopRec", "hit_rate", "all").basis == "users and repeats"
    assert statistics.difference("PopRec", "good", "hit_rate", "all").is_significant


def test_a_cohort_without_a_hit_may_still_have_a_small_rate():
    """Of 30 tail targets none is hit: 1 - .025^(1/30) = 11.6 % would look the same in 1 of 40 tests."""
    ranks = rank_table([True] * 30 + [False] * 30, [0] * 30 + [2] * 30)
    statistics = read_summaries(reader_of(ranked("a", 0, ranks), ranked("a", 1, ranks, minute=1)), ["demo"])[
        0
    ].statistics
    interval = statistics.estimate("a", "hit_rate", "tail").interval
    assert (interval.low, interval.high) == (0, pytest.approx(0.1157, abs=1e-4))


def test_p_values_are_corrected_within_a_metric_and_group():
    """Three pairs: the largest of the corrected p-values is at least the largest p-value, the smallest three times its own."""
    runs = [*repeats("a", [0.1, 0.12, 0.11], 0.5), *repeats("b", [0.13, 0.12, 0.14], 0.5, first_minute=9)]
    runs += repeats("c", [0.3, 0.31, 0.32], 0.5, first_minute=19)
    pairs = summary_of_runs("demo", runs).statistics.pairs("hit_rate", "all")
    assert len(pairs) == 3
    smallest = min(pairs, key=lambda pair: pair.p_value)
    assert smallest.p_holm == pytest.approx(3 * smallest.p_value)


def test_undefined_balance_has_no_interval():
    undefined = {"test/all/hit_rate_at_10": 0.0, "test/head/hit_rate_at_10": 0.0}
    summary = summary_of_runs("demo", [stored("a", seed, undefined, minute=seed) for seed in range(3)])
    estimate = summary.statistics.estimate("a", "hit_rate", "balance")
    assert math.isnan(estimate.value)
    assert (estimate.basis, estimate.interval.is_defined) == ("none", False)


def test_nothing_to_compare_has_no_statistics():
    summary = read_summaries(MadeReader([stored(status="RUNNING")]), ["demo"])[0]
    assert summary.statistics.estimates == ()
    assert all(claim.verdict == "undecided" for claim in summary.claims)
    assert summary.costs == ()

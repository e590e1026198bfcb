"""Metrics against hand-worked numbers, the paper's tables and ir_measures."""

import ir_measures
import numpy as np
import pytest
from ir_measures import RR as ReciprocalRank
from ir_measures import Qrel, ScoredDoc, Success, nDCG

from nsbench.evaluation.metrics.balance import balance, gini
from nsbench.evaluation.metrics.exposure import coverage, exposure_metrics_of, recommended_popularity
from nsbench.evaluation.metrics.hit_rate import hits
from nsbench.evaluation.metrics.mrr import reciprocal_ranks
from nsbench.evaluation.metrics.ndcg import discounted_gains
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import Cohort


def table(*rows: tuple[Cohort, float]) -> RankTable:
    """A rank table of one user and item, from (cohort, rank)."""
    n = len(rows)
    cohorts = np.array([cohort for cohort, _ in rows], dtype=np.int8)
    ranks = np.array([rank for _, rank in rows], dtype=np.float64)
    alone = np.ones(n, dtype=np.int32)
    return RankTable(np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int32), cohorts, ranks, alone)


def test_metrics_agree_with_ir_measures() -> None:
    """200 random rankings of 60 items without ties, one relevant item each; ir_measures ranks by the scores itself."""
    generator = np.random.default_rng(0)
    scores = generator.permuted(np.tile(np.arange(60.0), (200, 1)), axis=1)
    targets = generator.integers(0, 60, 200)
    ranks = 1 + (scores > scores[np.arange(200), targets][:, None]).sum(1)
    judged = [Qrel(str(q), str(target), 1) for q, target in enumerate(targets)]
    found = [ScoredDoc(str(q), str(d), float(scores[q, d])) for q in range(200) for d in range(60)]
    measured = ir_measures.calc_aggregate([Success @ 10, nDCG @ 10, ReciprocalRank, ReciprocalRank @ 10], judged, found)
    ours = metrics_of(table(*((Cohort.HEAD, rank) for rank in ranks)), "test", [10])
    assert ours["test/all/hit_rate_at_10"] == pytest.approx(measured[Success @ 10], abs=1e-9)
    assert ours["test/all/ndcg_at_10"] == pytest.approx(measured[nDCG @ 10], abs=1e-9)
    assert ours["test/all/mrr"] == pytest.approx(measured[ReciprocalRank], abs=1e-9)
    assert ours["test/all/mrr_at_10"] == pytest.approx(measured[ReciprocalRank @ 10], abs=1e-9)


def test_the_cut_off_itself_is_a_hit_and_a_mean_rank_half_a_place_after_it_is_none_where_its_places_are_not_known() -> (
    None
):
    """Rank 10 at k 10 is in; 10.5 of an older version's ranks, which don't say how many tied, is out as it was then."""
    assert hits(np.array([10, 10.5], dtype=np.float32), 10).tolist() == [1, 0]
    assert discounted_gains(np.array([10.5], dtype=np.float32), 10).tolist() == [0]


def test_nineteen_tied_candidates_are_hit_at_ten_in_ten_of_nineteen_orders() -> None:
    """Their mean rank is 10; gains at 10 are the first ten of 1 / log2(1 + place), in sum 4.5436, over 19; 1 / place: 3.5477."""
    rank, n_tied = np.array([10.0]), np.array([19], dtype=np.int32)
    assert hits(rank, 10, n_tied) == pytest.approx([10 / 19])
    assert hits(rank, 19, n_tied).tolist() == [1]
    assert discounted_gains(rank, 10, n_tied) == pytest.approx([4.543559 / 19], abs=1e-6)
    assert reciprocal_ranks(rank, n_tied) == pytest.approx([3.547740 / 19], abs=1e-6)


def test_a_tie_over_the_cut_off_counts_in_part_one_before_it_whole_and_one_after_it_not_at_all() -> None:
    """At k 10: places 10 and 11 half, 9 and 10 whole, 11 and 12 none, 8 to 12 three fifths."""
    ranks, n_tied = np.array([10.5, 9.5, 11.5, 10.0]), np.array([2, 2, 2, 5], dtype=np.int32)
    assert hits(ranks, 10, n_tied).tolist() == [0.5, 1, 0, 0.6]


@pytest.mark.parametrize("k", [1, 3, 7, 100])
def test_metrics_are_their_means_over_all_orders_of_the_tied(k: int) -> None:
    """Every number of higher ones up to 6 and of tied ones up to 5, an infinite rank too; each place is looked at alone."""
    cases = [(higher, tied) for higher in range(7) for tied in range(1, 6)]
    ranks = np.array([*(1 + higher + (tied - 1) / 2 for higher, tied in cases), np.inf])
    n_tied = np.array([*(tied for _, tied in cases), 1], dtype=np.int32)
    for metric in (lambda r, n: hits(r, k, n), lambda r, n: discounted_gains(r, k, n), reciprocal_ranks):
        slow = [
            np.mean([metric(np.array([float(place)]), 1)[0] for place in range(higher + 1, higher + tied + 1)])
            for higher, tied in cases
        ]
        assert metric(ranks, n_tied) == pytest.approx([*slow, 0], abs=1e-12)


def test_a_tie_is_exact_in_a_catalogue_that_float32_can_not_number() -> None:
    """30 million places: the first of 29,999,999 tied ones is place 2, so 9 of them are within 10."""
    rank, n_tied = np.array([1 + 1 + (29_999_999 - 1) / 2]), np.array([29_999_999], dtype=np.int32)
    assert hits(rank, 10, n_tied)[0] == pytest.approx(9 / 29_999_999, rel=1e-12)


def test_recorded_metrics_are_those_of_the_ties() -> None:
    """Places 1 to 4: at k 1 a quarter, MRR (1 + 1/2 + 1/3 + 1/4) / 4 = .5208."""
    columns = (np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.int32), np.zeros(1, dtype=np.int8))
    metrics = metrics_of(RankTable(*columns, np.array([2.5]), np.array([4], dtype=np.int32)), "test", [1])
    assert metrics["test/head/hit_rate_at_1"] == metrics["test/all/ndcg_at_1"] == 0.25
    assert metrics["test/all/mrr"] == pytest.approx(25 / 48)


def test_a_mean_rank_whose_places_are_not_known_gains_as_it_is() -> None:
    """Rank 1.5: gain 1 / log2(2.5) = .7565, reciprocal rank 2/3."""
    ranks = np.array([1.5], dtype=np.float32)
    assert discounted_gains(ranks, 10)[0] == pytest.approx(0.7565, abs=5e-5)
    assert reciprocal_ranks(ranks)[0] == pytest.approx(2 / 3)


def test_all_holds_cold_targets_as_misses() -> None:
    """Ranks 1 (head), 2 (tail), infinite (cold): two hits of three in total, none of one among the cold ones."""
    metrics = metrics_of(table((Cohort.HEAD, 1), (Cohort.TAIL, 2), (Cohort.COLD, np.inf)), "test", [10])
    assert metrics["test/all/hit_rate_at_10"] == pytest.approx(2 / 3)
    assert metrics["test/all/mrr"] == pytest.approx(0.5)
    assert metrics["test/cold/hit_rate_at_10"] == 0
    assert [metrics[f"test/{group}/n_targets"] for group in ("all", "head", "mid", "tail", "cold")] == [3, 1, 0, 1, 1]


def test_a_cohort_without_targets_has_no_metrics_and_leaves_no_balance() -> None:
    """No mid target."""
    metrics = metrics_of(table((Cohort.HEAD, 1), (Cohort.TAIL, 2)), "valid", [5])
    assert np.isnan(metrics["valid/mid/ndcg_at_5"])
    assert np.isnan(metrics["valid/mid/mrr"])
    assert np.isnan(metrics["valid/balance_hit_rate_at_5"])


def test_balances_compare_the_cohorts_at_their_cut_off() -> None:
    """Head .5, mid 0, tail 0 at 1: balance 1/3; at 9 head 1, mid 1, tail 0: differences 1 + 1 of mean 2/3, so 1 - 1/3."""
    metrics = metrics_of(table((Cohort.HEAD, 1), (Cohort.HEAD, 5), (Cohort.MID, 5), (Cohort.TAIL, 50)), "test", [1, 9])
    assert metrics["test/balance_hit_rate_at_1"] == pytest.approx(1 / 3)
    assert metrics["test/balance_hit_rate_at_9"] == pytest.approx(2 / 3)


def test_metrics_have_a_name_for_every_group_and_cut_off() -> None:
    """5 groups x (3 metrics x 2 cut-offs + MRR + count) + 3 metrics x 2 balances."""
    metrics = metrics_of(table((Cohort.HEAD, 1)), "test", [1, 10])
    assert len(metrics) == 5 * 8 + 6
    assert {"test/tail/ndcg_at_1", "test/cold/mrr", "test/balance_ndcg_at_10"} <= set(metrics)


@pytest.mark.parametrize(
    ("head", "mid", "tail", "published"),
    [
        (0.030821678232419998, 0.0, 0.0, 0.3333398222095012),
        (0.02933131812991429, 0.0011280579, 0.0, 0.35802955051121255),
    ],
)
def test_balance_is_the_published_one(head: float, mid: float, tail: float, published: float) -> None:
    """The first two of the paper's released runs, by NDCG; theirs adds 1e-7 to each value, which shows in the fifth digit."""
    assert balance(head, mid, tail) == pytest.approx(published, abs=1e-5)


def test_balance_of_a_popularity_ranking_is_a_third() -> None:
    """Table 3 gives PopRec 33.3 on all datasets: only head items are ever hit."""
    assert balance(0.189, 0, 0) == pytest.approx(1 / 3)


def test_balance_of_nothing_is_not_a_number() -> None:
    """All zero: the published code gives 1."""
    assert np.isnan(balance(0, 0, 0))
    assert np.isnan(balance(0.1, float("nan"), 0.1))


def test_gini_is_the_mean_difference_over_twice_the_mean() -> None:
    """1 2 3: the nine ordered pairs differ by 8 in sum, so 8/9 over twice the mean 2."""
    assert gini([3, 1, 2]) == pytest.approx(2 / 9)
    assert np.isnan(gini([]))


def test_exposure_metrics_of_two_lists_of_two() -> None:
    """Lists 1 2 and 1 3 of four items with counts 40 20 20 0: coverage 3/4; popularity (40 + 20 + 40 + 20) / 4 = 30.

    Gini of 2 1 1 0: ordered 0 1 1 2 with weights -3 -1 1 3: 6 / (4 x 4) = .375.
    """
    exposure, counts = np.array([2, 1, 1, 0]), np.array([40, 20, 20, 0])
    assert exposure_metrics_of(exposure, counts, "test", 2) == {
        "test/all/coverage_at_2": 0.75,
        "test/all/recommended_popularity_at_2": 30.0,
        "test/all/exposure_gini_at_2": 0.375,
    }


def test_no_recommendations_have_no_popularity() -> None:
    """Nothing is shown: coverage 0, the rest undefined."""
    nothing = np.zeros(3, dtype=np.int64)
    assert coverage(nothing) == 0
    assert np.isnan(recommended_popularity(nothing, np.ones(3, dtype=np.int64)))
    assert np.isnan(gini(nothing))

"""Metrics from ranks and from exposure, in numpy only, so that the report computes any of them without torch.

A metric of targets is an array as long as the ranks; its mean over a group of targets is what tables show. Every
target is one relevant item. Where its score is that of others, a metric is its mean over all orders of the tied items: the
metric of their mean rank would be all or nothing.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort, balance_name, metric_name


def hits(ranks: NDArray[np.float64], k: int, n_tied: NDArray[np.int32] | int = 1) -> NDArray[np.float64]:
    """Chance that the target is among the first k; the mean is the hit rate at k (also called recall at k).

    1 or 0, but for a target whose tied places lie on both sides of k: the share of them that is within.

    Args:
        ranks: Any shape; 1 is best, the mean of the target's places, infinity is a miss at every k.
        k: The cut-off, at least 1.
        n_tied: The places that the target shares with equal scores, as `RankTable.n_tied`.

    Source: McSherry and Najork, "Computing information retrieval performance measures efficiently in the presence of tied
    scores", ECIR 2008: the mean over all orders of the tied items.

    >>> hits(np.array([1, 3, 4, np.inf]), k=3).tolist()
    [1.0, 1.0, 0.0, 0.0]

    Places 1 to 19, of which 10 count:
    >>> round(float(hits(np.array([10.0]), 10, np.array([19]))[0]), 4)
    0.5263
    """
    ranks, n_tied = np.asarray(ranks, dtype=np.float64), np.asarray(n_tied)
    # A mean rank whose places aren't known counts as it is.
    alone = (ranks <= k).astype(np.float64)
    return np.where(n_tied > 1, np.clip((k - _n_higher(ranks, n_tied)) / n_tied, 0, 1), alone)


def discounted_gains(ranks: NDArray[np.float64], k: int, n_tied: NDArray[np.int32] | int = 1) -> NDArray[np.float64]:
    """1 / log2(1 + place) where the place is at most k, else 0, on average over the target's places; the mean is NDCG at k.

    With one relevant item the ideal ranking's gain is 1, so nothing is left to normalise.

    Args:
        ranks: As in `hits`.
        k: The cut-off, at least 1.
        n_tied: As in `hits`.

    Source: Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002; ties as in `hits`.

    >>> discounted_gains(np.array([1, 3, 7, np.inf]), k=5).tolist()
    [1.0, 0.5, 0.0, 0.0]

    Places 1 to 3, of which 1 and 3 gain 1 and .5; the second one gains .6309:
    >>> round(float(discounted_gains(np.array([2.0]), 5, np.array([3]))[0]), 4)
    0.7103
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    alone = np.where(ranks <= k, 1 / np.log2(1 + ranks), 0.0)
    return _over_places(alone, ranks, n_tied, lambda places: 1 / np.log2(1 + places), k)


def reciprocal_ranks(ranks: NDArray[np.float64], n_tied: NDArray[np.int32] | int = 1) -> NDArray[np.float64]:
    """1 / place on average over the target's places, 0 where the rank is infinite; the mean is MRR, without a cut-off.

    >>> reciprocal_ranks(np.array([1, 2, 4, np.inf])).tolist()
    [1.0, 0.5, 0.25, 0.0]

    Places 1 and 2:
    >>> reciprocal_ranks(np.array([1.5]), np.array([2])).tolist()
    [0.75]
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    return _over_places(1 / ranks, ranks, n_tied, lambda places: 1 / places)


def _n_higher(ranks: NDArray[np.float64], n_tied: NDArray[np.int32]) -> NDArray[np.float64]:
    """Candidates that score higher: the places before the first of the target's."""
    return ranks - 1 - (n_tied - 1) / 2


def _over_places(
    alone: NDArray[np.float64],
    ranks: NDArray[np.float64],
    n_tied: NDArray[np.int32] | int,
    gain: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    k: int | None = None,
) -> NDArray[np.float64]:
    """The mean gain over each target's places up to k; `alone` where it has one."""
    n_tied = np.broadcast_to(n_tied, ranks.shape)
    tied = n_tied > 1
    if not tied.any():
        return alone
    first = _n_higher(ranks[tied], n_tied[tied]).round().astype(np.int64)
    last = first + n_tied[tied]
    k = int(last.max()) if k is None else k
    sums = np.concatenate([[0.0], np.cumsum(gain(np.arange(1.0, k + 1)))])
    found = alone.copy()
    found[tied] = (sums[np.minimum(last, k)] - sums[np.minimum(first, k)]) / n_tied[tied]
    return found


def gini(values: Sequence[float] | NDArray[np.float64] | NDArray[np.int64]) -> float:
    """How unequal n non-negative values are: 0 when all are equal, 1 - 1/n when one of them has everything.

    The mean absolute difference of two values drawn with replacement, over twice the mean. Not a number when there are
    no values, when one is not a number, or when all are zero.

    >>> gini([2, 2, 2])
    0.0
    >>> gini([0, 0, 0, 8])
    0.75
    >>> gini([0, 0])
    nan
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    n, total = len(ordered), float(ordered.sum())
    if n == 0 or total == 0:
        return float("nan")
    return float(np.dot(2 * np.arange(1, n + 1) - n - 1, ordered) / (n * total))


def balance(head: float, mid: float, tail: float) -> float:
    """1 - Gini of a metric's three cohort values: 1 when all are served alike, 1/3 when only one is served at all.

    Not a number when all are zero or when a cohort has no target. The published code gives 1 when all are zero, and
    adds 1e-7 to every value.

    Source: paper, eq. 8, of hit rates; the published code also uses it of NDCG.

    >>> balance(0.2, 0.2, 0.2), round(balance(0.5, 0, 0), 4), round(balance(0.3, 0.2, 0.1), 4)
    (1.0, 0.3333, 0.7778)
    """
    return 1 - gini([head, mid, tail])


def coverage(exposure: NDArray[np.int64]) -> float:
    """Share of the candidates that at least one list holds.

    Args:
        exposure: Lists that hold the item, one entry for each candidate.

    >>> coverage(np.array([5, 0, 1, 0]))
    0.5
    """
    return float(np.mean(exposure > 0)) if len(exposure) else float("nan")


def recommended_popularity(exposure: NDArray[np.int64], train_counts: NDArray[np.int64]) -> float:
    """Training interactions of a recommended item, on average over all places in all lists.

    Args:
        exposure: Lists that hold the item; not a number when there are no lists.
        train_counts: Training interactions of the same items.

    Source: "average recommendation popularity", Yin et al., "Challenging the long tail recommendation", VLDB 2012; our
    mean is over places instead of over users, which is the same where all lists are equally long.

    >>> recommended_popularity(np.array([3, 1]), np.array([100, 20]))
    80.0
    """
    total = int(exposure.sum())
    return float(np.dot(exposure, train_counts) / total) if total else float("nan")


def metrics_of(ranks: RankTable, split: str, cutoffs: Sequence[int]) -> dict[str, float]:
    """Hit rate and NDCG at each cut-off, MRR and number of targets by group, and the balances.

    Args:
        ranks: All targets of the split. The group "all" holds every one of them, cold ones as misses.
        split: "valid" or "test", the first part of the names.
        cutoffs: The values of k.

    Returns:
        By full name (`nsbench.terms.metric_name`); not a number for a group without targets.

    >>> columns = ([7, 7], [1, 9], [Cohort.HEAD, Cohort.TAIL], [1.0, 8.0], [1, 1])
    >>> table = RankTable(*(np.array(column) for column in columns))
    >>> metrics = metrics_of(table, "test", [5])
    >>> metrics["test/all/hit_rate_at_5"], metrics["test/head/hit_rate_at_5"], metrics["test/tail/mrr"]
    (0.5, 1.0, 0.125)
    """
    metrics: dict[str, float] = {}
    per_target = {("hit_rate", k): hits(ranks.ranks, k, ranks.n_tied) for k in cutoffs}
    per_target |= {("ndcg", k): discounted_gains(ranks.ranks, k, ranks.n_tied) for k in cutoffs}
    reciprocal = reciprocal_ranks(ranks.ranks, ranks.n_tied)
    for group, members in _groups(ranks):
        metrics[metric_name(split, group, "n_targets")] = float(members.sum())
        metrics[metric_name(split, group, "mrr")] = _mean(reciprocal[members])
        for (metric, k), values in per_target.items():
            metrics[metric_name(split, group, metric, k)] = _mean(values[members])
    for metric, k in per_target:
        head, mid, tail = (metrics[metric_name(split, cohort.label, metric, k)] for cohort in BALANCED_COHORTS)
        metrics[balance_name(split, metric, k)] = balance(head, mid, tail)
    return metrics


def exposure_metrics_of(
    exposure: NDArray[np.int64], train_counts: NDArray[np.int64], split: str, k: int
) -> dict[str, float]:
    """Coverage, average recommendation popularity and Gini of lists of length k.

    Args:
        exposure: Lists that hold each candidate (`nsbench.evaluation.exposure.exposure_of`), padding left out.
        train_counts: Training interactions of the same items.
        split: "valid" or "test", the first part of the names.
        k: Length of the lists.
    """
    return {
        metric_name(split, ALL, "coverage", k): coverage(exposure),
        metric_name(split, ALL, "recommended_popularity", k): recommended_popularity(exposure, train_counts),
        metric_name(split, ALL, "exposure_gini", k): gini(exposure),
    }


def _groups(ranks: RankTable) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """All targets, then those of each cohort."""
    yield ALL, np.ones(len(ranks), dtype=np.bool_)
    for cohort in Cohort:
        yield cohort.label, ranks.cohorts == cohort


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")

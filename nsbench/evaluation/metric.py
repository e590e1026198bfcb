"""Metrics from ranks and from exposure, in numpy only, so that the report computes any of them without torch.

A metric of targets is an array as long as the ranks; its mean over a group of targets is what tables show. Every
target is one relevant item.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import ALL, BALANCED_COHORTS, Cohort, balance_name, metric_name


def hits(ranks: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """1 where the target is among the first k, else 0; the mean is the hit rate at k (also called recall at k).

    Args:
        ranks: Any shape; 1 is best, a mean rank over ties may be fractional, infinity is a miss at every k.
        k: The cut-off, at least 1.

    >>> hits(np.array([1, 3, 4, np.inf]), k=3).tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    return (np.asarray(ranks) <= k).astype(np.float64)


def discounted_gains(ranks: NDArray[np.float32], k: int) -> NDArray[np.float64]:
    """1 / log2(1 + rank) where the rank is at most k, else 0; the mean is NDCG at k.

    With one relevant item the ideal ranking's gain is 1, so nothing is left to normalise.

    Args:
        ranks: As in `hits`.
        k: The cut-off, at least 1.

    Source: Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002.

    >>> discounted_gains(np.array([1, 3, 7, np.inf]), k=5).tolist()
    [1.0, 0.5, 0.0, 0.0]
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    return np.where(ranks <= k, 1 / np.log2(1 + ranks), 0.0)


def reciprocal_ranks(ranks: NDArray[np.float32]) -> NDArray[np.float64]:
    """1 / rank, 0 where the rank is infinite; the mean is MRR, without a cut-off.

    >>> reciprocal_ranks(np.array([1, 2, 4, np.inf])).tolist()
    [1.0, 0.5, 0.25, 0.0]
    """
    return 1 / np.asarray(ranks, dtype=np.float64)


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

    >>> table = RankTable(*(np.array(column) for column in ([7, 7], [1, 9], [Cohort.HEAD, Cohort.TAIL], [1.0, 8.0])))
    >>> metrics = metrics_of(table, "test", [5])
    >>> metrics["test/all/hit_rate_at_5"], metrics["test/head/hit_rate_at_5"], metrics["test/tail/mrr"]
    (0.5, 1.0, 0.125)
    """
    metrics: dict[str, float] = {}
    per_target = {("hit_rate", k): hits(ranks.ranks, k) for k in cutoffs}
    per_target |= {("ndcg", k): discounted_gains(ranks.ranks, k) for k in cutoffs}
    for group, members in _groups(ranks):
        metrics[metric_name(split, group, "n_targets")] = float(members.sum())
        metrics[metric_name(split, group, "mrr")] = _mean(reciprocal_ranks(ranks.ranks[members]))
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

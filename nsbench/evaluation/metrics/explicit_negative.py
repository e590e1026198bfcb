"""Metrics of the ranks of explicit negatives: the lower, the better, but for the share of pairs in the right order."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.metrics.hit_rate import HIT_RATE
from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import EXPLICIT_NEGATIVES, PREFERRED_SHARE, metric_name


def negative_metrics_of(
    negatives: RankTable, positives: RankTable, split: str, cutoffs: Sequence[int]
) -> dict[str, float]:
    """The metrics by full name; not a number without negatives.

    Args:
        negatives: Ranks of explicit negatives.
        positives: Ranks of the targets of the same time.
        split: "test", the first part of the names.
        cutoffs: The values of k.
    """
    metrics = {metric_name(split, EXPLICIT_NEGATIVES, "n_targets"): float(len(negatives))}
    for k in cutoffs:
        hits = HIT_RATE.per_target(negatives.ranks, k, negatives.n_tied)
        metrics[metric_name(split, EXPLICIT_NEGATIVES, HIT_RATE.name, k)] = _mean(hits)
    metrics[metric_name(split, EXPLICIT_NEGATIVES, PREFERRED_SHARE)] = preferred_share(
        positives.users, positives.ranks, negatives.users, negatives.ranks
    )
    return metrics


def preferred_share(
    users: NDArray[np.int64],
    ranks: NDArray[np.float64],
    negative_users: NDArray[np.int64],
    negative_ranks: NDArray[np.float64],
) -> float:
    """Share of a user's pairs of a positive and a negative in which the positive ranks higher, on average over the users.

    A pair of equal ranks counts a half. Of random rankings it is .5 on average. Users weigh alike, however many pairs they
    have; those without a positive or without a negative don't count. Not a number where none is left.

    Args:
        users: int64[n], the user of each positive.
        ranks: float64[n], its rank; 1 is best.
        negative_users: int64[m], the user of each negative.
        negative_ranks: float64[m].

    Source: the area under the ROC curve by user ("GAUC" of Zhu et al., "Optimized cost per click in Taobao display
    advertising", KDD 2017, which weighs users by their number of impressions).

    User 7 has positives at 1 and 9 and a negative at 4: one pair of two; user 8 a positive at 3 and negatives at 5 and 3:
    1.5 pairs of two; user 9 has no negative:
    >>> preferred_share(np.array([7, 7, 8, 9]), np.array([1.0, 9.0, 3.0, 2.0]), np.array([7, 8, 8]), np.array([4.0, 5.0, 3.0]))
    0.625
    """
    known = np.intersect1d(users, negative_users)
    if not len(known):
        return float("nan")
    order, code = np.unique(np.concatenate([ranks, negative_ranks]), return_inverse=True)
    keys = np.concatenate([users, negative_users]) * len(order) + code
    positive, negative = keys[: len(users)], np.sort(keys[len(users) :])
    mine, own = np.isin(users, known), users * len(order)
    # Of the negatives of the same user, those that rank lower, and half of those that rank the same.
    after = np.searchsorted(negative, own + len(order))
    lower = after - (np.searchsorted(negative, positive, "left") + np.searchsorted(negative, positive, "right")) / 2
    number = after - np.searchsorted(negative, own)
    row = np.searchsorted(known, users[mine])
    shares = np.bincount(row, weights=(lower[mine] / number[mine])) / np.bincount(row)
    return float(shares.mean())


def _mean(values: NDArray[np.float64]) -> float:
    return float(values.mean()) if len(values) else float("nan")

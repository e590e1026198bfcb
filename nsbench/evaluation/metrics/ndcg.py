"""Normalised discounted cumulative gain at k."""

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.metrics.rank_metric import RankMetric, mean_over_places


def discounted_gains(ranks: NDArray[np.float64], k: int, n_tied: NDArray[np.int32] | int = 1) -> NDArray[np.float64]:
    """1 / log2(1 + place) where the place is at most k, else 0, on average over the target's places; the mean is NDCG at k.

    With one relevant item the ideal ranking's gain is 1, so nothing is left to normalise.

    Args:
        ranks: As in `hit_rate.hits`.
        k: The cut-off, at least 1.
        n_tied: As in `hit_rate.hits`.

    Source: Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002; ties as in `hit_rate.hits`.

    >>> discounted_gains(np.array([1, 3, 7, np.inf]), k=5).tolist()
    [1.0, 0.5, 0.0, 0.0]

    Places 1 to 3, of which 1 and 3 gain 1 and .5; the second one gains .6309:
    >>> round(float(discounted_gains(np.array([2.0]), 5, np.array([3]))[0]), 4)
    0.7103
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    alone = np.where(ranks <= k, 1 / np.log2(1 + ranks), 0.0)
    return mean_over_places(lambda places: 1 / np.log2(1 + places), alone, ranks, n_tied, k)


NDCG = RankMetric("ndcg", "NDCG", "NDCG", discounted_gains)

"""Mean reciprocal rank, at k and without a cut-off."""

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.metrics.rank_metric import RankMetric, mean_over_places


def reciprocal_ranks(ranks: NDArray[np.float64], n_tied: NDArray[np.int32] | int = 1) -> NDArray[np.float64]:
    """1 / place on average over the target's places, 0 where the rank is infinite; the mean is MRR, without a cut-off.

    >>> reciprocal_ranks(np.array([1, 2, 4, np.inf])).tolist()
    [1.0, 0.5, 0.25, 0.0]

    Places 1 and 2:
    >>> reciprocal_ranks(np.array([1.5]), np.array([2])).tolist()
    [0.75]
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    return mean_over_places(lambda places: 1 / places, 1 / ranks, ranks, n_tied)


def reciprocal_ranks_at(ranks: NDArray[np.float64], k: int, n_tied: NDArray[np.int32] | int = 1) -> NDArray[np.float64]:
    """1 / place where the place is at most k, else 0, on average over the target's places; the mean is MRR at k.

    Args:
        ranks: As in `hit_rate.hits`.
        k: The cut-off, at least 1.
        n_tied: As in `hit_rate.hits`.

    Source: Voorhees, "The TREC-8 question answering track report", 1999, there with k = 5; ties as in `hit_rate.hits`.

    >>> reciprocal_ranks_at(np.array([1, 2, 4, np.inf]), k=3).tolist()
    [1.0, 0.5, 0.0, 0.0]

    Places 2 and 3, of which the first counts:
    >>> reciprocal_ranks_at(np.array([2.5]), 2, np.array([2])).tolist()
    [0.25]
    """
    ranks = np.asarray(ranks, dtype=np.float64)
    alone = np.where(ranks <= k, 1 / ranks, 0.0)
    return mean_over_places(lambda places: 1 / places, alone, ranks, n_tied, k)


MRR = RankMetric("mrr", "MRR", "MRR", reciprocal_ranks_at, in_full=reciprocal_ranks)

"""Mean reciprocal rank."""

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.metrics.rank_metric import mean_over_places


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

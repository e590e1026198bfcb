"""Hit rate at k."""

import numpy as np
from numpy.typing import NDArray

from nsbench.evaluation.metrics.rank_metric import RankMetric, n_higher


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
    return np.where(n_tied > 1, np.clip((k - n_higher(ranks, n_tied)) / n_tied, 0, 1), alone)


HIT_RATE = RankMetric("hit_rate", "Hit rate", "HR", hits)

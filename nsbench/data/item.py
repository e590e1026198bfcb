"""Cohorts of items by their training popularity."""

import numpy as np
from numpy.typing import NDArray

from nsbench.terms import Cohort


def cohorts_of(train_counts: NDArray[np.int64]) -> NDArray[np.int8]:
    """The popularity cohort of every item.

    Args:
        train_counts: int64[n_items + 1], training interactions by item id; entry 0 is padding; falling from entry 1 on.

    Returns:
        int8[n_items + 1] of `Cohort` values; padding is -1; items without a training interaction are cold.

    Source: paper, section 4.3; the rule (cumulative share including the item itself, below 1/3 head, below 2/3 mid,
    else tail) is the published code's. We break ties by item id, and count cold items apart.

    Shares below: .3, .6, .8, 1.
    >>> cohorts_of(np.array([0, 3, 3, 2, 2, 0])).tolist()
    [-1, 0, 1, 2, 2, 3]
    """
    cohorts = np.full(len(train_counts), Cohort.COLD, dtype=np.int8)
    cumulative = np.cumsum(train_counts)
    total = int(cumulative[-1])
    seen = train_counts > 0
    # Whole numbers: 3 * c < total is exact where c / total < 1 / 3 is not.
    cohorts[seen] = np.where(
        3 * cumulative[seen] < total, Cohort.HEAD, np.where(3 * cumulative[seen] < 2 * total, Cohort.MID, Cohort.TAIL)
    )
    cohorts[0] = -1
    return cohorts

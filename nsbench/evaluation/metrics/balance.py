"""How evenly cohorts, or items, are served."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


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

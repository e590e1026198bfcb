"""Stretches of a flat array as the indices that they hold."""

import numpy as np
from numpy.typing import NDArray


def ranges(start: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers start[0]..start[0] + lengths[0] - 1, then those from start[1] on, and so on.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.cumsum(lengths) - lengths
    return np.repeat(start - before, lengths) + np.arange(int(lengths.sum()), dtype=np.int64)

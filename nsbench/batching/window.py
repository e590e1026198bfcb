"""Windows of users' histories: what the rows of batches are cut from."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import Dataset
from nsbench.tensors.index_range import ranges


@dataclass(frozen=True)
class Windows:
    """The stretches of training history that are trained on; each is a row of a batch.

    Attributes:
        users: int64[n_windows].
        start: int64[n_windows], absolute index of the first input.
        lengths: int64[n_windows], number of targets; at least 1.
    """

    users: NDArray[np.int64]
    start: NDArray[np.int64]
    lengths: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.users)

    @property
    def n_to_longest(self) -> int:
        """So many windows together have about as many targets as the longest one; at least 1."""
        return round(float(self.lengths.max() / self.lengths.mean()))

    def target_index(self) -> NDArray[np.int64]:
        """int64[n_targets], absolute index of every target of every window, window after window."""
        return ranges(self.start + 1, self.lengths)


def windows_of(dataset: Dataset, max_length: int, windows: Literal["last", "all"] = "last") -> Windows:
    """The training windows of every user with at least two training interactions.

    Args:
        dataset: The prepared log.
        max_length: Most targets in a window.
        windows: "last": one window a user, of the last `max_length` targets (SASRec); "all": the whole history, cut into
            windows of `max_length` targets from its end.
    """
    n_targets = np.maximum(dataset.train_end - dataset.offsets[:-1] - 1, 0)
    n_windows = np.minimum(n_targets, 1) if windows == "last" else -(-n_targets // max_length)
    users = np.repeat(np.arange(dataset.n_users, dtype=np.int64), n_windows)
    back = np.arange(len(users)) - np.repeat(np.cumsum(n_windows) - n_windows, n_windows)
    last = n_targets[users] - back * max_length
    lengths = np.minimum(last, max_length)
    return Windows(users, dataset.offsets[:-1][users] + last - lengths, lengths)

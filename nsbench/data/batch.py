"""The users of one training step: which items go in, which one comes next.

A user's row holds the last `max_length` targets of the training history, as in SASRec: position t sees the items up to
t and is asked for item t + 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset


@dataclass(frozen=True)
class UserBatch:
    """The users of one step, longest first, padded on the right with 0.

    Attributes:
        users: int64[batch], user numbers.
        lengths: int64[batch], real positions of each row; falling.
        inputs: int64[batch, length], the items that the model sees.
        targets: int64[batch, length], the item after each; 0 where padded.
    """

    users: Tensor
    lengths: Tensor
    inputs: Tensor
    targets: Tensor

    @property
    def n_positives(self) -> int:
        """Real positions in the batch."""
        return int(self.lengths.sum())


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


def ranges(start: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numbers start[0]..start[0] + lengths[0] - 1, then those from start[1] on, and so on.

    >>> ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.cumsum(lengths) - lengths
    return np.repeat(start - before, lengths) + np.arange(int(lengths.sum()), dtype=np.int64)


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


class BatchSource:
    """Cuts shuffled passes over the windows into batches.

    One replica's order: the generator is its own, so it doesn't depend on other replicas.
    """

    def __init__(
        self,
        dataset: Dataset,
        windows: Windows,
        batch_size: int,
        device: torch.device,
        user_order: Literal["shuffled", "with_replacement"] = "shuffled",
    ) -> None:
        """Prepares to cut batches of `batch_size` windows, the last one of a pass smaller."""
        self._item_ids = dataset.item_ids
        self._windows = windows
        self._batch_size = min(batch_size, len(windows))
        self._device = device
        self._user_order = user_order

    @property
    def n_batches(self) -> int:
        """Steps in a pass."""
        if self._user_order == "with_replacement":
            return len(self._windows) // self._batch_size
        return -(-len(self._windows) // self._batch_size)

    @property
    def mean_positives(self) -> float:
        """Real positions of a step, on average."""
        return float(self._windows.lengths.mean()) * self._batch_size

    def epoch(self, rng: np.random.Generator) -> Iterator[UserBatch]:
        """One pass: every window once in random order, or as many draws with replacement (the published code)."""
        n_windows = len(self._windows)
        if self._user_order == "with_replacement":
            order = rng.integers(n_windows, size=self.n_batches * self._batch_size)
        else:
            order = rng.permutation(n_windows)
        for first in range(0, len(order), self._batch_size):
            yield self._batch(order[first : first + self._batch_size])

    def _batch(self, rows: NDArray[np.int64]) -> UserBatch:
        rows = rows[np.argsort(-self._windows.lengths[rows], kind="stable")]
        lengths = self._windows.lengths[rows]
        real = np.arange(int(lengths[0])) < lengths[:, None]
        index = ranges(self._windows.start[rows], lengths)
        inputs, targets = (np.zeros(real.shape, dtype=np.int64) for _ in range(2))
        inputs[real], targets[real] = self._item_ids[index], self._item_ids[index + 1]
        parts = (self._windows.users[rows], lengths, inputs, targets)
        return UserBatch(*(torch.from_numpy(part).to(self._device) for part in parts))

"""The users of one training step: which items go in, which one comes next.

A user's row holds the last `max_length` targets of the training history, as in SASRec: position t sees the items up to
t and is asked for item t + 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.batching.epoch import EpochUsers, UserOrder, n_batches_of, n_rows_of
from nsbench.batching.window import Windows
from nsbench.data.dataset import Dataset
from nsbench.tensors.device import to_device
from nsbench.tensors.index_range import ranges

N_TRIED, MAX_TRIED_ROWS = 4_000, 4_000_000
"""Random batches that `BatchSampler.static_lengths` looks at, and the rows in all of them: a third of a second at most."""

ROWS_BEFORE = 2
"""Each row has as much room as the one so many rows before it needed: to have that need is rarer than to need more."""


@dataclass(frozen=True)
class UserBatch:
    """The users of one step, longest first, padded on the right with 0.

    On a GPU it may hold several replicas' users, one replica after the other, as many of each and each longest first.

    Attributes:
        users: int64[batch], user numbers.
        lengths: int64[batch], real positions of each row; falling within a replica.
        inputs: int64[batch, length], the items that the model sees.
        targets: int64[batch, length], the item after each; 0 where padded.
        n_replicas: Whose users these are.
        lengths_on_host: The lengths once more: reading them there waits for no device. None: on the device only.
    """

    users: Tensor
    lengths: Tensor
    inputs: Tensor
    targets: Tensor
    n_replicas: int = 1
    lengths_on_host: NDArray[np.int64] | None = None

    @cached_property
    def known_lengths(self) -> NDArray[np.int64]:
        """int64[replicas, rows], the lengths on the host."""
        lengths = self.lengths.cpu().numpy() if self.lengths_on_host is None else self.lengths_on_host
        return lengths.reshape(self.n_replicas, -1)

    def replicas(self) -> list["UserBatch"]:
        """Each replica's own batch, sharing memory."""
        if self.n_replicas == 1:
            return [self]

        def own(tensor: Tensor) -> Tensor:
            return tensor.view(self.n_replicas, -1, *tensor.shape[1:])

        parts = zip(
            own(self.users), own(self.lengths), own(self.inputs), own(self.targets), self.known_lengths, strict=True
        )
        return [
            UserBatch(users, lengths, inputs, targets, 1, known) for users, lengths, inputs, targets, known in parts
        ]

    @property
    def n_positives(self) -> int:
        """Real positions in the batch."""
        return int(self.known_lengths.sum())


class BatchSampler:
    """Cuts shuffled passes over the windows into batches.

    One replica's order: the generator is its own, so it doesn't depend on other replicas.
    """

    def __init__(
        self,
        dataset: Dataset,
        windows: Windows,
        batch_size: int,
        device: torch.device,
        user_order: UserOrder = "shuffled",
        epoch_users: EpochUsers = "trained",
    ) -> None:
        """Prepares to cut batches of `batch_size` windows, the last one of a shuffled epoch smaller."""
        self._item_ids = dataset.item_ids
        self._windows = windows
        self._n_rows = n_rows_of(windows.users, dataset.n_users, epoch_users)
        self._batch_size = min(batch_size, self._n_rows)
        self._device = device
        self._user_order = user_order

    @property
    def n_windows(self) -> int:
        """Rows of a pass over all windows."""
        return len(self._windows)

    @property
    def n_batches(self) -> int:
        """Steps in an epoch."""
        return n_batches_of(self._n_rows, self._batch_size, self._user_order)

    @property
    def mean_positives(self) -> float:
        """Real positions of a step, on average."""
        return float(self._windows.lengths.mean()) * self._batch_size

    def epoch(self, rng: np.random.Generator) -> Iterator[UserBatch]:
        """The batches of one epoch."""
        for chosen in self.orders(rng):
            yield self.batch(chosen[None])

    def orders(self, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
        """int64[rows], the windows of each batch of an epoch.

        Every window comes once in random order, or as many are drawn with replacement (the published code). Where an epoch
        has more rows than there are windows, further shuffled passes fill it.
        """
        n_windows = len(self._windows)
        if self._user_order == "with_replacement":
            order = rng.integers(n_windows, size=self.n_batches * self._batch_size)
        else:
            passes = [rng.permutation(n_windows) for _ in range(-(-self._n_rows // n_windows))]
            order = np.concatenate(passes)[: self._n_rows]
        for first in range(0, len(order), self._batch_size):
            yield order[first : first + self._batch_size]

    def batch(self, chosen: NDArray[np.int64]) -> UserBatch:
        """Cuts a batch.

        Args:
            chosen: int64[replicas, rows], the windows of each replica; on a CPU of one.
        """
        windows, lengths = self.in_order(chosen)
        if self._device.type == "cpu":
            return self._cut_here(windows.ravel(), lengths.ravel(), len(chosen))
        return self.cut_on_device(to_device(windows, self._device), lengths)

    def in_order(self, chosen: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The windows of each replica, int64[replicas, rows], longest first; and their lengths, of the same shape."""
        lengths = self._windows.lengths[chosen]
        falling = np.argsort(-lengths, axis=1, kind="stable")
        replica = np.arange(len(chosen))[:, None]
        return chosen[replica, falling], lengths[replica, falling]

    def static_lengths(self) -> NDArray[np.int64]:
        """int64[batch_size], falling: what hardly any batch has a longer row than, its rows longest first.

        The longest that N_TRIED random batches had ROWS_BEFORE rows earlier: of 4,000 others, of 64 to 256 users of five logs, at
        most .1 % had a longer one somewhere; of 20 side by side, at most one in 50.
        """
        n_tried = max(1, min(N_TRIED, MAX_TRIED_ROWS // self._batch_size))
        rng = np.random.default_rng(0)
        tried = rng.choice(self._windows.lengths, size=(n_tried, self._batch_size))
        tried.sort(axis=1)
        longest = np.full(self._batch_size, self._windows.lengths.max())
        longest[ROWS_BEFORE:] = tried.max(0)[::-1][: max(0, self._batch_size - ROWS_BEFORE)]
        return longest

    def _cut_here(self, rows: NDArray[np.int64], lengths: NDArray[np.int64], n_replicas: int) -> UserBatch:
        real = np.arange(int(lengths[0])) < lengths[:, None]
        index = ranges(self._windows.start[rows], lengths)
        inputs, targets = (np.zeros(real.shape, dtype=np.int64) for _ in range(2))
        inputs[real], targets[real] = self._item_ids[index], self._item_ids[index + 1]
        users, lengths_here, inputs_here, targets_here = map(
            torch.from_numpy, (self._windows.users[rows], lengths, inputs, targets)
        )
        return UserBatch(users, lengths_here, inputs_here, targets_here, n_replicas, lengths)

    def cut_on_device(self, chosen: Tensor, lengths: NDArray[np.int64]) -> UserBatch:
        """Cuts a batch on a GPU, which has the log: only windows' numbers travel, and rows are as wide as the longest of all.

        Args:
            chosen: int64[replicas, rows], windows as `in_order` gives them.
            lengths: int64[replicas, rows], theirs.
        """
        log, windows = self._on_device, chosen.view(-1)
        lengths_on_device = log.lengths.index_select(0, windows)
        place = torch.arange(log.width, device=self._device)
        real = place < lengths_on_device[:, None]
        index = (log.start.index_select(0, windows)[:, None] + place) * real
        inputs, targets = (log.item_ids[index + ahead].long() * real for ahead in (0, 1))
        users = log.users.index_select(0, windows)
        return UserBatch(users, lengths_on_device, inputs, targets, len(chosen), lengths.ravel())

    @cached_property
    def _on_device(self) -> "_LogOnDevice":
        windows = self._windows
        users, start, lengths, item_ids = (
            torch.from_numpy(part).to(self._device)
            for part in (windows.users, windows.start, windows.lengths, np.array(self._item_ids))
        )
        return _LogOnDevice(users, start, lengths, item_ids, int(windows.lengths.max()))


@dataclass(frozen=True)
class _LogOnDevice:
    """Windows and interactions where batches are cut: 4 bytes an interaction and 24 a window."""

    users: Tensor
    start: Tensor
    lengths: Tensor
    item_ids: Tensor
    width: int

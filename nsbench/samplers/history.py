"""Which items a user has had, as a lookup for many (user, item) pairs at once."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nsbench.data.batch import ranges
from nsbench.data.dataset import Dataset


@dataclass(frozen=True)
class UserHistory:
    """Each user's distinct training items, sorted.

    Attributes:
        item_ids: int64[n_pairs + 1], the users' sorted distinct items one after the other; the last entry is a guard.
        offsets: int64[n_users + 1]; user u's items are item_ids[offsets[u]:offsets[u + 1]].
        n_steps: Halvings that a binary search needs in the longest history.
    """

    item_ids: Tensor
    offsets: Tensor
    n_steps: int

    def contains(self, users: Tensor, item_ids: Tensor) -> Tensor:
        """Whether each item is in its user's history.

        Args:
            users: int64, user numbers; broadcast against `item_ids`.
            item_ids: int64.

        Returns:
            bool, of the broadcast shape.

        A binary search inside the user's own stretch: its steps depend on the longest history, not on the log.
        """
        low, high = self.offsets[users], self.offsets[users + 1]
        shape = torch.broadcast_shapes(low.shape, item_ids.shape)
        low, high, wanted = (part.expand(shape).contiguous() for part in (low, high, item_ids))
        end = high
        for _ in range(self.n_steps):
            middle = (low + high) >> 1
            below = (self.item_ids[middle] < wanted) & (low < high)
            low = torch.where(below, middle + 1, low)
            high = torch.where(below, high, middle)
        found: Tensor = (low < end) & (self.item_ids[low] == wanted)
        return found

    def mass(self, probabilities: Tensor) -> Tensor:
        """The probability of each user's history under a distribution over items.

        Args:
            probabilities: float64[n_items + 1].

        Returns:
            float64[n_users].
        """
        running = torch.zeros(len(self.item_ids), dtype=torch.float64, device=self.item_ids.device)
        running[1:] = torch.cumsum(probabilities[self.item_ids[:-1]], 0)
        return running[self.offsets[1:]] - running[self.offsets[:-1]]


def history_of(dataset: Dataset, device: torch.device, last_targets: int | None = None) -> UserHistory:
    """The training histories of all users.

    Args:
        dataset: The prepared log.
        device: Where lookups will happen.
        last_targets: Only the last so many training targets of each user count, as in the published code; all by default.
    """
    start = dataset.offsets[:-1]
    if last_targets is not None:
        start = np.maximum(start + 1, dataset.train_end - last_targets)
    lengths = np.maximum(dataset.train_end - start, 0)
    users = np.repeat(np.arange(dataset.n_users, dtype=np.int64), lengths)
    pairs = users * (dataset.n_items + 1) + np.asarray(dataset.item_ids)[ranges(start, lengths)]
    pairs = np.unique(pairs)
    offsets = np.searchsorted(pairs, np.arange(dataset.n_users + 1, dtype=np.int64) * (dataset.n_items + 1))
    item_ids = np.append(pairs % (dataset.n_items + 1), 0)
    longest = int(np.diff(offsets).max(initial=0))
    return UserHistory(
        torch.from_numpy(item_ids).to(device),
        torch.from_numpy(offsets.astype(np.int64)).to(device),
        longest.bit_length(),
    )

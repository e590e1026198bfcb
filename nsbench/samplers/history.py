"""Which items a user has had, as a lookup for many (user, item) pairs at once."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nsbench.data.batch import ranges
from nsbench.data.dataset import Dataset

FILTER_SHARE = 8
"""Places of the filter for each (user, item) pair: one lookup in eight that finds nothing is looked into in vain."""

MAX_FILTER_BITS = 27
"""The filter takes 128 MiB at most; a larger log is looked up more often in vain, and as exactly."""

_HASH = -7046029254386353131
"""2 ** 64 over the golden ratio, as a signed number: products with it spread over the high bits (Knuth, volume 3, 6.4)."""


@dataclass(frozen=True)
class UserHistory:
    """Each user's distinct training items.

    Attributes:
        pairs: int64[n_pairs + 1], user * stride + item, rising; the last entry is a guard above them all.
        offsets: int64[n_users + 1]; user u's pairs are pairs[offsets[u]:offsets[u + 1]].
        stride: n_items + 1.
        maybe: bool[2 ** bits], True wherever a pair of the log hashes to; empty: every pair is searched for.
    """

    pairs: Tensor
    offsets: Tensor
    stride: int
    maybe: Tensor

    def contains(self, users: Tensor, item_ids: Tensor) -> Tensor:
        """Whether each item is in its user's history.

        Args:
            users: int64, user numbers; broadcast against `item_ids`.
            item_ids: int64.

        Returns:
            bool, of the broadcast shape.

        On a CPU most pairs are ruled out by one look into a hashed filter; the rest are searched for.
        """
        wanted = users * self.stride + item_ids
        if len(self.maybe) == 0:
            return self._search(wanted)
        flat = wanted.view(-1)
        found = self.maybe.index_select(0, _places(flat, len(self.maybe)))
        suspects = found.nonzero().squeeze(1)
        found.index_copy_(0, suspects, self._search(flat.index_select(0, suspects)))
        return found.view_as(wanted)

    def _search(self, wanted: Tensor) -> Tensor:
        places = torch.searchsorted(self.pairs, wanted)
        return self.pairs.index_select(0, places.view(-1)).view_as(wanted) == wanted

    def mass(self, probabilities: Tensor) -> Tensor:
        """The probability of each user's history under a distribution over items.

        Args:
            probabilities: float64[n_items + 1].

        Returns:
            float64[n_users].
        """
        running = torch.zeros(len(self.pairs), dtype=torch.float64, device=self.pairs.device)
        running[1:] = torch.cumsum(probabilities[self.pairs[:-1] % self.stride], 0)
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
    stride = dataset.n_items + 1
    distinct = np.unique(users * stride + np.asarray(dataset.item_ids)[ranges(start, lengths)])
    offsets = np.searchsorted(distinct, np.arange(dataset.n_users + 1, dtype=np.int64) * stride)
    pairs = torch.from_numpy(np.append(distinct, np.iinfo(np.int64).max)).to(device)
    return UserHistory(pairs, torch.from_numpy(offsets.astype(np.int64)).to(device), stride, _filter(pairs[:-1]))


def _filter(pairs: Tensor) -> Tensor:
    if pairs.device.type != "cpu":
        return torch.empty(0, dtype=torch.bool, device=pairs.device)
    bits = min((FILTER_SHARE * max(len(pairs), 1) - 1).bit_length(), MAX_FILTER_BITS)
    return torch.zeros(2**bits, dtype=torch.bool).index_fill_(0, _places(pairs, 2**bits), True)


def _places(pairs: Tensor, size: int) -> Tensor:
    """int64, where pairs are in a filter of `size`, a power of 2."""
    return (pairs * _HASH >> (64 - size.bit_length() + 1)) & (size - 1)

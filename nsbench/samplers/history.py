"""Which items a user has had, as a lookup for many (user, item) pairs at once."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.batch import ranges
from nsbench.data.dataset import Dataset

BITS_A_PAIR = 64
"""Bits of the filter for each (user, item) pair: one lookup in 64 that finds nothing is looked into in vain."""

MAX_BITS = 1 << 30
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
        seen: The pairs once more, as a filter that rules most others out, or all of them.
    """

    pairs: Tensor
    offsets: Tensor
    stride: int
    seen: "PairFilter"

    def contains(self, users: Tensor, item_ids: Tensor) -> Tensor:
        """Whether each item is in its user's history.

        Args:
            users: int64, user numbers; broadcast against `item_ids`.
            item_ids: int64.

        Returns:
            bool, of the broadcast shape.
        """
        wanted = users * self.stride + item_ids
        found = self.seen.may_hold(wanted.view(-1))
        if not self.seen.is_exact:
            suspects = found.nonzero().squeeze(1)
            found.index_copy_(0, suspects, self._search(wanted.view(-1).index_select(0, suspects)))
        return found.view_as(wanted)

    def _search(self, wanted: Tensor) -> Tensor:
        places = torch.searchsorted(self.pairs, wanted)
        return self.pairs.index_select(0, places) == wanted

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
    seen = pair_filter(distinct, dataset.n_users * stride, device)
    return UserHistory(pairs, torch.from_numpy(offsets.astype(np.int64)).to(device), stride, seen)


@dataclass(frozen=True)
class PairFilter:
    """A bit for each pair: its own where a dense log leaves room for that, else the one that it hashes to.

    Attributes:
        bits: uint8[size / 8], 1 wherever a pair of the log is.
        is_exact: Whether each bit belongs to one pair.
    """

    bits: Tensor
    is_exact: bool

    def may_hold(self, pairs: Tensor) -> Tensor:
        """bool[n], False for pairs that are not in the log; True for those that are, and where bits are shared some more.

        Args:
            pairs: int64[n].
        """
        places = pairs if self.is_exact else _hashed(pairs, 8 * len(self.bits))
        bits = self.bits.index_select(0, places >> 3) >> (places & 7).to(torch.uint8)
        return (bits & 1).bool()


def pair_filter(pairs: NDArray[np.int64], n_possible: int, device: torch.device) -> PairFilter:
    """The filter of some pairs.

    Args:
        pairs: int64[n], distinct, in 0..n_possible - 1.
        n_possible: Pairs that there could be.
        device: Where lookups will happen.
    """
    size = max(8, min(1 << (BITS_A_PAIR * len(pairs)).bit_length(), MAX_BITS))
    is_exact = n_possible <= size
    places = pairs if is_exact else _hashed(torch.from_numpy(pairs), size).numpy()
    bits = np.zeros(-(-n_possible // 8) if is_exact else size // 8, dtype=np.uint8)
    np.bitwise_or.at(bits, places >> 3, (1 << (places & 7)).astype(np.uint8))
    return PairFilter(torch.from_numpy(bits).to(device), is_exact)


def _hashed(pairs: Tensor, size: int) -> Tensor:
    """int64, where pairs are in a filter of `size` bits, a power of 2."""
    return (pairs * _HASH >> (64 - size.bit_length() + 1)) & (size - 1)

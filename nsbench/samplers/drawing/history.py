"""Which items a user has had, as a lookup for many (user, item) pairs at once."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset
from nsbench.tensors.index_range import ranges

BITS_A_PAIR = 64
"""Bits of the filter for each (user, item) pair: one lookup in 64 that finds nothing is looked into in vain."""

LOOKUPS_A_PAIR = 6
"""To look for an item that a user had among others takes as long as so many lookups of others among those that were had."""

PLACES_AN_ITEM = 16
"""Places for each shared item in the table in which those that were had are looked for: one in 16 is found in vain."""

ROWS_A_USER = 8
"""To compare so many rows of shared items with one that was had takes about as long as to look a row up for each user."""

MAX_BITS = 1 << 30
"""The filter takes 128 MiB at most; a larger log is looked up more often in vain, and as exactly."""

_Pairs = TypeVar("_Pairs", Tensor, NDArray[np.int64])

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
        if wanted.device.type != "cpu" and not self.seen.is_exact:
            # How many the filter leaves to look for would have to be waited for.
            return self._search(wanted.view(-1)).view_as(wanted)
        found = self.seen.may_hold(wanted.view(-1))
        if not self.seen.is_exact:
            suspects = found.nonzero().squeeze(1)
            found.index_copy_(0, suspects, self._search(wanted.view(-1).index_select(0, suspects)))
        return found.view_as(wanted)

    def shared(self, users: Tensor, item_ids: Tensor, users_per_row: int = 1, n_replicas: int = 1) -> Tensor:
        """Which of the items that some users share is in the history of each.

        Args:
            users: int64[batch].
            item_ids: int64[ceil(batch / users_per_row), n]; row i is that of the users from i * users_per_row on, counted
                within each replica.
            users_per_row: How many users share a row.
            n_replicas: Whose users these are, one replica after the other.

        Returns:
            bool[batch, n].
        """
        # A bit of each pair's own is as quick as a lookup can be.
        if users.device.type == "cpu" and not self.seen.is_exact:
            met = self._met(users.numpy(), item_ids.numpy(), users_per_row)
            if met is not None:
                return torch.from_numpy(met)
        if users_per_row == 1:
            return self.contains(users[:, None], item_ids)
        by_replica = item_ids.view(n_replicas, -1, item_ids.shape[1]).repeat_interleave(users_per_row, 1)
        return self.contains(users[:, None], by_replica[:, : len(users) // n_replicas].flatten(0, 1))

    def _met(
        self, users: NDArray[np.int64], item_ids: NDArray[np.int64], users_per_row: int
    ) -> NDArray[np.bool_] | None:
        """As `shared`, from the other side: the few items that were had are looked for among the many that are shared.

        None where they are so many that this would take longer.
        """
        pairs, offsets = self.pairs.numpy(), self.offsets.numpy()
        n_had = offsets[users + 1] - offsets[users]
        if n_had.sum() * LOOKUPS_A_PAIR > len(users) * item_ids.shape[1]:
            return None
        place = np.repeat(np.arange(len(users)), n_had)  # [items that were had]
        row, had = place // users_per_row, pairs[ranges(offsets[users], n_had)] % self.stride
        # (row, item) pairs that are shared, hashed: a miss is certain, and a hit is looked at again.
        size = 1 << (PLACES_AN_ITEM * item_ids.size).bit_length()
        is_there = np.zeros(size, dtype=bool)
        is_there[_hashed(np.arange(len(item_ids))[:, None] * self.stride + item_ids, size)] = True
        suspects = np.flatnonzero(is_there[_hashed(row * self.stride + had, size)])
        if len(suspects) > ROWS_A_USER * len(users):
            return None
        # numpy finds the places of a flat array several times as fast as those of a table.
        hits = np.flatnonzero(item_ids[row[suspects]] == had[suspects, None])
        suspect, column = np.divmod(hits, item_ids.shape[1])
        met = np.zeros((len(users), item_ids.shape[1]), dtype=bool)
        met[place[suspects[suspect]], column] = True
        return met

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
        running[1:] = torch.cumsum(
            probabilities[self.pairs[:-1] % self.stride], 0
        )  # [n_pairs], below each user's offset
        return running[self.offsets[1:]] - running[self.offsets[:-1]]

    def total(self, users: Tensor, counts: Tensor) -> Tensor:
        """The sum of whole numbers over the history of each of some users, which takes as long as these have histories.

        Args:
            users: int64[batch].
            counts: int64[n_items + 1].

        Returns:
            int64[batch].
        """
        start, n_had = self.offsets[users], self.offsets[users + 1] - self.offsets[users]
        row = torch.arange(len(users), device=users.device).repeat_interleave(n_had)
        place = torch.arange(len(row), device=users.device) + (start - n_had.cumsum(0) + n_had)[row]
        return counts.new_zeros(len(users)).index_add_(0, row, counts[self.pairs[place] % self.stride])


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
    return _items_between(dataset, start, dataset.train_end, device)


def validation_items_of(dataset: Dataset, device: torch.device) -> UserHistory:
    """The items of each user's validation interactions: what a user takes next, which training doesn't know.

    Args:
        dataset: The prepared log.
        device: Where lookups will happen.
    """
    return _items_between(dataset, dataset.train_end, dataset.valid_end, device)


def _items_between(
    dataset: Dataset, start: NDArray[np.int64], end: NDArray[np.int64], device: torch.device
) -> UserHistory:
    """The distinct items of each user's interactions start..end - 1."""
    lengths = np.maximum(end - start, 0)
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
    places = pairs if is_exact else _hashed(pairs, size)
    bits = np.zeros(-(-n_possible // 8) if is_exact else size // 8, dtype=np.uint8)
    np.bitwise_or.at(bits, places >> 3, (1 << (places & 7)).astype(np.uint8))
    return PairFilter(torch.from_numpy(bits).to(device), is_exact)


def _hashed(pairs: _Pairs, size: int) -> _Pairs:
    """int64, where pairs are in a filter of `size` bits, a power of 2."""
    return (pairs * _HASH >> (64 - size.bit_length() + 1)) & (size - 1)

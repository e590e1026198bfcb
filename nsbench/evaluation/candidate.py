"""Which items a ranking holds, and how the catalogue is scored for them in blocks of bounded size."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset, Histories
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.shard import EvaluationShard
from nsbench.tensors.index_range import ranges

HOST_BLOCK_BYTES = 4 << 20
"""Bytes of scores held at once on a CPU: comparing them then reads from cache, not from memory."""

DEVICE_BLOCK_BYTES = 256 << 20
"""Bytes of scores held at once on a GPU, where large blocks hide the launches."""

MIN_ROWS = 256
"""Histories in a block at least: with fewer, the product reads the item table more often than it pays."""


@dataclass(frozen=True)
class Candidates:
    """The items that are ranked: ids 1..n_items, those of the history excepted where `exclude_seen`."""

    n_items: int
    exclude_seen: bool


def candidates_of(dataset: Dataset, settings: EvaluationSettings) -> Candidates:
    """The candidates that the settings ask for, the dataset's card having its say on seen items.

    Cold items are candidates only where they count as tail.
    """
    n_items = dataset.n_items if settings.cold_items == "tail" else dataset.n_candidates
    return Candidates(n_items, settings.seen_items_of(dataset.card) == "exclude")


@dataclass(frozen=True)
class BlockShape:
    """How many histories and items are scored at once."""

    n_rows: int
    n_items: int

    def stretches(self, places: range, lowest: int = 0, highest: int = 0) -> list[tuple[int, int]]:
        """Some places of the catalogue as (first, end) of blocks.

        Args:
            places: Where the items are.
            lowest: The places lowest..highest lie in one block, if one can hold them; blocks then begin there.
            highest: At least `lowest`.

        >>> BlockShape(n_rows=2, n_items=4).stretches(range(1, 7))
        [(1, 5), (5, 7)]
        >>> BlockShape(n_rows=2, n_items=4).stretches(range(1, 10), lowest=4, highest=6)
        [(1, 4), (4, 8), (8, 10)]
        """
        first, end = places.start, places.stop
        begin = max(min(lowest, end - self.n_items), first) if highest - lowest < self.n_items else first
        bounds = [*range(first, begin, self.n_items), *range(begin, end, self.n_items), end]
        return list(pairwise(bounds))


def block_shape(device: torch.device, n_items: int) -> BlockShape:
    """The block for a catalogue on a device: all items at once as long as that leaves MIN_ROWS rows."""
    n_scores = (HOST_BLOCK_BYTES if device.type == "cpu" else DEVICE_BLOCK_BYTES) // 4
    n_rows = max(MIN_ROWS, n_scores // n_items)
    return BlockShape(n_rows, min(n_items, n_scores // n_rows))


@dataclass(frozen=True)
class SeenItems:
    """The items of some histories as (row, place) pairs; an item that a history repeats comes more than once.

    Attributes:
        rows: int64[n_pairs], the history's row.
        places: int32[n_pairs], where the item is; -1 where another process scores it.
    """

    rows: NDArray[np.int64]
    places: NDArray[np.int32]

    @classmethod
    def of(
        cls, histories: Histories, chosen: NDArray[np.int64], candidates: Candidates, shard: EvaluationShard
    ) -> "SeenItems":
        """What the chosen histories leave out of their ranking: nothing where seen items stay.

        Args:
            histories: All histories.
            chosen: int64[n_rows], which of them; row r is history chosen[r].
            candidates: Says whether seen items are left out.
            shard: Says where items are.
        """
        start, end = histories.start[chosen], histories.end[chosen]
        lengths = (end - start) * candidates.exclude_seen
        rows = np.repeat(np.arange(len(chosen)), lengths)
        return cls(rows, shard.places_of(np.asarray(histories.item_ids[ranges(start, lengths)])))

    def hide(self, scores: Tensor, first: int) -> None:
        """Sets the scores [n_rows, n] of the places first..first + n - 1 to minus infinity where seen, in place."""
        inside = (self.places >= first) & (self.places < first + scores.shape[1])
        if not inside.any():
            return
        rows = torch.from_numpy(self.rows[inside]).to(scores.device)
        columns = torch.from_numpy(self.places[inside].astype(np.int64) - first).to(scores.device)
        scores[rows, columns] = -torch.inf

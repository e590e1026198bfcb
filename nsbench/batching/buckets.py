"""How the rows of a step lie in memory: rectangles of users of similar length, so that little padding is computed.

Rows come longest first. Consecutive rows form a block, padded to the longest of them on the right; a causal model never
lets padding on the right reach a real position, so no mask is needed. What works position by position sees one flat
axis of all blocks; scoring, and attention in evaluation, see each block as a rectangle, without copying. In training the encoder
has the same order, or rows end to end where that saves much (`nsbench.batching.packing`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.batching.packed_positions import Standing, standing
from nsbench.batching.packing import packed
from nsbench.device import uploaded
from nsbench.index_range import ranges

BLOCK_COST = 48.0
"""What one more block costs on a CPU, in positions: its share of calls against the padding that it saves. Replicas that
take a step in the same kernels share a block's calls, and each has its padding."""

GPU_BLOCK_COST = 192.0
"""The same on a GPU, where calls are all that a small block takes, however many replicas there are."""


LEAST_SAVED = 0.15
"""Rows stand end to end for the encoder where that saves so large a share of its positions, calls included: to change their order
and to mask other rows costs about as much."""


@dataclass(frozen=True)
class Block:
    """Rows first_row..first_row + n_rows - 1 as a rectangle; its positions start at `first_position` of the flat axis."""

    first_row: int
    n_rows: int
    first_position: int
    length: int

    @property
    def end_row(self) -> int:
        """The row after the last one."""
        return self.first_row + self.n_rows

    @property
    def positions(self) -> slice:
        """Where the block lies on the flat axis."""
        return slice(self.first_position, self.first_position + self.n_rows * self.length)

    def split(self, n_rows: int) -> Iterator["Block"]:
        """The same rows in parts of n_rows each, the last one of what is left.

        >>> [(b.first_row, b.n_rows, b.first_position) for b in Block(first_row=2, n_rows=5, first_position=9, length=4).split(2)]
        [(2, 2, 9), (4, 2, 17), (6, 1, 25)]
        """
        for done in range(0, self.n_rows, n_rows):
            first_position = self.first_position + done * self.length
            yield Block(self.first_row + done, min(n_rows, self.n_rows - done), first_position, self.length)


def blocks_of(lengths: NDArray[np.int64], block_cost: float, n_together: int = 1) -> tuple[Block, ...]:
    """Cuts falling row lengths into blocks so that padding plus the cost of the blocks is least.

    Args:
        lengths: int64[n_rows], falling, at least 1; n_rows is a multiple of n_together.
        block_cost: What each block costs, in positions.
        n_together: So many neighbouring rows, counted from the first, stay in one block.

    Two rows of 100 and two of 1: two blocks, since padding the short ones would cost 198 positions.
    >>> [(b.n_rows, b.length) for b in blocks_of(np.array([100, 100, 1, 1]), block_cost=48)]
    [(2, 100), (2, 1)]
    """
    values, counts = np.unique(-lengths[::n_together], return_counts=True)
    values = -values
    ends = n_together * np.concatenate([[0], np.cumsum(counts)])
    bounds = _cheapest_cuts(values.tolist(), ends.tolist(), block_cost)
    blocks: list[Block] = []
    position = 0
    for start, end in pairwise(bounds):
        block = Block(int(ends[start]), int(ends[end] - ends[start]), position, int(values[start]))
        blocks.append(block)
        position += block.n_rows * block.length
    return tuple(blocks)


def _cheapest_cuts(values: Sequence[int], ends: Sequence[int], block_cost: float) -> list[int]:
    """Where in `ends` blocks begin and end.

    Args:
        values: The different row lengths, falling.
        ends: Rows before those of each length, and all rows.
        block_cost: What each block costs, in positions.
    """
    # least[j]: of the rows before ends[j]; the last block of these starts at cut[j]. In plain Python: numpy takes three
    # times as long for lists as short as these.
    least, cut = [0.0], [0]
    for end in ends[1:]:
        costs = [before + (end - start) * value for before, start, value in zip(least, ends, values, strict=False)]
        cheapest = min(costs)
        least.append(cheapest + block_cost)
        cut.append(costs.index(cheapest))
    bounds = [len(values)]
    while bounds[-1] > 0:
        bounds.append(cut[bounds[-1]])
    return bounds[::-1]


@final
@dataclass(frozen=True)
class Layout:
    """Where rows lie, whatever stands in them.

    Attributes:
        longest: int64[n_rows], positions that each row takes at most, at least 1; falling.
        blocks: Row i has as many positions in its block as the longest row there.
        row: int64[n_positions], the row of each position of the blocks.
        column: int64[n_positions], the position within its row.
        call_cost: What a rectangle more costs a replica, in positions.
    """

    longest: NDArray[np.int64]
    blocks: tuple[Block, ...]
    row: Tensor
    column: Tensor
    call_cost: float

    @cached_property
    def standing(self) -> Standing | None:
        """How rows stand end to end; None where that saves too little, be it even all padding and all calls but one shelf's."""
        n_at_most = int(self.longest.sum())
        n_in_blocks, n_blocks = self.blocks[-1].positions.stop, len(self.blocks)
        if n_in_blocks - n_at_most + (n_blocks - 1) * self.call_cost < LEAST_SAVED * n_at_most:
            return None
        packing = packed(self.longest, self.call_cost)
        n_saved = n_in_blocks - packing.n_positions + (n_blocks - len(packing.shelves)) * self.call_cost
        if n_saved < LEAST_SAVED * n_at_most:
            return None
        begins = [block.first_position + np.arange(block.n_rows) * block.length for block in self.blocks]
        return standing(self.longest, packing, np.concatenate(begins), n_in_blocks, self.row.device)


def layout_of(longest: NDArray[np.int64], n_replicas: int, device: torch.device, n_together: int = 1) -> Layout:
    """The cheapest layout of rows.

    Args:
        longest: int64[n_rows], positions that each row takes at most, at least 1; falling.
        n_replicas: How many have rows of these lengths.
        device: Where the step is taken.
        n_together: So many neighbouring rows, counted from the first, stay in one block; rows of 1 fill up the last of them.
    """
    if len(longest) % n_together:
        longest = np.append(longest, np.ones(-len(longest) % n_together, dtype=np.int64))
    call_cost = BLOCK_COST / n_replicas if device.type == "cpu" else GPU_BLOCK_COST
    blocks = blocks_of(longest, call_cost, n_together)
    # Row and column of each position are made by numpy: many small steps, each with less overhead than torch's.
    widths = np.repeat([block.length for block in blocks], [block.n_rows for block in blocks])
    row = np.repeat(np.arange(len(longest)), widths)
    column = ranges(np.zeros(len(longest), dtype=np.int64), widths)
    return Layout(longest, blocks, uploaded(row, device), uploaded(column, device), call_cost)

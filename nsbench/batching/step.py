"""One training step: the replicas' users, in one layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import UserBatch
from nsbench.batching.buckets import Block, Layout, layout_of
from nsbench.batching.packed_positions import OnShelves, Places, Rows, as_blocks, end_to_end
from nsbench.batching.packing import Shelf


@dataclass(frozen=True)
class Joined:
    """The rows of all processes that take a step together, as one process would have them.

    Attributes:
        lengths: int64[replicas, n_joined_rows], as `Step.lengths`.
        n_drawn: As of `Step`.
        own: Which of these rows are those of the step at hand.
    """

    lengths: Tensor
    n_drawn: tuple[int, ...]
    own: slice


@final
@dataclass(frozen=True)
class Step:
    """One step of several replicas in the same blocks, so that they run in the same kernels.

    Attributes:
        batches: The replicas' own users.
        rows: What stands in their rows; row i of a replica belongs to its user i.
        layout: Where the rows lie, those of all replicas alike.
        n_positives: Real positions of each replica.
        n_drawn: So many positions each replica draws random numbers for; at least as many.
        part_of: What the step is a part of; None: of nothing, it is the whole.
    """

    batches: tuple[UserBatch, ...]
    rows: Rows
    layout: Layout
    n_positives: tuple[int, ...]
    n_drawn: tuple[int, ...]
    part_of: Joined | None = None

    @property
    def joined(self) -> Joined:
        """What the step is a part of, or itself."""
        return self.part_of or Joined(self.rows.lengths, self.n_drawn, slice(None))

    @property
    def device(self) -> torch.device:
        """Where the step is taken."""
        return self.rows.lengths.device

    @property
    def blocks(self) -> tuple[Block, ...]:
        """Shared by the replicas."""
        return self.layout.blocks

    @cached_property
    def places(self) -> Places:
        """Of the positions of the blocks."""
        return Places(self.rows.lengths, self.layout.row, self.layout.column)

    def split(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """The blocks' parts of a tensor [replicas, n_positions, ...].

        One split, not a slice a block: its gradient is one concatenation instead of a sum of padded tensors.
        """
        parts: tuple[Tensor, ...] = torch.split(tensor, [block.n_rows * block.length for block in self.blocks], 1)
        return parts

    @cached_property
    def inputs(self) -> Tensor:
        """int64[replicas, n_positions], in the order of the blocks; 0 where padded."""
        return self.rows.inputs_at(self.places.row, self.places.column)

    def positions(self, *, packs_rows: bool) -> OnShelves:
        """The positions as an encoder has them.

        Args:
            packs_rows: Whether the encoder may have rows end to end.
        """
        return self.on_shelves if packs_rows else self.in_buckets

    @cached_property
    def on_shelves(self) -> OnShelves:
        """The positions once more, as the encoder has them in training."""
        if self.layout.standing is not None:
            return end_to_end(self.rows, self.layout.standing)
        return self.in_buckets

    @cached_property
    def in_buckets(self) -> OnShelves:
        """The positions of the blocks as an encoder has them that can't have rows end to end."""
        shelves = (Shelf(block.n_rows, block.length, block.first_position, False) for block in self.blocks)
        return as_blocks(self.rows, self.places, tuple(shelves))


def step_of(batches: Sequence[UserBatch], n_together: int = 1, layout: Layout | None = None) -> Step:
    """Lays the replicas' batches out in shared blocks.

    Args:
        batches: One a replica, or one of several; on one device; replicas may differ in rows and lengths.
        n_together: So many neighbouring rows, counted from the first, stay in one block; rows without a position fill up
            the last of them.
        layout: In which the rows lie, none of which is longer than it has room for; None: the cheapest one.
    """
    n_positives = tuple(int(total) for batch in batches for total in batch.known_lengths.sum(1))
    if layout is None:
        layout = layout_of(_longest(batches), len(n_positives), batches[0].lengths.device, n_together)
    n_rows, width = len(layout.longest), max(int(layout.longest[0]), *(batch.inputs.shape[1] for batch in batches))
    inputs, targets = (
        _joined([_rows(part, batch, n_rows, width) for part, batch in zip(parts, batches, strict=True)])
        for parts in ([batch.inputs for batch in batches], [batch.targets for batch in batches])
    )
    lengths = _joined([_rows(batch.lengths[:, None], batch, n_rows, 1)[..., 0] for batch in batches])
    return Step(tuple(batches), Rows(lengths, inputs, targets), layout, n_positives, n_positives)


def n_rows_of(batches: Sequence[UserBatch]) -> int:
    """Rows of the replica that has most."""
    return max(len(lengths) for batch in batches for lengths in batch.known_lengths)


def _longest(batches: Sequence[UserBatch]) -> NDArray[np.int64]:
    """int64[n_rows], the longest of the replicas' rows i; a row that no replica has a position in takes one all the same."""
    longest = np.ones(n_rows_of(batches), dtype=np.int64)
    for lengths in (batch.known_lengths for batch in batches):
        first_rows = longest[: lengths.shape[1]]
        np.maximum(first_rows, lengths.max(0), out=first_rows)
    return longest


def _rows(tensor: Tensor, batch: UserBatch, n_rows: int, width: int) -> Tensor:
    """A batch's [replicas * rows, columns] as [replicas, n_rows, width], filled up with zeros."""
    tensor = tensor.view(batch.n_replicas, -1, tensor.shape[1])
    missing = (0, width - tensor.shape[2], 0, n_rows - tensor.shape[1])
    return functional.pad(tensor, missing) if any(missing) else tensor


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)

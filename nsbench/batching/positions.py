"""The positions of a step in the order in which the encoder has them, and how they change to that of the buckets and back."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.packing import Packing
from nsbench.tensors.device import to_device
from nsbench.tensors.index_range import ranges


@final
@dataclass(frozen=True)
class PackedLayout:
    """How rows stand end to end in lanes, whatever stands in them, and how positions are reordered from and to the buckets.

    Attributes:
        lanes: Buckets of lanes, one after the other on the flat axis.
        row: int64[n_positions], the row of each position; any where no row stands.
        column: int64[n_positions], the position within its row; where no row stands, one that every row is too short for.
        begin: int64[n_positions], for each position where in its lane its row begins.
        of_packed: int64[positions of the buckets], which position of the lanes each of the buckets' is; any where padded.
        of_buckets: int64[n_positions], which position of the buckets each of the lanes' is; their number where it is none.
    """

    lanes: tuple[Bucket, ...]
    row: Tensor
    column: Tensor
    begin: Tensor
    of_packed: Tensor
    of_buckets: Tensor


@final
@dataclass(frozen=True)
class Positions:
    """The positions of a step as an encoder has them, of all replicas alike.

    Attributes:
        buckets: Rectangles of rows or lanes, one after the other on the flat axis.
        row: int64[n_positions], the row of each position.
        column: int64[n_positions], the position within its row.
        lengths: int64[replicas, n_rows], real positions of each row.
        row_inputs: int64[replicas, n_rows, width], the items that the model sees, row by row; 0 where padded.
        row_targets: int64[replicas, n_rows, width], the item after each; 0 where padded.
        packed: Where rows stand end to end (`nsbench.batching.packing`); None: the buckets are the step's.
    """

    buckets: tuple[Bucket, ...]
    row: Tensor
    column: Tensor
    lengths: Tensor
    row_inputs: Tensor
    row_targets: Tensor
    packed: PackedLayout | None = None

    @cached_property
    def real(self) -> Tensor:
        """bool[replicas, n_positions], False where padded."""
        return self.column < self.lengths.index_select(1, self.row)

    @cached_property
    def from_end(self) -> Tensor:
        """int64[replicas, n_positions], positions to the row's last one, 0 at the last; 0 where padded too."""
        return (self.lengths.index_select(1, self.row) - 1 - self.column).clamp_(min=0)

    @cached_property
    def inputs(self) -> Tensor:
        """int64[replicas, n_positions], the items that the model sees; 0 where padded."""
        return self._of_rows(self.row_inputs)

    @cached_property
    def targets(self) -> Tensor:
        """int64[replicas, n_positions], the item after each; 0 where padded."""
        return self._of_rows(self.row_targets)

    def _of_rows(self, values: Tensor) -> Tensor:
        width = values.shape[2]
        if self.packed is None:
            return values.flatten(1).index_select(1, self.row * width + self.column)
        # Where no row stands the column is beyond all rows.
        return values.flatten(1).index_select(1, self.row * width + self.column.clamp(max=width - 1)) * self.real

    def to_buckets(self, states: Tensor, grad_states: Tensor) -> tuple[Tensor, Tensor]:
        """The states in the order of the step's buckets, and memory for their gradient.

        Args:
            states: [replicas, n_positions, hidden_dim].
            grad_states: Of the same shape.

        Returns:
            [replicas, positions of the buckets, hidden_dim]; and the same with perhaps one position more, to which a gradient
            is added that `from_buckets` then takes.
        """
        if self.packed is None:
            return states, grad_states
        reordered = states.index_select(1, self.packed.of_packed)
        # One more for what stands in no bucket.
        return reordered, reordered.new_zeros(len(states), reordered.shape[1] + 1, reordered.shape[2])

    def values_in_buckets(self, values: Tensor) -> Tensor:
        """One number per position, [replicas, n_positions], in the order of the buckets: [replicas, positions of the buckets]."""
        return values if self.packed is None else values.index_select(1, self.packed.of_packed)

    def from_buckets(self, grad_buckets: Tensor, grad_states: Tensor) -> None:
        """Adds the gradient in the order of the buckets to that of the states, if it isn't the same memory."""
        if self.packed is not None:
            grad_states.add_(grad_buckets.index_select(1, self.packed.of_buckets))


def packed_layout(
    longest: NDArray[np.int64],
    packing: Packing,
    begins_in_buckets: NDArray[np.int64],
    n_in_buckets: int,
    device: torch.device,
) -> PackedLayout:
    """What a packing says, on a device.

    Args:
        longest: int64[n_rows], positions that each row takes at most; falling.
        packing: Where they stand.
        begins_in_buckets: int64[n_rows], where each row begins in the buckets.
        n_in_buckets: Positions of the buckets.
        device: Where the step is taken.
    """
    each = np.stack([np.arange(len(longest)), packing.place, packing.begin, begins_in_buckets])
    row, first, begin, first_in_buckets = np.repeat(each, longest, axis=1)
    column = ranges(np.zeros(len(longest), dtype=np.int64), longest)
    place, place_in_buckets = first + column, first_in_buckets + column
    # Where no row stands: row 0, a column beyond every row, a beginning of its own, and no position of the buckets.
    flat = np.repeat([[0], [longest[0]], [0], [n_in_buckets]], packing.n_positions, axis=1)
    flat[2] = packing.in_lane()
    flat[:, place] = row, column, begin, place_in_buckets
    of_packed = np.zeros(n_in_buckets, dtype=np.int64)
    of_packed[place_in_buckets] = place
    rows, columns, begins, of_buckets = to_device(flat, device)
    return PackedLayout(packing.lanes, rows, columns, begins, to_device(of_packed, device), of_buckets)

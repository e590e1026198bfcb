"""The positions of a step in the order in which the encoder has them, and how they change to that of the blocks and back."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.batching.packing import Packing, Shelf
from nsbench.device import uploaded
from nsbench.index_range import ranges


@final
@dataclass(frozen=True)
class Places:
    """Where positions of a step's rows are, in some order of them.

    Attributes:
        lengths: int64[replicas, n_rows], real positions of each row.
        row: int64[n_positions], the row of each position.
        column: int64[n_positions], the position within its row.
    """

    lengths: Tensor
    row: Tensor
    column: Tensor

    @cached_property
    def real(self) -> Tensor:
        """bool[replicas, n_positions], False where padded."""
        return self.column < self.lengths.index_select(1, self.row)

    @cached_property
    def from_end(self) -> Tensor:
        """int64[replicas, n_positions], positions to the row's last one, 0 at the last; 0 where padded too."""
        return (self.lengths.index_select(1, self.row) - 1 - self.column).clamp_(min=0)


@final
@dataclass(frozen=True)
class Rows:
    """What stands in a step's rows.

    Attributes:
        lengths: int64[replicas, n_rows], real positions of each row; 0 where a replica has fewer rows.
        inputs: int64[replicas, n_rows, width], the items that the model sees; 0 where padded.
        targets: int64[replicas, n_rows, width], the item after each; 0 where padded.
    """

    lengths: Tensor
    inputs: Tensor
    targets: Tensor

    @property
    def width(self) -> int:
        """Columns, of which the longest row may leave some padded."""
        return self.inputs.shape[2]

    def inputs_at(self, row: Tensor, column: Tensor) -> Tensor:
        """int64[replicas, n_positions], the inputs of some places, int64[n_positions] each."""
        return self.inputs.flatten(1).index_select(1, row * self.width + column)

    def targets_at(self, row: Tensor, column: Tensor) -> Tensor:
        """The targets likewise."""
        return self.targets.flatten(1).index_select(1, row * self.width + column)


@final
@dataclass(frozen=True)
class Swap:
    """How positions change between shelves, where rows stand end to end, and blocks.

    Attributes:
        begin: int64[n_positions], for each position on the shelves where in its lane its row begins.
        of_shelves: int64[positions of the blocks], which position on the shelves each of the blocks' is; any where padded.
        of_blocks: int64[n_positions], which position of the blocks each on the shelves is; their number where it is none.
    """

    begin: Tensor
    of_shelves: Tensor
    of_blocks: Tensor


@final
@dataclass(frozen=True)
class OnShelves:
    """The positions of a step as the encoder has them.

    Attributes:
        shelves: Rectangles of lanes, one after the other on the flat axis.
        places: Of each position.
        inputs: int64[replicas, n_positions]; 0 where padded.
        targets: int64[replicas, n_positions]; 0 where padded.
        swap: Where rows stand end to end (`nsbench.batching.packing`); None: the shelves are the blocks.
    """

    shelves: tuple[Shelf, ...]
    places: Places
    inputs: Tensor
    targets: Tensor
    swap: Swap | None

    def to_blocks(self, states: Tensor, by_states: Tensor) -> tuple[Tensor, Tensor]:
        """The states in the order of the blocks, and memory for their gradient.

        Args:
            states: [replicas, n_positions, hidden_dim].
            by_states: Of the same shape.

        Returns:
            [replicas, positions of the blocks, hidden_dim]; and the same with perhaps one position more, to which a gradient
            is added that `from_blocks` then takes.
        """
        if self.swap is None:
            return states, by_states
        there = states.index_select(1, self.swap.of_shelves)
        # One more for what stands in no block.
        return there, there.new_zeros(len(states), there.shape[1] + 1, there.shape[2])

    def from_blocks(self, by_blocks: Tensor, by_states: Tensor) -> None:
        """Adds the gradient in the order of the blocks to that of the states, if it isn't the same memory."""
        if self.swap is not None:
            by_states.add_(by_blocks.index_select(1, self.swap.of_blocks))


def as_blocks(rows: Rows, places: Places, shelves: tuple[Shelf, ...]) -> OnShelves:
    """The order of the blocks itself.

    Args:
        rows: Of the step.
        places: Of the positions of the blocks.
        shelves: The blocks.
    """
    at = (places.row, places.column)
    return OnShelves(shelves, places, rows.inputs_at(*at), rows.targets_at(*at), None)


@final
@dataclass(frozen=True)
class Standing:
    """How rows stand end to end on shelves, whatever stands in them.

    Attributes:
        shelves: Rectangles of lanes, one after the other on the flat axis.
        row: int64[n_positions], the row of each position; any where no row stands.
        column: int64[n_positions], the position within its row; where no row stands, one that every row is too short for.
        swap: To and from the blocks.
    """

    shelves: tuple[Shelf, ...]
    row: Tensor
    column: Tensor
    swap: Swap


def standing(
    longest: NDArray[np.int64],
    packing: Packing,
    begins_in_blocks: NDArray[np.int64],
    n_in_blocks: int,
    device: torch.device,
) -> Standing:
    """What a packing says, on a device.

    Args:
        longest: int64[n_rows], positions that each row takes at most; falling.
        packing: Where they stand.
        begins_in_blocks: int64[n_rows], where each row begins in the blocks.
        n_in_blocks: Positions of the blocks.
        device: Where the step is taken.
    """
    each = np.stack([np.arange(len(longest)), packing.place, packing.begin, begins_in_blocks])
    row, first, begin, first_in_blocks = np.repeat(each, longest, axis=1)
    column = ranges(np.zeros(len(longest), dtype=np.int64), longest)
    place, place_in_blocks = first + column, first_in_blocks + column
    # Where no row stands: row 0, a column beyond every row, a beginning of its own, and no position of the blocks.
    flat = np.repeat([[0], [longest[0]], [0], [n_in_blocks]], packing.n_positions, axis=1)
    flat[2] = packing.in_lane()
    flat[:, place] = row, column, begin, place_in_blocks
    of_shelves = np.zeros(n_in_blocks, dtype=np.int64)
    of_shelves[place_in_blocks] = place
    rows, columns, begins, of_blocks = uploaded(flat, device)
    return Standing(packing.shelves, rows, columns, Swap(begins, uploaded(of_shelves, device), of_blocks))


def end_to_end(rows: Rows, standing: Standing) -> OnShelves:
    """The order in which rows stand end to end.

    Args:
        rows: Of the step.
        standing: How.
    """
    places = Places(rows.lengths, standing.row, standing.column)
    at = (standing.row, standing.column.clamp(max=rows.width - 1))
    inputs, targets = rows.inputs_at(*at) * places.real, rows.targets_at(*at) * places.real
    return OnShelves(standing.shelves, places, inputs, targets, standing.swap)

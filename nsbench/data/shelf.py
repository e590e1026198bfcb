"""The positions of a step in the order in which the encoder has them, and how they change to that of the blocks and back."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.batch import ranges
from nsbench.data.packing import Packing, Shelf
from nsbench.device import uploaded


@dataclass(frozen=True)
class Places:
    """Where positions of a step are, in some order of them.

    Attributes:
        lengths: int64[replicas, n_rows], as `Step.lengths`.
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


@dataclass(frozen=True)
class Swap:
    """How positions change between shelves and blocks.

    Attributes:
        begin: int64[n_positions], for each position on the shelves where in its lane its row begins.
        in_blocks: int64[positions of the blocks], where each position of the blocks stands on the shelves; 0 where padded.
        of_blocks: int64[n_positions], which position of the blocks stands there; their number where none does.
    """

    begin: Tensor
    in_blocks: Tensor
    of_blocks: Tensor


@dataclass(frozen=True)
class OnShelves(Places):
    """The positions of a step as the encoder has them.

    Attributes:
        shelves: Rectangles of lanes, one after the other on the flat axis.
        inputs: int64[replicas, n_positions]; 0 where padded.
        targets: int64[replicas, n_positions]; 0 where padded.
        swap: Where rows stand end to end (`nsbench.data.packing`); None: the shelves are the blocks.
    """

    shelves: tuple[Shelf, ...]
    inputs: Tensor
    targets: Tensor
    swap: Swap | None

    def to_blocks(self, states: Tensor, by_states: Tensor) -> tuple[Tensor, Tensor]:
        """The states in the order of the blocks, and their gradient, to be added to and then given to `from_blocks`.

        Args:
            states: [replicas, n_positions, hidden_dim].
            by_states: Of the same shape.
        """
        if self.swap is None:
            return states, by_states
        in_blocks = states.index_select(1, self.swap.in_blocks)
        # One more takes what stands in no block.
        return in_blocks, in_blocks.new_zeros(len(states), in_blocks.shape[1] + 1, in_blocks.shape[2])

    def from_blocks(self, by_blocks: Tensor, by_states: Tensor) -> None:
        """Adds the gradient in the order of the blocks to that of the states."""
        if self.swap is not None:
            by_states.add_(by_blocks.index_select(1, self.swap.of_blocks))


@dataclass(frozen=True)
class Rows:
    """What stands in a step's rows.

    Attributes:
        lengths: int64[replicas, n_rows], as `Step.lengths`.
        inputs: int64[replicas, n_rows, width], 0 where padded.
        targets: int64[replicas, n_rows, width], 0 where padded.
    """

    lengths: Tensor
    inputs: Tensor
    targets: Tensor

    def at(self, places: Places) -> tuple[Tensor, Tensor]:
        """int64[replicas, n_positions], the inputs and targets of some places, which are all within the width."""
        index = places.row * self.inputs.shape[2] + places.column
        inputs, targets = (part.flatten(1).index_select(1, index) for part in (self.inputs, self.targets))
        return inputs, targets


def in_blocks(rows: Rows, places: Places, shelves: tuple[Shelf, ...]) -> OnShelves:
    """The order of the blocks itself.

    Args:
        rows: Of the step.
        places: Of the positions of the blocks.
        shelves: The blocks.
    """
    return OnShelves(rows.lengths, places.row, places.column, shelves, *rows.at(places), None)


def end_to_end(
    rows: Rows, longest: NDArray[np.int64], packing: Packing, begins_in_blocks: NDArray[np.int64], n_in_blocks: int
) -> OnShelves:
    """The order in which rows stand end to end.

    Args:
        rows: Of the step.
        longest: int64[n_rows], positions that each row takes.
        packing: Where they stand.
        begins_in_blocks: int64[n_rows], where each row begins in the blocks.
        n_in_blocks: Positions of the blocks.
    """
    each = np.stack([np.arange(len(longest)), packing.place, packing.begin, begins_in_blocks])
    row, place, begin, place_in_blocks = np.repeat(each, longest, axis=1)
    column = ranges(np.zeros(len(longest), dtype=np.int64), longest)
    place, place_in_blocks = place + column, place_in_blocks + column
    # Where no row stands: a column beyond every row, which attends to itself and is in no block.
    width = rows.inputs.shape[2]
    flat = np.empty((4, packing.n_positions), dtype=np.int64)
    flat[0], flat[1], flat[3] = 0, width, n_in_blocks
    for shelf in packing.shelves:
        flat[2, shelf.positions].reshape(-1, shelf.length)[:] = np.arange(shelf.length)
    flat[:, place] = row, column, begin, place_in_blocks
    of_rows = np.zeros(n_in_blocks, dtype=np.int64)
    of_rows[place_in_blocks] = place
    device = rows.lengths.device
    rows_there, columns, begins, of_blocks = uploaded(flat, device)
    places = Places(rows.lengths, rows_there, columns)
    inputs, targets = (
        part * places.real for part in rows.at(Places(rows.lengths, rows_there, columns.clamp(max=width - 1)))
    )
    swap = Swap(begins, uploaded(of_rows, device), of_blocks)
    return OnShelves(rows.lengths, rows_there, columns, packing.shelves, inputs, targets, swap)

"""The item table as a step sees it: vectors are looked up, and gradients by them come back.

What a step moves is decided here: the rows that it looked up, or the whole table, which costs no more where the table is
small. `nsbench.training.distributed.sharded_table` holds a table in parts.
"""

from typing import Protocol, final

import torch
from torch import Tensor

from nsbench.tensors.process_group import ProcessGroup
from nsbench.tensors.row_ops import read_rows, sum_into_table, sum_rows, sum_to_write
from nsbench.training.checkpoint.state_tensor import State, StateTensor
from nsbench.training.optimizer.adam import Adam, EpsilonPlace


class ItemTable(Protocol):
    """All replicas' item vectors, with Adam's moments; row i of replica r has number r * n_rows + i."""

    @property
    def n_rows(self) -> int:
        """Rows of a replica."""

    def look_up(self, rows: Tensor) -> Tensor:
        """The vectors [n, hidden_dim] of some rows, int64[n], which may repeat; a new tensor."""

    def step(self, rows: Tensor, gradients: Tensor) -> None:
        """Moves the table.

        Args:
            rows: int64[n], which may repeat; the loss's gradient by the others is 0.
            gradients: [n, hidden_dim], which add up where a row repeats; where several processes take the step, of this
                one's part of the loss.
        """

    def state(self) -> dict[str, StateTensor]:
        """Adam's moments; they share memory."""

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""


@final
class WholeTable:
    """A table of a process that has no others to ask."""

    def __init__(
        self, items: Tensor, learning_rates: Tensor, *, row_wise: bool, epsilon: EpsilonPlace = "after_correction"
    ) -> None:
        """Starts with moments of zero.

        Args:
            items: [replicas, n_rows, hidden_dim]; changed in place by the steps.
            learning_rates: float32[replicas].
            row_wise: Whether a step moves only the rows that it looked up.
            epsilon: Where Adam adds its epsilon.
        """
        self._items = items
        self._adam = Adam(items, learning_rates, epsilon=epsilon)
        self._row_wise = row_wise

    @property
    def n_rows(self) -> int:
        """Rows of a replica."""
        return self._items.shape[1]

    def look_up(self, rows: Tensor) -> Tensor:
        """The vectors of some rows."""
        return read_rows(self._items.view(-1, self._items.shape[2]), rows)

    def step(self, rows: Tensor, gradients: Tensor) -> None:
        """Moves the rows, or all of them."""
        if self._row_wise:
            self._adam.step_rows(*sum_to_write(rows, gradients))
            return
        n_rows = self._items.shape[0] * self._items.shape[1]
        self._adam.step(sum_into_table(rows, gradients, n_rows).view_as(self._items))

    def state(self) -> dict[str, StateTensor]:
        """Adam's moments."""
        return self._adam.state()

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""
        self._adam.restore(state)


@final
class CopiedTable:
    """A table of which every process has a copy; the copies stay equal bit for bit.

    Each process gets every other's rows and gradients, adds them up in the order of the ranks, and makes the same step.
    """

    def __init__(self, own: WholeTable, group: ProcessGroup) -> None:
        """Takes this process's copy."""
        self._own = own
        self._group = group

    @property
    def n_rows(self) -> int:
        """Rows of a replica."""
        return self._own.n_rows

    def look_up(self, rows: Tensor) -> Tensor:
        """The vectors of some rows."""
        return self._own.look_up(rows)

    def step(self, rows: Tensor, gradients: Tensor) -> None:
        """Moves the copy by the sum of all processes' gradients."""
        sums = sum_rows(rows, gradients)
        all_rows, all_gradients = (torch.cat(self._group.all_gather(tensor)) for tensor in sums)
        self._own.step(all_rows, all_gradients)

    def state(self) -> dict[str, StateTensor]:
        """Adam's moments."""
        return self._own.state()

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""
        self._own.restore(state)

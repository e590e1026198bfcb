"""An item table that no process holds whole: each owns the items of one remainder, with their moments.

Item i belongs to process i mod size. Items are numbered by falling popularity, so every process owns as many popular ones.
A step asks the owners for the vectors of its rows, each once, and sends the sums of the gradients by them back; owners
add up what they get in the order of the ranks and move their own rows. A process holds 1/size of table and moments, and what
a step sends is bounded by the rows that it looks up, whatever the catalogue's size.

Why by hand, with torch 2.13. FSDP (`fully_shard`) gathers whole parameters around their use, so the table would have to fit on
a device after all. DTensor shards an embedding by rows, but each process then looks up every process's ids and the
vectors are summed over all of them; it works through autograd, which the step does without, and gives a dense gradient of the
shard to an optimiser that moves every row. torchrec does what is needed, and would put its own modules, fbgemm's kernels and
their fused optimisers in place of the layers and the row-wise Adam that results here rest on; two exchanges per step take less
code than fitting them in.

Nothing needs the whole table, ranking included: `joined_rows` passes through it where it is written to a file.

What it doesn't do: overlap messages with computing, or hold rows on disk.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import final

import torch
from torch import Tensor

from nsbench.models.backbone import BackboneSettings
from nsbench.models.model import Model, initial_model
from nsbench.tensors.process_group import ProcessGroup
from nsbench.tensors.row_ops import sum_rows
from nsbench.training.checkpoint.state_tensor import State, StateTensor
from nsbench.training.optimizer.item_table import WholeTable

MOVED_ROWS = 1 << 16
"""Rows that are drawn or sent at once, so that a process holds little beside its shard."""


@final
class ShardedTable:
    """The table of all processes, through the shard of this one."""

    def __init__(self, own: WholeTable, group: ProcessGroup) -> None:
        """Takes this process's shard; all are of one size, the last rows of some never used."""
        self._own = own
        self._group = group

    @property
    def n_rows(self) -> int:
        """Rows of a replica in all shards together."""
        return self._own.n_rows * self._group.size

    def look_up(self, rows: Tensor) -> Tensor:
        """The vectors of some rows, each of which is asked for once."""
        return ask_owners(rows, self._group, self._own.look_up)

    def step(self, rows: Tensor, gradients: Tensor) -> None:
        """Sends gradients to their owners, and moves the own shard by what arrives."""
        rows, gradients = sum_rows(rows, gradients)
        order, counts = _by_owner(rows, self._group.size)
        own_rows, _ = self._group.all_to_all(rows[order] // self._group.size, counts)
        own_gradients, _ = self._group.all_to_all(gradients.index_select(0, order), counts)
        self._own.step(own_rows, own_gradients)

    def state(self) -> dict[str, StateTensor]:
        """Adam's moments of the shard."""
        return self._own.state()

    def restore(self, state: State) -> None:
        """Takes over what `state` gave."""
        self._own.restore(state)


def ask_owners(rows: Tensor, group: ProcessGroup, own: Callable[[Tensor], Tensor]) -> Tensor:
    """The vectors of some rows, from the processes that hold them.

    Args:
        rows: int64[n], which may repeat; each is asked for once.
        group: The processes, which all ask at once.
        own: Gives the vectors [k, hidden_dim] of rows int64[k] of this process's shard.

    Returns:
        [n, hidden_dim].
    """
    distinct, places = torch.unique(rows, return_inverse=True)
    order, counts = _by_owner(distinct, group.size)
    asked, asked_counts = group.all_to_all(distinct[order] // group.size, counts)
    answers, _ = group.all_to_all(own(asked), asked_counts)
    return answers.index_select(0, torch.argsort(order).index_select(0, places))


def _by_owner(rows: Tensor, n_owners: int) -> tuple[Tensor, list[int]]:
    """What sorts the rows by owner, and how many each owns."""
    # A replica's rows are a multiple of the owners, so that a row's number has its item's remainder.
    owners = rows % n_owners
    return torch.argsort(owners, stable=True), torch.bincount(owners, minlength=n_owners).tolist()


def initial_shard(
    settings: BackboneSettings, n_items: int, generators: Sequence[torch.Generator], group: ProcessGroup
) -> Model:
    """This process's shard of a new model, all other parameters whole; arguments as of `initial_model`.

    Drawn stretch by stretch from the same stream as a whole table, so that no process holds one. On a CPU the values are
    those of the whole table; a GPU's streams depend on the size of the draws.
    """
    # The parameters that aren't sharded come first in each stream, then the table, from its row of padding on.
    model = initial_model(settings, 0, generators)
    n_own = math.ceil((n_items + 1) / group.size)
    shard = torch.zeros(len(generators), n_own, settings.hidden_dim, device=model.items.device)
    bound = settings.item_bound(n_items + 1)
    for table, generator in zip(shard, generators, strict=True):
        for begin in range(1, n_items + 1, MOVED_ROWS):
            drawn = torch.empty(min(MOVED_ROWS, n_items + 1 - begin), settings.hidden_dim, device=table.device)
            drawn.uniform_(-bound, bound, generator=generator)
            first = (group.rank - begin) % group.size
            own = drawn[first :: group.size]
            place = (begin + first) // group.size
            table[place : place + len(own)] = own
    return Model(settings, model.dense, shard)


def joined_rows(shard: Tensor, n_rows: int, group: ProcessGroup) -> Iterator[Tensor]:
    """The rows of the whole table in their order, a stretch at a time, in process 0 and there in the memory of the host.

    Args:
        shard: [n, hidden_dim], what this process holds of a replica's table; all processes go through to the end.
        n_rows: Rows of the whole table.
        group: The processes.

    Yields:
        [at most MOVED_ROWS, hidden_dim]; none of the rows in the other processes.
    """
    n_moved = max(MOVED_ROWS // group.size, 1)
    for begin in range(0, len(shard), n_moved):
        sent = shard[begin : begin + n_moved].detach().cpu()
        # Shards are of one size, so that as many come from each.
        arrived, _ = group.all_to_all(sent, [len(sent), *[0] * (group.size - 1)])
        by_owner = arrived.view(-1, len(sent), shard.shape[1])
        yield by_owner.transpose(0, 1).reshape(-1, shard.shape[1])[: n_rows - begin * group.size]

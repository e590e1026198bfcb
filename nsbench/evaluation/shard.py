"""What one process does of an evaluation that several make together: it scores its items for its histories.

A catalogue too large for one process is divided by items: each scores its own ones for every target and counts those that
score higher, and the counts are added up. A catalogue of which all have a copy is divided by targets. The encoding of histories
is divided in both cases. What travels are states, the targets' own scores and counts, never scores of the catalogue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.tensors.process_group import ALONE, ProcessGroup


@final
@dataclass(frozen=True)
class EvaluationShard:
    """This process's shard: the items that it scores and the histories that it encodes.

    An owner scores the items of one remainder: item i belongs to owner i mod size and has place i // size among its items. Where
    there is one owner, an item's place is its id.

    Attributes:
        processes: All that evaluate together.
        owners: Those between whom the items are divided: all of them, or each of them alone with all items.
    """

    processes: ProcessGroup
    owners: ProcessGroup

    def places(self, n_items: int) -> range:
        """The places of those of the items 1..n_items that this process scores.

        With two owners, items 2 and 4 of 1..5 are at places 1 and 2 of owner 0, whose place 0 is padding; items 1, 3 and 5
        are at places 0, 1 and 2 of owner 1.
        """
        return range(int(self.owners.rank == 0), (n_items - self.owners.rank) // self.owners.size + 1)

    def most_places(self, n_items: int) -> int:
        """The most items that a process scores of 1..n_items."""
        return -(-n_items // self.owners.size)

    def places_of(self, items: NDArray[np.int32]) -> NDArray[np.int32]:
        """Each item's place; -1 where another process scores it."""
        if self.owners.size == 1:
            return items
        return np.where(items % self.owners.size == self.owners.rank, items // self.owners.size, -1).astype(np.int32)

    def items_at(self, places: Tensor) -> Tensor:
        """The ids of the items at some places."""
        return places * self.owners.size + self.owners.rank

    def chunks(self, n: int, size: int) -> Sequence[slice]:
        """0..n - 1 in slices of at most `size`, those that this process ranks: all of them, if others score other items."""
        n_copies = self.processes.size // self.owners.size
        slices = [slice(begin, min(begin + size, n)) for begin in range(0, n, size)]
        return slices[self.processes.rank % n_copies :: n_copies]

    def own_pieces(self, pieces: Sequence[NDArray[np.int64]]) -> Sequence[NDArray[np.int64]]:
        """Every size-th piece. All processes get as many: where pieces run out, the last one is given again."""
        missing = -len(pieces) % self.processes.size
        return [*pieces, *[pieces[-1]] * missing][self.processes.rank :: self.processes.size]

    def fill(self, table: Tensor, rows: NDArray[np.int64]) -> None:
        """Adds the rows of a table [n, d] that the others have filled to those that this process has, in place."""
        if self.processes.size == 1:
            return
        own = torch.from_numpy(rows).to(table.device)
        parts = (self.processes.all_gather(part) for part in (own, table.index_select(0, own)))
        for theirs, values in zip(*parts, strict=True):
            table.index_copy_(0, theirs, values)

    def own_scores(self, scores: Tensor) -> Tensor:
        """What scores are of which one owner has each and the others 0."""
        return self.owners.all_reduce(scores)[0]

    def side_by_side(self, columns: Tensor) -> Tensor:
        """Every owner's [n, k] as [n, sum of k]."""
        return torch.cat(self.owners.all_gather(columns.T)).T if self.owners.size > 1 else columns

    def total(self, counts: Tensor) -> Tensor:
        """The sum over all processes."""
        return self.processes.all_reduce(counts)[0]

    def is_anywhere(self, *, own: bool) -> bool:
        """Whether something holds in any process; `own`: whether it does in this one."""
        return bool(self.total(torch.tensor(float(own))) > 0)


WHOLE = EvaluationShard(ALONE, ALONE)
"""The shard of a process that evaluates alone."""

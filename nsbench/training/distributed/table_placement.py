"""Where the item table of a training lies: whole in every process, or in parts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol, final

import torch
from torch import Tensor
from torch.nn import functional

from nsbench.models.backbone import BackboneSettings
from nsbench.models.model import Model, initial_model
from nsbench.tensors.process_group import ALONE, ProcessGroup
from nsbench.training.checkpoint.model_file import save_model
from nsbench.training.checkpoint.training_checkpoint import Checkpoint
from nsbench.training.distributed.group_checkpoint import FirstCheckpoint, ShardCheckpoint
from nsbench.training.distributed.sharded_model_file import save_joined
from nsbench.training.distributed.sharded_table import ShardedTable, ask_owners, initial_shard
from nsbench.training.optimizer.adam import EpsilonPlace
from nsbench.training.optimizer.item_table import CopiedTable, ItemTable, WholeTable


class Placement(Protocol):
    """How models are made, moved, looked up and written."""

    @property
    def group(self) -> ProcessGroup:
        """The processes that train together."""

    @property
    def owners(self) -> ProcessGroup:
        """The processes between which the items are divided: all of them, or this one alone."""

    @property
    def n_shards(self) -> int:
        """Parts that the item table is cut into."""

    def initial_model(self, settings: BackboneSettings, n_items: int, generators: Sequence[torch.Generator]) -> Model:
        """A new model, with what this process holds of the item table; arguments as of the function of that name."""

    def table(
        self, items: Tensor, learning_rates: Tensor, *, row_wise: bool, epsilon: EpsilonPlace = "after_correction"
    ) -> ItemTable:
        """The item table of which `items` is what this process holds; arguments as of `WholeTable`."""

    def checkpoint(self, own: Checkpoint) -> Checkpoint:
        """The training's checkpoint, through what this process keeps."""

    def look_up(self, table: Tensor, items: Tensor) -> Tensor:
        """The vectors of some items.

        Args:
            table: [n_rows, hidden_dim], what this process holds of a replica's item table.
            items: int64[n], ids, which may repeat.

        Returns:
            [n, hidden_dim].
        """

    def save(self, model: Model, n_items: int, path: Path | None) -> None:
        """Writes a model whole, as `load_model` reads it, in process 0.

        Args:
            model: What this process holds of it.
            n_items: Items, padding not counted.
            path: The file, as process 0 says; None: none is written.

        Raises:
            StorageError: The disk is full or can't be written.
        """


@final
class Copied:
    """Every process holds the whole table."""

    n_shards = 1
    owners = ALONE

    def __init__(self, group: ProcessGroup) -> None:
        """For a group, which may be of one process."""
        self.group = group

    def initial_model(self, settings: BackboneSettings, n_items: int, generators: Sequence[torch.Generator]) -> Model:
        """The same model in every process."""
        return initial_model(settings, n_items, generators)

    def table(
        self, items: Tensor, learning_rates: Tensor, *, row_wise: bool, epsilon: EpsilonPlace = "after_correction"
    ) -> ItemTable:
        """The process's copy."""
        own = WholeTable(items, learning_rates, row_wise=row_wise, epsilon=epsilon)
        return own if self.group.size == 1 else CopiedTable(own, self.group)

    def checkpoint(self, own: Checkpoint) -> Checkpoint:
        """That of process 0, which has all that the others have."""
        return FirstCheckpoint(own, self.group)

    def look_up(self, table: Tensor, items: Tensor) -> Tensor:
        """From the own copy."""
        return functional.embedding(items, table)

    def save(self, model: Model, n_items: int, path: Path | None) -> None:
        """Writes process 0's copy."""
        if path is not None and self.group.rank == 0:
            save_model(model, path)


@final
class Sharded:
    """Every process holds as many rows."""

    def __init__(self, group: ProcessGroup) -> None:
        """For a group, which may be of one process."""
        self.group = self.owners = group
        self.n_shards = group.size

    def initial_model(self, settings: BackboneSettings, n_items: int, generators: Sequence[torch.Generator]) -> Model:
        """The process's shard."""
        return initial_shard(settings, n_items, generators, self.group)

    def table(
        self, items: Tensor, learning_rates: Tensor, *, row_wise: bool, epsilon: EpsilonPlace = "after_correction"
    ) -> ItemTable:
        """The table through the process's shard."""
        own = WholeTable(items, learning_rates, row_wise=row_wise, epsilon=epsilon)
        return ShardedTable(own, self.group)

    def checkpoint(self, own: Checkpoint) -> Checkpoint:
        """Every process keeps its own."""
        return ShardCheckpoint(own, self.group)

    def look_up(self, table: Tensor, items: Tensor) -> Tensor:
        """From their owners."""
        return ask_owners(items, self.group, lambda rows: table.index_select(0, rows))

    def save(self, model: Model, n_items: int, path: Path | None) -> None:
        """Writes the rows as they come in."""
        wanted = self.group.broadcast(path)
        if wanted is not None:
            save_joined(model, n_items, self.group, wanted)


ONE_PROCESS = Copied(ALONE)
"""The placement of a process that trains alone."""


def placement_of(item_table: Literal["copied", "sharded"], group: ProcessGroup) -> Placement:
    """The placement that a setting names."""
    return Copied(group) if item_table == "copied" else Sharded(group)

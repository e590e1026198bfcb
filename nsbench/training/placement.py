"""Where the item table of a training lies: whole in every process, or in parts."""

from collections.abc import Sequence
from typing import Literal, Protocol, final

import torch
from torch import Tensor

from nsbench.model import ModelSettings, Sasrec, initial_model
from nsbench.training.group import ALONE, Group
from nsbench.training.item_table import CopiedTable, ItemTable, WholeTable
from nsbench.training.joint_checkpoint import FirstCheckpoint, ShardCheckpoint
from nsbench.training.resume import Checkpoint
from nsbench.training.sharded_table import ShardedTable, initial_shard, whole_model


class Placement(Protocol):
    """How models are made, moved and put together again."""

    @property
    def group(self) -> Group:
        """The processes that train together."""

    @property
    def n_shards(self) -> int:
        """Parts that the item table is cut into."""

    def initial_model(self, settings: ModelSettings, n_items: int, generators: Sequence[torch.Generator]) -> Sasrec:
        """A new model, with what this process holds of the item table; arguments as of `nsbench.model.initial_model`."""

    def table(self, items: Tensor, learning_rates: Tensor, *, row_wise: bool) -> ItemTable:
        """The item table of which `items` is what this process holds; arguments as of `WholeTable`."""

    def checkpoint(self, own: Checkpoint) -> Checkpoint:
        """The training's checkpoint, through what this process keeps."""

    def whole(self, model: Sasrec, n_items: int) -> Sasrec:
        """The model with its whole item table in process 0; in the others, something that may lack rows."""


@final
class Copied:
    """Every process holds the whole table."""

    n_shards = 1

    def __init__(self, group: Group) -> None:
        """For a group, which may be of one process."""
        self.group = group

    def initial_model(self, settings: ModelSettings, n_items: int, generators: Sequence[torch.Generator]) -> Sasrec:
        """The same model in every process."""
        return initial_model(settings, n_items, generators)

    def table(self, items: Tensor, learning_rates: Tensor, *, row_wise: bool) -> ItemTable:
        """The process's copy."""
        own = WholeTable(items, learning_rates, row_wise=row_wise)
        return own if self.group.size == 1 else CopiedTable(own, self.group)

    def checkpoint(self, own: Checkpoint) -> Checkpoint:
        """That of process 0, which has all that the others have."""
        return FirstCheckpoint(own, self.group)

    def whole(self, model: Sasrec, n_items: int) -> Sasrec:
        """The model."""
        return model


@final
class Sharded:
    """Every process holds as many rows."""

    def __init__(self, group: Group) -> None:
        """For a group, which may be of one process."""
        self.group = group
        self.n_shards = group.size

    def initial_model(self, settings: ModelSettings, n_items: int, generators: Sequence[torch.Generator]) -> Sasrec:
        """The process's shard."""
        return initial_shard(settings, n_items, generators, self.group)

    def table(self, items: Tensor, learning_rates: Tensor, *, row_wise: bool) -> ItemTable:
        """The table through the process's shard."""
        return ShardedTable(WholeTable(items, learning_rates, row_wise=row_wise), self.group)

    def checkpoint(self, own: Checkpoint) -> Checkpoint:
        """Every process keeps its own."""
        return ShardCheckpoint(own, self.group)

    def whole(self, model: Sasrec, n_items: int) -> Sasrec:
        """Put together in the host's memory of process 0."""
        return whole_model(model, n_items, self.group)


ONE_PROCESS = Copied(ALONE)
"""The placement of a process that trains alone."""


def placement_of(item_table: Literal["copied", "sharded"], group: Group) -> Placement:
    """The placement that a setting names."""
    return Copied(group) if item_table == "copied" else Sharded(group)

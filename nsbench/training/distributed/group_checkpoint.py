"""Checkpoints of a training whose steps several processes take: all go on from the same step, or all start over."""

import json
import logging
from collections.abc import Sequence
from typing import final

from nsbench.tensors.process_group import ProcessGroup, from_first
from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.training_checkpoint import Checkpoint

_log = logging.getLogger(__name__)


@final
class FirstCheckpoint:
    """Kept by process 0, which has all that the others have; they get it when the training goes on."""

    def __init__(self, own: Checkpoint, group: ProcessGroup) -> None:
        """Takes this process's own, which only process 0 uses."""
        self._own = own
        self._group = group

    def load(self) -> Snapshot | None:
        """What process 0 finds."""
        return from_first(self._group, self._own.load)

    def is_due(self) -> bool:
        """Whether process 0 is to keep one; the others don't wait for it before the next step."""
        return self._group.rank == 0 and self._own.is_due()

    def save(self, snapshot: Snapshot) -> None:
        """Writes it in process 0."""
        if self._group.rank == 0:
            self._own.save(snapshot)

    def remove(self) -> None:
        """Forgets the training."""
        if self._group.rank == 0:
            self._own.remove()

    def select_replicas(self, slots: Sequence[int]) -> None:
        """Goes on with some of the replicas in every process."""
        self._own.select_replicas(slots)


@final
class ShardCheckpoint:
    """Kept by every process for its own shard, in all of them at the same steps."""

    def __init__(self, own: Checkpoint, group: ProcessGroup) -> None:
        """Takes this process's own."""
        self._own = own
        self._group = group

    def load(self) -> Snapshot | None:
        """What this process finds, if the others find the same step; else None, with the reason in the log."""
        own = self._own.load()
        steps = self._group.all_gather_object(None if own is None else _step_of(own))
        if steps.count(steps[0]) == len(steps):
            return own
        _log.warning("the processes' checkpoints are of different steps (%s); the training starts over", steps)
        return None

    def is_due(self) -> bool:
        """As process 0's clock says."""
        return self._group.broadcast(self._own.is_due())

    def save(self, snapshot: Snapshot) -> None:
        """Writes this process's part."""
        self._own.save(snapshot)

    def remove(self) -> None:
        """Forgets this process's part."""
        self._own.remove()

    def select_replicas(self, slots: Sequence[int]) -> None:
        """Goes on with some of the replicas in every process."""
        self._own.select_replicas(slots)


def _step_of(snapshot: Snapshot) -> tuple[int, int]:
    """Where a snapshot was taken: the epoch, and its steps up to there."""
    standing = json.loads(snapshot.standing)
    return standing["epoch"], standing["n_steps"]

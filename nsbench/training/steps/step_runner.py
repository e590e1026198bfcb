"""Takes the steps of an epoch: asks for their batches, and has them computed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.training.batch_stream import BatchStream, epoch_of
from nsbench.training.steps.replica_steps import ReplicaSteps


@dataclass(frozen=True)
class StepResult:
    """A step of all replicas.

    Attributes:
        losses: float32[replicas], before it.
        n_without: [replicas], positions that had no negative; like the losses it may still be on the device.
        n_positions: int64[replicas], real positions.
        n_negatives_scored: Negatives that these were scored against, by all of them.
        item_ids: The proposed negatives of each draw, one per replica or one of all; valid until the next step.
    """

    losses: Tensor
    n_without: Tensor
    n_positions: NDArray[np.int64]
    n_negatives_scored: int
    item_ids: Sequence[Tensor]

    @property
    def n_positives(self) -> int:
        """Positives trained on, by all of them: each real position has one."""
        return int(self.n_positions.sum())


class StepRunner(Protocol):
    """Takes steps of some replicas."""

    def epoch(self) -> Iterator[StepResult]:
        """Takes the steps of an epoch, or those that are left of the one in hand, each when it is asked for."""


@final
class EagerRunner:
    """Asks for each step's batches and has it computed.

    Args:
        streams: One per replica, of the same batches and sampler.
        steps: Of the same replicas.
    """

    def __init__(self, streams: Sequence[BatchStream], steps: ReplicaSteps) -> None:
        self._streams = streams
        self._steps = steps

    def epoch(self) -> Iterator[StepResult]:
        """Takes the steps."""
        for batches in epoch_of(self._streams):
            losses = self._steps.step(batches)
            n_without = torch.cat([one.n_without_negatives() for one in batches])
            n_positions = np.concatenate([one.batch.known_lengths.sum(1) for one in batches])
            n_scored = sum(one.batch.n_positives * one.negatives.item_ids.shape[-1] for one in batches)
            yield StepResult(losses, n_without, n_positions, n_scored, [one.negatives.item_ids for one in batches])

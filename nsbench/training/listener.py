"""What the training loop tells while it goes on."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from nsbench.errors import TrainingError
from nsbench.models.model import Model
from nsbench.training.progress import Look


class ReplicaLeaves(Exception):
    """Raised by a listener to end one replica without a result; those beside it go on."""


class Listener(Protocol):
    """What the loop tells; replicas are counted from 0, as the training began with them.

    Each of them may raise to end the training; a KeyboardInterrupt is taken for a wish to go on later, and what can be
    gone on with is kept before it is passed on. Where it is about one replica, ReplicaLeaves ends that one only.
    """

    def on_resume(self, replica: int, looks: Sequence[Look]) -> None:
        """An earlier attempt is gone on with, in which a replica had these looks."""

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """After each step: positives trained on by the replicas that go on, and float32[replicas] losses of those."""

    def look(self, replica: int, epoch: int, model: Model, loss: float, no_negative_share: float) -> Look:
        """Looks at a replica's validation interactions; where several processes train, all look together.

        Args:
            replica: Its number.
            epoch: The epoch that has ended.
            model: The replica, with what this process holds of the item table.
            loss: The epoch's.
            no_negative_share: The share of the epoch's positions that had no negative, in [0, 1].
        """

    def on_validation(self, replica: int, look: Look) -> None:
        """After each look at a replica; where several processes train, in process 0 only."""

    def on_failure(self, replica: int, error: TrainingError) -> None:
        """A replica's loss is no number, or it had no negatives, so it leaves.

        Where none is left, the training ends with that error.
        """

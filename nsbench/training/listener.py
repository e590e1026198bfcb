"""What the training loop tells while it goes on."""

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from nsbench.model import Sasrec
from nsbench.training.progress import Look


class Listener(Protocol):
    """What the loop tells.

    Each of them may raise to end the training; a KeyboardInterrupt is taken for a wish to go on later, and what can be
    gone on with is kept before it is passed on.
    """

    def on_resume(self, looks: Sequence[Sequence[Look]]) -> None:
        """An earlier attempt is gone on with, which had these looks of each replica."""

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """After each step: positives trained on by all replicas, and float32[replicas] losses."""

    def look(self, replica: int, epoch: int, model: Sasrec, loss: float) -> Look:
        """Looks at a replica's validation interactions; where several processes train, all look together.

        Args:
            replica: Its number.
            epoch: The epoch that has ended.
            model: The replica, with what this process holds of the item table.
            loss: The epoch's.
        """

    def on_validation(self, replica: int, look: Look) -> None:
        """After each look at a replica; where several processes train, in process 0 only."""

"""One listener for a training whose steps several processes take."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from nsbench.errors import TrainingError
from nsbench.models.model import Model
from nsbench.process_group import Group, from_first
from nsbench.training.listener import Listener
from nsbench.training.progress import Look


@final
class JointListener:
    """Has all look together, process 0 hear of the look, and all stop at the same step.

    Args:
        listener: This process's own.
        group: The processes.
    """

    def __init__(self, listener: Listener, group: Group) -> None:
        self._listener = listener
        self._group = group

    def on_resume(self, replica: int, looks: Sequence[Look]) -> None:
        """Passes it on."""
        self._listener.on_resume(replica, looks)

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """Passes the step on; whoever is ended by it ends the others.

        Raises:
            KeyboardInterrupt: Another process wants to stop.
        """
        try:
            self._listener.on_step(n_positives, loss)
        except BaseException:
            self._any_stops(own=True)
            raise
        if self._any_stops(own=False):
            raise KeyboardInterrupt

    def look(self, replica: int, epoch: int, model: Model, loss: float, no_negative_share: float) -> Look:
        """Process 0's look, which its listener has heard of."""
        own = self._listener.look(replica, epoch, model, loss, no_negative_share)

        def told() -> Look:
            self._listener.on_validation(replica, own)
            return own

        return from_first(self._group, told)

    def on_failure(self, replica: int, error: TrainingError) -> None:
        """Passes it on; every process sees the same losses and draws."""
        self._listener.on_failure(replica, error)

    def _any_stops(self, *, own: bool) -> bool:
        if self._group.size == 1:
            return own
        (n_stopping,) = self._group.sum(torch.tensor([float(own)]))
        return n_stopping.item() > 0

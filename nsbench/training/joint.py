"""One listener for a training whose steps several processes take."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor

from nsbench.errors import NonFiniteLoss
from nsbench.model import Sasrec
from nsbench.training.group import from_first
from nsbench.training.listener import Listener
from nsbench.training.placement import Placement
from nsbench.training.progress import Look


@final
class JointListener:
    """Has process 0 look at the validation interactions for all, and all stop at the same step.

    Args:
        listener: This process's own; only that of process 0 is asked for looks.
        placement: Where the item table lies.
        n_items: Items, padding not counted.
    """

    def __init__(self, listener: Listener, placement: Placement, n_items: int) -> None:
        self._listener = listener
        self._placement = placement
        self._n_items = n_items

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

    def on_validation(self, replica: int, epoch: int, model: Sasrec, loss: float) -> Look:
        """What process 0 sees."""
        whole = self._placement.whole(model, self._n_items)
        return from_first(self._placement.group, lambda: self._listener.on_validation(replica, epoch, whole, loss))

    def on_failure(self, replica: int, error: NonFiniteLoss) -> None:
        """Passes it on; every process sees the same losses."""
        self._listener.on_failure(replica, error)

    def _any_stops(self, *, own: bool) -> bool:
        group = self._placement.group
        if group.size == 1:
            return own
        (n_stopping,) = group.sum(torch.tensor([float(own)]))
        return n_stopping.item() > 0

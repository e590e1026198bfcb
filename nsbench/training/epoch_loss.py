"""The mean loss of an epoch, and the watch for a loss that is NaN or infinite.

Reading a loss waits for the device, so several steps' losses are read at once.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from nsbench.errors import NonFiniteLoss
from nsbench.training.progress import Replica

CHECK_EVERY = 16
"""Steps between looks at the loss: a wait for the device costs about a step, so this is some 5 % of a GPU's time at most,
and a training that has gone wrong is seen within a second."""


class EpochLoss:
    """Sums each replica's loss over the steps of an epoch, in double precision and step by step.

    The sum doesn't depend on when it was looked at, so a resumed epoch reports the same loss.

    Attributes:
        n_steps: Steps whose losses have been read.
        sums: float64[replicas], over those steps.
        failures: The first loss that was NaN or infinite, of each replica that had one, by its slot among them.
    """

    def __init__(self, epoch: int, replicas: Sequence[Replica], device: torch.device) -> None:
        """Begins an epoch, counted from 1."""
        self._epoch = epoch
        self._replicas = replicas
        self._unread = torch.zeros((CHECK_EVERY, len(replicas)), device=device)
        self._n_unread = 0
        self.n_steps = 0
        self.sums = np.zeros(len(replicas))
        self.failures: dict[int, NonFiniteLoss] = {}

    def add(self, losses: Tensor) -> None:
        """Takes float32[replicas] in, the losses of a step; one that is NaN or infinite is noticed some steps later."""
        self._unread[self._n_unread] = losses
        self._n_unread += 1
        if self._n_unread == CHECK_EVERY:
            self.read()

    def read(self) -> None:
        """Reads what was added since the last time."""
        rows = self._unread[: self._n_unread].cpu().numpy().astype(np.float64)
        self._n_unread = 0
        for row in rows:
            self.n_steps += 1
            for slot in np.flatnonzero(~np.isfinite(row)).tolist():
                self.failures.setdefault(slot, self._failure(self._replicas[slot], row[slot]))
            self.sums += row

    def _failure(self, replica: Replica, loss: float) -> NonFiniteLoss:
        return NonFiniteLoss(
            f"the loss is {loss} in step {self.n_steps} of epoch {self._epoch} (seed {replica.seed}, "
            f"learning_rate {replica.learning_rate}); a lower learning_rate usually helps"
        )

    def means(self) -> list[float]:
        """Each replica's mean over the steps up to now."""
        self.read()
        return [float(total / self.n_steps) for total in self.sums]

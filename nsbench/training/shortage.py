"""Positions of an epoch that had no negative: all that was proposed was in the user's history, or nothing was proposed.

Such a position trains its positive alone, which any model that gives every item a high score does best; a training of nothing
else learns nothing. A step's count is read when the epoch is over, so no device is waited for.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.errors import NoNegatives
from nsbench.training.progress import Replica


class EpochShortage:
    """Counts each replica's positions without a negative over the steps of an epoch.

    Attributes:
        failures: Of each replica that had no negative in the whole epoch, by its slot among them.
    """

    def __init__(self, epoch: int, replicas: Sequence[Replica], device: torch.device) -> None:
        """Begins an epoch, counted from 1."""
        self._epoch = epoch
        self._replicas = replicas
        self._n_without = torch.zeros(len(replicas), dtype=torch.float64, device=device)
        self._n_positions = np.zeros(len(replicas), dtype=np.int64)
        self.failures: dict[int, NoNegatives] = {}

    def add(self, n_without: Tensor, n_positions: NDArray[np.int64]) -> None:
        """Takes a step in.

        Args:
            n_without: [replicas], positions without a negative, on the device.
            n_positions: int64[replicas], all positions.
        """
        self._n_without += n_without
        self._n_positions += n_positions

    def end(self) -> None:
        """Looks back on the whole epoch."""
        for slot, (n_without, n_positions) in enumerate(self.counts()):
            if n_without == n_positions > 0:
                replica = self._replicas[slot]
                self.failures[slot] = NoNegatives(
                    f"none of the {n_positions:,} positions of epoch {self._epoch} had a negative (seed {replica.seed}), so "
                    "that positives alone were trained"
                )

    def shares(self) -> list[float]:
        """Each replica's share of positions without a negative, in [0, 1]."""
        return [n_without / max(n_positions, 1) for n_without, n_positions in self.counts()]

    def counts(self) -> list[tuple[int, int]]:
        """Each replica's positions without a negative up to now, and all of them."""
        n_without = (int(number) for number in self._n_without.tolist())
        return list(zip(n_without, self._n_positions.tolist(), strict=True))

    def restore(self, counts: Sequence[Sequence[int]]) -> None:
        """Stands where `counts` was taken."""
        n_without, n_positions = np.array(counts, dtype=np.int64).T
        self._n_without.copy_(torch.from_numpy(n_without.astype(np.float64)))
        self._n_positions = n_positions.copy()

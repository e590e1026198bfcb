"""What holds for all figures of a bench, and is set in every process that measures."""

from dataclasses import dataclass

import torch

from nsbench.samplers.drawing.sharing import SharedByUsers
from nsbench.tensors.device import choose_device


@dataclass(frozen=True)
class Conditions:
    """The conditions.

    Attributes:
        n_negatives: Negatives proposed for each positive.
        n_threads: torch threads of a process.
        negative_sharing: Who shares a draw.
    """

    n_negatives: int
    n_threads: int
    negative_sharing: SharedByUsers = "user"

    def prepare(self) -> torch.device:
        """Sets this process up, and gives the device to measure on."""
        torch.set_num_threads(self.n_threads)
        return choose_device()

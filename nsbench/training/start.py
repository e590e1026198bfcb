"""Where a training begins that goes on from a finished model: its parameters, with its items where they now stand."""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nsbench.models.model import Model


@dataclass(frozen=True, eq=False)
class StartValues:
    """A finished model's parameters on the way into a new one.

    Attributes:
        model: The finished model, one replica.
        numbers: int64[n_items], the number in it of each item of the new one's dataset; 0: it has none, and its vector begins as
            that of any new model.
    """

    model: Model
    numbers: NDArray[np.int64]

    def write_into(self, model: Model) -> None:
        """Overwrites a new model's parameters, in all replicas, in place; optimisers begin anew."""
        known = np.flatnonzero(self.numbers)
        device = model.items.device
        model.dense.copy_(self.model.dense.to(device).expand_as(model.dense))
        vectors = self.model.items[0].to(device)[torch.from_numpy(self.numbers[known]).to(device)]  # [n_known, d]
        model.items[:, torch.from_numpy(known + 1).to(device)] = vectors

    @property
    def digest(self) -> str:
        """What tells it from other starts."""
        found = hashlib.blake2b(digest_size=8)
        for array in (self.model.dense.cpu().numpy(), self.model.items.cpu().numpy(), self.numbers):
            found.update(np.ascontiguousarray(array).tobytes())
        return found.hexdigest()

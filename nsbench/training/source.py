"""Where the steps of one replica come from: fresh batches and negatives, or the paper's replay buffer.

Source of the buffer: paper, section 5.1 and appendix A ("oversampling factor").
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from nsbench.data.batch import BatchSource, UserBatch
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.seeding import derive_seed


@dataclass(frozen=True)
class Draw:
    """A batch with its negatives, of one replica."""

    batch: UserBatch
    negatives: Negatives


class DrawSource:
    """Gives one replica's draws, epoch after epoch, from the replica's own streams of randomness."""

    def __init__(
        self, batches: BatchSource, sampler: Sampler, seed: int, device: torch.device, replay_factor: float = 0.0
    ) -> None:
        """Prepares to draw.

        Args:
            batches: Cuts users into batches.
            sampler: Proposes negatives.
            seed: The replica's root seed.
            device: Where negatives are drawn.
            replay_factor: After so many epochs' draws are stored, draws are taken from those at random; 0: always fresh.
        """
        self._batches = batches
        self._sampler = sampler
        self._shuffle = np.random.default_rng(derive_seed(seed, "shuffle"))
        self._replay = np.random.default_rng(derive_seed(seed, "replay"))
        self._generator = torch.Generator(device).manual_seed(derive_seed(seed, "sampler"))
        self._capacity = round(replay_factor * batches.n_batches)
        self._stored: list[Draw] = []

    def epoch(self) -> Iterator[Draw]:
        """The draws of one epoch."""
        if self._capacity and len(self._stored) >= self._capacity:
            for number in self._replay.integers(len(self._stored), size=self._batches.n_batches):
                yield self._stored[number]
            return
        for batch in self._batches.epoch(self._shuffle):
            draw = Draw(batch, self._sampler.propose(batch, self._generator))
            if len(self._stored) < self._capacity:
                self._stored.append(draw)
            yield draw


def stacked(negatives: list[Negatives]) -> Negatives:
    """The replicas' negatives along a new first axis; users, positions and places that one lacks are masked."""
    shape = [max(n.item_ids.shape[axis] for n in negatives) for axis in range(3)]
    mask_shape = [max(n.mask.shape[axis] for n in negatives) for axis in range(3)]
    return Negatives(
        torch.stack([_padded(n.item_ids, shape) for n in negatives]),
        torch.stack([_padded(n.mask, mask_shape) for n in negatives]),
    )


def _padded(tensor: torch.Tensor, shape: list[int]) -> torch.Tensor:
    missing = [size - have for size, have in zip(shape, tensor.shape, strict=True)]
    return torch.nn.functional.pad(tensor, (0, missing[2], 0, missing[1], 0, missing[0]))

"""Where the steps of one replica come from: fresh batches and negatives, or the paper's replay buffer.

Source of the buffer: paper, section 5.1 and appendix A ("oversampling factor").
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from torch import Tensor

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
        self._begin_epoch()

    def epoch(self) -> Iterator[Draw]:
        """The draws of one epoch; after `restore`, what was left of the one in hand."""
        for draw in self._replayed() if self._replays else self._fresh():
            self._n_given += 1
            if self._n_given == self._batches.n_batches:
                self._begin_epoch()
            yield draw

    def state(self) -> dict[str, Tensor]:
        """Where the source stands; the buffer is left out, since its draws follow from the seed."""
        return {
            "n_given": torch.tensor(self._n_given),
            "n_stored": torch.tensor(len(self._stored)),
            "replays": torch.tensor(self._replays),
            "shuffle": self._began[0],
            "replay": self._began[1],
            "sampler": self._generator.get_state(),
        }

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Stands where `state` was taken; only a source that has given nothing can do so."""
        while len(self._stored) < int(state["n_stored"]):
            for _ in islice(self.epoch(), int(state["n_stored"]) - len(self._stored)):
                pass
        self._n_given = int(state["n_given"])
        self._replays = bool(state["replays"])
        self._began = (state["shuffle"], state["replay"])
        _set_state(self._shuffle, state["shuffle"])
        _set_state(self._replay, state["replay"])
        self._generator.set_state(state["sampler"])

    def _begin_epoch(self) -> None:
        self._n_given = 0
        self._began = (_state_of(self._shuffle), _state_of(self._replay))
        # Decided once an epoch: a buffer that fills up within one is used from the next one on.
        self._replays = 0 < self._capacity <= len(self._stored)

    def _replayed(self) -> Iterator[Draw]:
        for number in self._replay.integers(len(self._stored), size=self._batches.n_batches)[self._n_given :]:
            yield self._stored[number]

    def _fresh(self) -> Iterator[Draw]:
        # Batches that were given before are cut again, which takes little beside drawing and training.
        for batch in islice(self._batches.epoch(self._shuffle), self._n_given, None):
            draw = Draw(batch, self._sampler.propose(batch, self._generator))
            if len(self._stored) < self._capacity:
                self._stored.append(draw)
            yield draw


def _state_of(generator: np.random.Generator) -> Tensor:
    text = json.dumps(generator.bit_generator.state).encode()
    return torch.frombuffer(bytearray(text), dtype=torch.uint8)


def _set_state(generator: np.random.Generator, state: Tensor) -> None:
    generator.bit_generator.state = json.loads(state.numpy().tobytes())


def stacked(negatives: list[Negatives]) -> Negatives:
    """The replicas' negatives along a new first axis; users, positions and places that one lacks are masked."""
    shape = [max(n.item_ids.shape[axis] for n in negatives) for axis in range(3)]
    mask_shape = [max(n.mask.shape[axis] for n in negatives) for axis in range(3)]
    users_per_draw = negatives[0].users_per_draw
    if users_per_draw > 1:
        mask_shape[0] = shape[0] * users_per_draw
    return Negatives(
        torch.stack([_padded(n.item_ids, shape) for n in negatives]),
        torch.stack([_padded(n.mask, mask_shape) for n in negatives]),
        users_per_draw,
    )


def _padded(tensor: torch.Tensor, shape: list[int]) -> torch.Tensor:
    missing = [size - have for size, have in zip(shape, tensor.shape, strict=True)]
    return torch.nn.functional.pad(tensor, (0, missing[2], 0, missing[1], 0, missing[0]))

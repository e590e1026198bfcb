"""Where the steps of one replica come from: fresh batches and negatives, or the paper's replay buffer.

Source of the buffer: paper, section 5.1 and appendix A ("oversampling factor").
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.seeding import derive_seed
from nsbench.training.checkpoint.state_tensor import State, StateTensor, per_slot, prefixed, under

_REMEMBERED = "sampler_state"
"""What the tensors of a sampler's state are named after in a checkpoint."""


@dataclass(frozen=True)
class TrainingBatch:
    """A batch with its negatives, of one replica or of several.

    Attributes:
        batch: The users.
        negatives: What was drawn for them.
        sampler_states: The replicas' own, as the negatives were drawn with until the next draw or step; empty where unknown.
    """

    batch: UserBatch
    negatives: Negatives
    sampler_states: Sequence[SamplerState] = ()

    def n_without_negatives(self) -> Tensor:
        """int64[replicas], on the batch's device: real positions that none of the negatives may train."""
        mask, targets = self.negatives.mask, self.batch.targets
        if mask.device.type != "cpu":
            return targets.masked_fill(mask.any(-1), 0).view(self.batch.n_replicas, -1).count_nonzero(1)
        # By numpy, in a fraction of torch's time; hardly ever is there more to do than to look at everybody's first negative.
        mask_on_host = mask.numpy()
        none = ~mask_on_host[..., 0]
        if none.any():
            none[none] = ~mask_on_host[none].any(-1)
            none = none & (targets.numpy() > 0)
        return torch.from_numpy(none.reshape(self.batch.n_replicas, -1).sum(1))


class BatchStream:
    """Gives one replica's training batches, epoch after epoch, from the replica's own streams of randomness."""

    def __init__(
        self, batches: BatchSampler, sampler: Sampler, seed: int, device: torch.device, replay_factor: float = 0.0
    ) -> None:
        """Prepares to draw.

        Args:
            batches: Cuts users into batches.
            sampler: Proposes negatives.
            seed: The replica's root seed.
            device: Where negatives are drawn.
            replay_factor: Once this many epochs' batches are stored, batches are taken from those at random; 0: always fresh.
        """
        self.batches = batches
        self.sampler = sampler
        self._shuffle = np.random.default_rng(derive_seed(seed, "shuffle"))
        self._replay = np.random.default_rng(derive_seed(seed, "replay"))
        self.generator = torch.Generator(device).manual_seed(derive_seed(seed, "sampler"))
        self.sampler_state = sampler.initial_state()
        self._capacity = round(replay_factor * batches.n_batches)
        self._stored: list[TrainingBatch] = []
        self.draws_together = device.type != "cpu" and self._capacity == 0
        self._begin_epoch()

    def epoch(self) -> Iterator[TrainingBatch]:
        """The training batches of one epoch; after `restore`, what was left of the one in hand."""
        for batch in self._replayed() if self._replays else map(self._drawn, self._orders()):
            self._count()
            yield batch

    def orders(self) -> Iterator[NDArray[np.int64]]:
        """As `epoch`, the windows of each batch only, for `epoch_of` to draw negatives for; where nothing is replayed."""
        for chosen in self._orders():
            self._count()
            yield chosen

    def state(self) -> dict[str, StateTensor]:
        """Where the stream stands; the buffer is left out, since its batches follow from the seed."""
        own = {
            "n_given": torch.tensor(self._n_given),
            "n_stored": torch.tensor(len(self._stored)),
            "replays": torch.tensor(self._replays),
            "shuffle": self._began[0],
            "replay": self._began[1],
            "sampler": self.generator.get_state(),
        }
        return {**_of_one(own), **prefixed(_REMEMBERED, _of_one(self.sampler_state))}

    def restore(self, state: State) -> None:
        """Stands where `state` was taken; only a stream that has given nothing can do so."""
        own = {name: value.tensor for name, value in state.items()}
        while len(self._stored) < int(own["n_stored"]):
            for _ in islice(self.epoch(), int(own["n_stored"]) - len(self._stored)):
                pass
        self._n_given = int(own["n_given"])
        self._replays = bool(own["replays"])
        self._began = (own["shuffle"], own["replay"])
        _set_state(self._shuffle, own["shuffle"])
        _set_state(self._replay, own["replay"])
        self.generator.set_state(own["sampler"])
        for name, remembered in under(_REMEMBERED, state).items():
            self.sampler_state[name].copy_(remembered.tensor)

    def _count(self) -> None:
        self._n_given += 1
        if self._n_given == self.batches.n_batches:
            self._begin_epoch()

    def _begin_epoch(self) -> None:
        self._n_given = 0
        self._began = (_state_of(self._shuffle), _state_of(self._replay))
        # Decided once per epoch: a buffer that fills up within one is used from the next one on.
        self._replays = 0 < self._capacity <= len(self._stored)

    def _replayed(self) -> Iterator[TrainingBatch]:
        for number in self._replay.integers(len(self._stored), size=self.batches.n_batches)[self._n_given :]:
            yield self._stored[number]

    def _orders(self) -> Iterator[NDArray[np.int64]]:
        return islice(self.batches.orders(self._shuffle), self._n_given, None)

    def _drawn(self, chosen: NDArray[np.int64]) -> TrainingBatch:
        batch = training_batch_of([self], [chosen])
        if len(self._stored) < self._capacity:
            self._stored.append(batch)
        return batch


def training_batch_of(streams: Sequence[BatchStream], chosen: Sequence[NDArray[np.int64]]) -> TrainingBatch:
    """A training batch of several replicas, each from its own stream, and the same as if it were the only one.

    Args:
        streams: The replicas', of the same batches and sampler.
        chosen: int64[rows], the windows of each.
    """
    return with_negatives(streams, streams[0].batches.batch(np.stack(chosen)))


def with_negatives(streams: Sequence[BatchStream], batch: UserBatch) -> TrainingBatch:
    """A batch of all replicas' users with the negatives that are drawn for them; `streams` as of `training_batch_of`."""
    states = [stream.sampler_state for stream in streams]
    random = Streams(*(stream.generator for stream in streams), states=states)
    return TrainingBatch(batch, streams[0].sampler.propose(batch, random), states)


def epoch_of(streams: Sequence[BatchStream]) -> Iterator[tuple[TrainingBatch, ...]]:
    """The training batches of all replicas for each step of an epoch.

    On a CPU each replica's own. On a GPU, where calls are most of what drawing takes, one for all of them, unless they are
    replayed.

    Args:
        streams: One per replica, of the same batches and sampler.
    """
    if not streams[0].draws_together:
        yield from zip(*(stream.epoch() for stream in streams), strict=True)
        return
    for chosen in zip(*(stream.orders() for stream in streams), strict=True):
        yield (training_batch_of(streams, chosen),)


def _of_one(tensors: Mapping[str, Tensor]) -> dict[str, StateTensor]:
    return {name: per_slot([tensor]) for name, tensor in tensors.items()}


def _state_of(generator: np.random.Generator) -> Tensor:
    text = json.dumps(generator.bit_generator.state).encode()
    return torch.frombuffer(bytearray(text), dtype=torch.uint8)


def _set_state(generator: np.random.Generator, state: Tensor) -> None:
    generator.bit_generator.state = json.loads(state.numpy().tobytes())


def states_of(batches: Sequence[TrainingBatch]) -> Sequence[SamplerState]:
    """The sampler's states of all replicas, in the order of the batches."""
    return [state for batch in batches for state in batch.sampler_states]


def stacked(batches: Sequence[TrainingBatch]) -> Negatives:
    """The replicas' negatives along a new first axis; users, positions and places that one lacks are masked."""
    users_per_draw = batches[0].negatives.users_per_draw
    n_replicas = [one.batch.n_replicas for one in batches]
    item_ids = _stacked([one.negatives.item_ids for one in batches], n_replicas)
    n_users = item_ids.shape[1] * users_per_draw if users_per_draw > 1 else None
    mask = _stacked([one.negatives.mask for one in batches], n_replicas, n_users)
    given = [one.negatives.offsets for one in batches if one.negatives.offsets is not None]
    offsets = _stacked(given, n_replicas, n_users) if given else None
    return Negatives(item_ids, mask, users_per_draw, offsets)


def _stacked(tensors: Sequence[Tensor], n_replicas: Sequence[int], n_users: int | None = None) -> Tensor:
    """Tensors of some replicas each, filled up with zeros to the largest of each axis, the first one to n_users."""
    parts = [tensor.view(n, -1, *tensor.shape[1:]) for n, tensor in zip(n_replicas, tensors, strict=True)]
    shape = [max(part.shape[axis] for part in parts) for axis in (1, 2, 3)]
    if n_users is not None:
        shape[0] = n_users
    return torch.cat([_padded(part, shape) for part in parts])


def _padded(tensor: torch.Tensor, shape: list[int]) -> torch.Tensor:
    missing = [size - have for size, have in zip(shape, tensor.shape[1:], strict=True)]
    return torch.nn.functional.pad(tensor, (0, missing[2], 0, missing[1], 0, missing[0]))

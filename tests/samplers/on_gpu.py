"""A sampler that draws on a pretended GPU, for callers on the host."""

from dataclasses import replace
from typing import final

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.data.dataset import Dataset
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu
from tests.samplers.log import context_of


@final
class SamplerOnGpu(Sampler):
    """Takes batches to the device, and brings back what is drawn."""

    def __init__(self, settings: SamplerSettings, log: Dataset) -> None:
        self._on_host = settings.build(context_of(log))
        with pretended_gpu():
            self._sampler = settings.build(context_of(log, PRETEND_GPU))

    def initial_state(self) -> SamplerState:
        with pretended_gpu():
            return self._sampler.initial_state()

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        with pretended_gpu():
            return _on_host(self._sampler.propose(_on_gpu(batch), _streams_on_gpu(streams)))

    def in_state(self, state: SamplerState) -> Sampler:
        with pretended_gpu():
            return self._on_host.in_state({name: tensor.cpu() for name, tensor in state.items()})

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        # The host's: what is drawn on the GPU is held against it, and a step asks for none.
        return self._on_host.log_q(batch, item_ids)

    def select(self, negatives: Negatives, scores: Tensor, positive_scores: Tensor) -> Negatives:
        with pretended_gpu():
            on_gpu = _moved(negatives, PRETEND_GPU)
            return _on_host(self._sampler.select(on_gpu, scores.to(PRETEND_GPU), positive_scores.to(PRETEND_GPU)))


def log_q_on_gpu(settings: SamplerSettings, log: Dataset, batch: UserBatch, item_ids: Tensor) -> Tensor:
    """The log_q of a sampler on the device, brought back."""
    with pretended_gpu():
        sampler = settings.build(context_of(log, PRETEND_GPU))
        return sampler.log_q(_on_gpu(batch), item_ids.to(PRETEND_GPU)).cpu()


def _streams_on_gpu(streams: Streams) -> Streams:
    """Streams on the device that follow from what these give next."""
    seeds = [int(torch.randint(2**62, (), generator=generator)) for generator in streams.generators]
    return Streams(*(torch.Generator(PRETEND_GPU).manual_seed(seed) for seed in seeds), states=streams.states)


def _on_gpu(batch: UserBatch) -> UserBatch:
    users, lengths, inputs, targets = (
        part.to(PRETEND_GPU) for part in (batch.users, batch.lengths, batch.inputs, batch.targets)
    )
    return replace(batch, users=users, lengths=lengths, inputs=inputs, targets=targets)


def _on_host(negatives: Negatives) -> Negatives:
    return _moved(negatives, torch.device("cpu"))


def _moved(negatives: Negatives, device: torch.device) -> Negatives:
    offsets = None if negatives.offsets is None else negatives.offsets.to(device)
    return replace(negatives, item_ids=negatives.item_ids.to(device), mask=negatives.mask.to(device), offsets=offsets)

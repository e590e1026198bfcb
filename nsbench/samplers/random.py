"""Uniform negatives: every item of the catalogue is as likely as any other."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.sharing import NegativeSharing
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import NegativeCount, Sampler, SamplerSettings
from nsbench.terms import Trait


@final
@dataclass(frozen=True)
class Uniform:
    """Each of the items 1..n_candidates with the same probability."""

    n_candidates: int

    def draw(self, shape: torch.Size, streams: Streams) -> Tensor:
        """As of `Proposal`."""
        return streams.integers(1, self.n_candidates + 1, shape)

    def log_prob(self, item_ids: Tensor) -> Tensor:
        """As of `Proposal`; one number for all."""
        return torch.full(
            (1,) * item_ids.dim(), -math.log(self.n_candidates), dtype=torch.float64, device=item_ids.device
        )

    def mass(self, history: UserHistory) -> Tensor:
        """As of `Proposal`."""
        return (history.offsets[1:] - history.offsets[:-1]).double() / self.n_candidates


class RandomSettings(SamplerSettings):
    """Uniform negatives from the whole catalogue."""

    name: ClassVar[str] = "random"
    label: ClassVar[str] = "Random"
    paper_name: ClassVar[str | None] = "RNS"
    traits: ClassVar[frozenset[Trait]] = frozenset({"global"})

    n_negatives: NegativeCount = 100
    negative_sharing: NegativeSharing = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """Uniform over the candidates."""
        history, sharing = context.history(self.excluded), context.sharing(self.negative_sharing)
        return Independent.of(Uniform(context.n_candidates), self.n_negatives, history, sharing)

"""Uniform negatives: every item of the catalogue is as likely as any other."""

import math
from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.draw import draw_unseen, tries
from nsbench.samplers.history import UserHistory
from nsbench.samplers.sampler import NegativeCount, Negatives, Sampler, SamplerContext, SamplerSettings
from nsbench.samplers.sharing import BY_USER, NegativeSharing, Sharing
from nsbench.samplers.stream import Streams


@dataclass(frozen=True)
class Uniform(Sampler):
    """Independent uniform draws from the items 1..n_candidates, the user's history left out."""

    n_negatives: int
    n_candidates: int
    history: UserHistory
    sharing: Sharing = BY_USER

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Draws for each position, user, group or batch."""

        def draw(shape: torch.Size, _: Tensor) -> Tensor:
            return streams.integers(1, self.n_candidates + 1, shape)

        return draw_unseen(draw, batch, self.n_negatives, self.history, self.sharing)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """N / n_candidates, times the draws that leaving out the history takes where it is left out by drawing again."""
        expected = math.log(self.n_negatives / self.n_candidates)
        if self.sharing.n_users != 1:
            return torch.full((1, 1, 1), expected, device=item_ids.device)
        offsets = self.history.offsets
        n_seen = offsets[batch.users + 1] - offsets[batch.users]
        again = tries(n_seen.double() / self.n_candidates)
        return (expected + again.log()).float()[:, None, None]


class RandomSettings(SamplerSettings):
    """Uniform negatives from the whole catalogue."""

    name: ClassVar[str] = "random"
    label: ClassVar[str] = "Random"
    paper_name: ClassVar[str | None] = "RNS"
    traits: ClassVar[frozenset[Literal["in-batch", "global", "model-based"]]] = frozenset({"global"})

    n_negatives: NegativeCount = 100
    negative_sharing: NegativeSharing = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """Uniform over the candidates."""
        history = context.history(self.excluded)
        return Uniform(self.n_negatives, context.n_candidates, history, context.sharing(self.negative_sharing))

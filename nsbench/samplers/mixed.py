"""Mixed negatives: the union of several samplers' proposals.

Source: Yang et al., "Mixed negative sampling for learning two-tower neural networks in recommendations", WWW 2020.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.negative_count import Proposed
from nsbench.samplers.batch import in_batch
from nsbench.samplers.context import Exclusion, SamplerContext
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.sharing import SharedByUsers, UserOrGroup
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.random import Uniform
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.search import IntRange
from nsbench.terms import Trait

InBatchCount = Annotated[
    int,
    Field(ge=1, le=100_000, description="in-batch negatives for each positive"),
    IntRange(5, 200, log=True),
    Proposed("in batch"),
]
UniformCount = Annotated[
    int,
    Field(ge=1, le=100_000, description="uniform negatives for each positive"),
    IntRange(5, 500, log=True),
    Proposed("uniform"),
]


@dataclass(frozen=True)
class Mixed(Sampler):
    """The union of what its parts propose, to the same users; an item may come from each of them."""

    parts: tuple[Sampler, ...]

    def initial_state(self) -> SamplerState:
        """The parts' states joined, by names that differ."""
        states = [part.initial_state() for part in self.parts]
        joined = {name: tensor for state in states for name, tensor in state.items()}
        assert len(joined) == sum(map(len, states))
        return joined

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Joins the parts' proposals along the last axis."""
        proposals = [part.propose(batch, streams) for part in self.parts]
        item_ids, mask = (joined(tensors) for tensors in zip(*((p.item_ids, p.mask) for p in proposals), strict=True))
        return Negatives(item_ids, mask, proposals[0].users_per_draw)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """Log of the sum of the parts' expected counts: an item's count doesn't depend on which part gave it."""
        log_qs = [part.log_q(batch, item_ids) for part in self.parts]
        shape = torch.broadcast_shapes(*(log_q.shape for log_q in log_qs))
        return torch.logsumexp(torch.stack([log_q.expand(shape) for log_q in log_qs]), 0)


def joined(tensors: Sequence[Tensor]) -> Tensor:
    """Joins tensors of [batch | 1, length | 1, n_i] along n, after broadcasting what some share."""
    n_users = max(t.shape[0] for t in tensors)
    length = max(t.shape[1] for t in tensors)
    return torch.cat([t.expand(n_users, length, -1) for t in tensors], -1)


def mixed(
    n_in_batch: int,
    n_uniform: int,
    context: SamplerContext,
    exclude: Exclusion,
    shared_by: SharedByUsers = "user",
) -> Mixed:
    """In-batch and uniform negatives joined."""
    history, sharing = context.history(exclude), context.sharing(shared_by)
    uniform = Independent.of(Uniform(context.n_candidates), n_uniform, history, sharing)
    return Mixed((in_batch(n_in_batch, context, exclude, shared_by), uniform))


class MixedSettings(SamplerSettings):
    """In-batch and uniform negatives joined."""

    name: ClassVar[str] = "mixed"
    label: ClassVar[str] = "Mixed"
    paper_name: ClassVar[str | None] = "MNS"
    traits: ClassVar[frozenset[Trait]] = frozenset({"in-batch", "global"})

    n_in_batch: InBatchCount = 50
    n_uniform: UniformCount = 50
    negative_sharing: UserOrGroup = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """The union of in-batch and uniform."""
        return mixed(self.n_in_batch, self.n_uniform, context, self.excluded, self.negative_sharing)

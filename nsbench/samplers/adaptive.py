"""Adaptive negatives: of what another sampler proposes, those that the model scores highest.

Source: Rendle and Freudenthaler, WSDM 2014; Zhang et al. (DNS), SIGIR 2013; DNS(M, N) of Shi et al., WWW 2023.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.negative_count import Kept, Proposed
from nsbench.samplers.batch import explain_small_pool, in_batch
from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.selection import Ties, highest
from nsbench.samplers.drawing.sharing import UserOrGroup
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.mixed import InBatchCount, mixed
from nsbench.samplers.random import Uniform
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.search import IntRange
from nsbench.terms import Trait

_Pool = Annotated[
    int, Field(ge=1, le=100_000, description="proposed negatives for each positive"), IntRange(50, 500, log=True)
]
PoolCount = Annotated[_Pool, Proposed()]
UniformPoolCount = Annotated[_Pool, Proposed("uniform")]
HardestCount = Annotated[
    int,
    Field(ge=1, le=100_000, description="how many of the highest-scored proposed negatives are trained on"),
    IntRange(1, 50, log=True),
    Kept(),
]

TiesField = Annotated[
    Ties,
    Field(
        description="of negatives that score as the last of the hardest, an item drawn twice among them, all are trained on, "
        "or the first until there are n_hardest (the published code)"
    ),
]


@dataclass(frozen=True)
class Hardest(Sampler):
    """The highest-scored negatives of another sampler, chosen for each position."""

    pool: Sampler
    n_hardest: int
    ties: Ties = "all"

    def initial_state(self) -> SamplerState:
        """The pool's."""
        return self.pool.initial_state()

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Proposes the whole pool."""
        return self.pool.propose(batch, streams)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The pool's: selection depends on the model and has no closed form."""
        return self.pool.log_q(batch, item_ids)

    def select(self, negatives: Negatives, scores: Tensor, positive_scores: Tensor) -> Negatives:
        """Keeps the `n_hardest` highest-scored of the pool's valid negatives; of those that tie with the last, as `ties` says."""
        negatives = self.pool.select(negatives, scores, positive_scores)
        if self.n_hardest >= scores.shape[-1]:
            return negatives
        return replace(negatives, mask=highest(scores, negatives.mask, self.n_hardest, self.ties))


class AdaptiveSettings(SamplerSettings):
    """The highest-scored of uniform negatives (the paper's text; its code selects from in-batch ones)."""

    name: ClassVar[str] = "adaptive"
    label: ClassVar[str] = "Adaptive"
    paper_name: ClassVar[str | None] = "ANS"
    traits: ClassVar[frozenset[Trait]] = frozenset({"global", "model-based"})

    n_negatives: PoolCount = 100
    n_hardest: HardestCount = 25
    hardest_ties: TiesField = "all"
    negative_sharing: UserOrGroup = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """The hardest of uniform draws."""
        history, sharing = context.history(self.excluded), context.sharing(self.negative_sharing)
        uniform = Independent.of(Uniform(context.n_candidates), self.n_negatives, history, sharing)
        return Hardest(uniform, self.n_hardest, self.hardest_ties)


class AdaptiveBatchSettings(AdaptiveSettings):
    """The highest-scored of in-batch negatives (what the paper's published numbers for ANS were made with)."""

    name: ClassVar[str] = "adaptive-batch"
    label: ClassVar[str] = "Adaptive batch"
    traits: ClassVar[frozenset[Trait]] = frozenset({"in-batch", "model-based"})

    def build(self, context: SamplerContext) -> Sampler:
        """The hardest of in-batch draws."""
        pool = in_batch(self.n_negatives, context, self.excluded, self.negative_sharing)
        return Hardest(pool, self.n_hardest, self.hardest_ties)

    def explain_shortage(self, batch_size: int) -> str:
        """Where all negatives are in-batch ones."""
        return explain_small_pool(batch_size, self.excluded_in_words)


class AdaptiveMixedSettings(SamplerSettings):
    """The highest-scored of in-batch and uniform negatives joined."""

    name: ClassVar[str] = "adaptive-mixed"
    label: ClassVar[str] = "Adaptive mixed"
    paper_name: ClassVar[str | None] = "AMNS"
    traits: ClassVar[frozenset[Trait]] = frozenset({"in-batch", "global", "model-based"})

    n_in_batch: InBatchCount = 10
    n_uniform: UniformPoolCount = 100
    n_hardest: HardestCount = 25
    hardest_ties: TiesField = "all"
    negative_sharing: UserOrGroup = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """The hardest of mixed draws."""
        pool = mixed(self.n_in_batch, self.n_uniform, context, self.excluded, self.negative_sharing)
        return Hardest(pool, self.n_hardest, self.hardest_ties)

"""AHNS, adaptive hardness negative sampling: the higher the positive scores already, the easier its negative.

Of uniform candidates a position's negative is the one whose score s_j is nearest to beta (s+ + alpha) ** (p + 1), with p = -2
to beta / (s+ + alpha), where s+ is the score of the positive. A positive that scores low gets a negative that scores high, and
the other way round: the hardest negatives, which are likelier to be items that the user would have liked, go to the positives
that need them.

Source: Lai et al., "Adaptive hardness negative sampling for collaborative filtering", AAAI 2024; defaults as in the published
code. Two deviations. A positive that scores below 0 counts as 0: else the wanted score would have a pole at s+ = -alpha and be
negative beyond it, easiest where it should be hardest. And a user's positions share their candidates, as everywhere here, and
choose among them each for itself.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, final

from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.negative_count import Kept, Proposed
from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.selection import highest
from nsbench.samplers.drawing.sharing import UserOrGroup
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.random import Uniform
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.search import FloatRange, IntRange
from nsbench.terms import Trait


@final
@dataclass(frozen=True)
class Nearest(Sampler):
    """The negatives of another sampler whose scores are nearest to what the positive's score asks for.

    Attributes:
        pool: Proposes candidates.
        n_nearest: How many of them a position trains on.
        alpha: Above 0; the smaller, the more the wanted score depends on the positive's.
        beta: Above 0; times 1 / alpha the score wanted for a positive that scores 0.
    """

    pool: Sampler
    n_nearest: int
    alpha: float
    beta: float

    def initial_state(self) -> SamplerState:
        """The pool's."""
        return self.pool.initial_state()

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Proposes all candidates."""
        return self.pool.propose(batch, streams)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The pool's: selection depends on the model and has no closed form."""
        return self.pool.log_q(batch, item_ids)

    def select(self, negatives: Negatives, scores: Tensor, positive_scores: Tensor) -> Negatives:
        """Keeps the `n_nearest` valid negatives with the smallest |s_j - beta / (s+ + alpha)|, of equal ones the first."""
        negatives = self.pool.select(negatives, scores, positive_scores)
        if self.n_nearest >= scores.shape[-1]:
            return negatives
        wanted = self.beta / (positive_scores.clamp(min=0) + self.alpha)
        nearness = (scores - wanted[..., None]).abs_().neg_()
        return replace(negatives, mask=highest(nearness, negatives.mask, self.n_nearest, "first"))


class AhnsSettings(SamplerSettings):
    """Of uniform negatives those whose scores are nearest to a score that falls as the positive's rises."""

    name: ClassVar[str] = "ahns"
    label: ClassVar[str] = "AHNS"
    traits: ClassVar[frozenset[Trait]] = frozenset({"global", "model-based"})

    n_negatives: Annotated[
        int,
        Field(ge=1, le=100_000, description="proposed negatives for each positive"),
        IntRange(16, 256, log=True),
        Proposed(),
    ] = 32
    n_nearest: Annotated[
        int,
        Field(
            ge=1, le=100_000, description="how many of the proposed negatives with the nearest scores are trained on"
        ),
        IntRange(1, 10, log=True),
        Kept(),
    ] = 1
    hardness_alpha: Annotated[
        float,
        Field(
            gt=0, le=100, description="a negative's score is to be hardness_beta / (the positive's + hardness_alpha)"
        ),
        FloatRange(0.1, 2.0, log=True),
    ] = 1.0
    hardness_beta: Annotated[
        float,
        Field(gt=0, le=1_000, description="how high the wanted scores of negatives are; see hardness_alpha"),
        FloatRange(0.05, 5.0, log=True),
    ] = 0.1
    negative_sharing: UserOrGroup = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """The nearest of uniform draws."""
        history, sharing = context.history(self.excluded), context.sharing(self.negative_sharing)
        uniform = Independent.of(Uniform(context.n_candidates), self.n_negatives, history, sharing)
        return Nearest(uniform, self.n_nearest, self.hardness_alpha, self.hardness_beta)

"""BIR, in-batch importance resampling: what other users of the step chose, as often as the model itself would draw it.

A batch holds an item about as often as its popularity p_j says. Drawn again from it with probabilities softmax(s_j - log p_j),
where s_j is the score of item j at a position, items come as if from the model's softmax over the catalogue. Those are what the
gradient of exact cross-entropy is made of, and no score is computed beyond those of the batch.

Source: Chen et al., "Cache-augmented inbatch importance resampling for training recommender retriever", NeurIPS 2022. There an
item may be drawn again several times; here each place of the pool once at most, in the order of s_j - log p_j + a Gumbel number,
which is the same drawing without putting back. The pool is a sample of the batch for each user, not all of it; p_j is the
item's share of the training targets. With the paper's cache of items that were resampled often it is `xir`.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, final

from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.negative_count import Kept
from nsbench.samplers.adaptive import PoolCount
from nsbench.samplers.batch import explain_small_pool, in_batch
from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.selection import highest
from nsbench.samplers.drawing.sharing import UserOrGroup
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.search import IntRange
from nsbench.terms import Trait


@final
@dataclass(frozen=True)
class Resampled(Sampler):
    """Another sampler's negatives, drawn again for each position with the model's probabilities.

    Attributes:
        pool: Proposes an item with a probability in proportion to `log_share`.
        n_resampled: How many of them a position trains on.
        log_share: float64[n_items + 1].
    """

    pool: Sampler
    n_resampled: int
    log_share: Tensor

    def initial_state(self) -> SamplerState:
        """The pool's."""
        return self.pool.initial_state()

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Proposes the whole pool, with the random numbers that each position will select by."""
        negatives = self.pool.propose(batch, streams)
        return with_offsets(negatives, self.log_share[negatives.item_ids], batch, streams)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The pool's: resampling depends on the model and has no closed form."""
        return self.pool.log_q(batch, item_ids)

    def select(self, negatives: Negatives, scores: Tensor, positive_scores: Tensor) -> Negatives:
        """Keeps the `n_resampled` valid negatives with the highest s_j - log p_j + Gumbel number."""
        negatives = self.pool.select(negatives, scores, positive_scores)
        if self.n_resampled >= scores.shape[-1]:
            return negatives
        assert negatives.offsets is not None
        return replace(
            negatives, mask=highest(scores + negatives.offsets, negatives.mask, self.n_resampled, ties="first")
        )


def with_offsets(negatives: Negatives, log_share: Tensor, batch: UserBatch, streams: Streams) -> Negatives:
    """A pool with a Gumbel number - log q_j for each position and place.

    The k places where this plus the score s_j is highest are k draws from the pool, with probabilities softmax(s_j - log q_j).

    Args:
        negatives: The pool.
        log_share: float64 of the pool's ids' shape, log of the share of draws that give the item of each place.
        batch: The users.
        streams: Of the draw.
    """
    n = negatives.item_ids.shape[-1]
    # float32 is quicker, and exact enough near 0: that is where the highest Gumbel numbers come from.
    uniform = streams.uniform((*batch.inputs.shape, n)).float()
    gumbel = uniform.neg_().log1p_().neg_().log_().neg_()  # [batch, length, n]
    # A replica's last group may be smaller than the others.
    by_draw = log_share.view(batch.n_replicas, -1, *negatives.item_ids.shape[1:])
    n_users = len(batch.users) // batch.n_replicas
    by_user = by_draw.repeat_interleave(negatives.users_per_draw, 1)[:, :n_users].flatten(0, 1)
    return replace(negatives, offsets=gumbel.sub_(by_user))


class BirSettings(SamplerSettings):
    """In-batch negatives, resampled by the model's scores over their popularity."""

    name: ClassVar[str] = "bir"
    label: ClassVar[str] = "BIR"
    traits: ClassVar[frozenset[Trait]] = frozenset({"in-batch", "model-based"})

    n_negatives: PoolCount = 100
    n_resampled: Annotated[
        int,
        Field(ge=1, le=100_000, description="how many of the proposed negatives are drawn again, and trained on"),
        IntRange(1, 50, log=True),
        Kept(),
    ] = 25
    negative_sharing: UserOrGroup = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """In-batch draws, resampled."""
        pool = in_batch(self.n_negatives, context, self.excluded, self.negative_sharing)
        return Resampled(pool, self.n_resampled, context.target_share.log())

    def explain_shortage(self, batch_size: int) -> str:
        """Where all negatives are in-batch ones."""
        return explain_small_pool(batch_size, self.excluded_in_words)

"""Cross-batch negatives: the positives of this step's batch and of those before it.

Source: Wang et al., "Cross-batch negative sampling for training two-tower recommenders", SIGIR 2021. There the queue holds the
items' vectors as the encoder gave them in earlier steps, which are a little old. Here an item's vector is a row of a table, so
the queue holds item ids alone, whose vectors are looked up afresh and get gradients; and of the queue, all of which the paper
takes, each user gets a sample.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.context import Exclusion, SamplerContext, StateSize
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.sharing import NegativeSharing, SharedBy
from nsbench.samplers.drawing.stream import SamplerState, StateSpec, Streams, TensorSpec, zero_state
from nsbench.samplers.sampler import NegativeCount, Negatives, Sampler, SamplerSettings
from nsbench.search import IntRange
from nsbench.terms import Trait


@final
@dataclass(frozen=True)
class PositiveQueue:
    """The positives of the last batches, of which each is drawn as often as any other: a `Proposal` that moves with the steps.

    The state of a replica is `queued_items`, int32[n_batches, width], a batch in each row and the oldest overwritten by the
    next; `queued_sizes`, int64[n_batches], how many of a row are positives; and `n_queued`, int64[1], batches up to now.

    Attributes:
        n_batches: Batches that are kept.
        width: Positives of a batch, at most.
        target_share: float64[n_items + 1], each item's share of the training targets, which is the share of draws that give
            it over many steps.
    """

    n_batches: int
    width: int
    target_share: Tensor

    def initial_state(self) -> SamplerState:
        """An empty queue."""
        return zero_state(queue_spec(self.n_batches, self.width), self.target_share.device)

    def push(self, state: SamplerState, targets: Tensor) -> None:
        """Puts a batch into a replica's queue, in place of the oldest where it is full.

        Args:
            state: The queue; changed in place.
            targets: int64[batch, length], the positives; 0 where padded.
        """
        positives = targets.flatten()
        is_real = positives > 0
        # One place more takes what is padded.
        place = torch.where(is_real, is_real.cumsum(0) - 1, self.width)
        row = positives.new_zeros(self.width + 1).scatter_(0, place, positives)[: self.width]
        oldest = state["n_queued"] % self.n_batches
        state["queued_items"].index_copy_(0, oldest, row[None].int())
        state["queued_sizes"].index_copy_(0, oldest, is_real.sum(0, keepdim=True))
        state["n_queued"].add_(1)

    def draw(self, shape: torch.Size, streams: Streams) -> Tensor:
        """As of `Proposal`, from each replica's own queue."""
        items, sizes = (torch.stack([own[name] for own in streams.states]) for name in ("queued_items", "queued_sizes"))
        ends = sizes.cumsum(1)  # [R, n_batches]
        place = streams.uniform(shape).view(len(ends), -1).mul_(ends[:, -1:]).long()
        row = torch.searchsorted(ends, place, right=True)
        index = place - (ends - sizes).gather(1, row) + row * self.width
        return items.flatten(1).gather(1, index).long().view(shape)

    def log_prob(self, item_ids: Tensor) -> Tensor:
        """As of `Proposal`: over many steps the queue holds what is trained on."""
        return self.target_share[item_ids].log()

    def mass(self, history: UserHistory) -> Tensor:
        """As of `Proposal`, over many steps."""
        return history.mass(self.target_share)


def queue_spec(n_batches: int, width: int) -> StateSpec:
    """The state of a `PositiveQueue`."""
    return {
        "queued_items": TensorSpec((n_batches, width), torch.int32),
        "queued_sizes": TensorSpec((n_batches,), torch.int64),
        "n_queued": TensorSpec((1,), torch.int64),
    }


@final
@dataclass(frozen=True)
class CrossBatch(Sampler):
    """Independent draws from the positives of the last batches, this step's among them; the user's history is left out.

    An item that several users chose is in the queue as often. Where batches are small, their users' choices are few and the
    same for all; the queue holds those of many.

    Attributes:
        queue: What is drawn from.
        draws: The draws.
    """

    queue: PositiveQueue
    draws: Independent

    def initial_state(self) -> SamplerState:
        """An empty queue."""
        return self.queue.initial_state()

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Puts the batch into the queue, and draws from it."""
        for own, state in zip(batch.replicas(), streams.states, strict=True):
            self.queue.push(state, own.targets)
        return self.draws.propose(batch, streams)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """N p_j, p_j the item's share of the training targets, times the draws that leaving out the history takes."""
        return self.draws.log_q(batch, item_ids)


def cross_batch(
    n_negatives: int, n_batches_kept: int, context: SamplerContext, exclude: Exclusion, shared_by: SharedBy = "user"
) -> CrossBatch:
    """The cross-batch atom over these training interactions, with room for full batches of the longest rows."""
    queue = PositiveQueue(n_batches_kept, context.state_size.n_positives, context.target_share)
    history, sharing = context.history(exclude), context.sharing(shared_by)
    return CrossBatch(queue, Independent.of(queue, n_negatives, history, sharing))


BatchesKept = Annotated[
    int,
    Field(ge=1, le=10_000, description="batches whose positives are drawn from: this step's and those before it"),
    IntRange(2, 50, log=True),
]


class CrossBatchSettings(SamplerSettings):
    """Negatives from the positives of the last batches, this one's among them."""

    name: ClassVar[str] = "cross-batch"
    label: ClassVar[str] = "Cross-batch"
    traits: ClassVar[frozenset[Trait]] = frozenset({"in-batch"})

    n_negatives: NegativeCount = 100
    n_batches_kept: BatchesKept = 10
    negative_sharing: NegativeSharing = "user"

    def state_spec(self, size: StateSize) -> StateSpec:
        """The queue's."""
        return queue_spec(self.n_batches_kept, size.n_positives)

    def build(self, context: SamplerContext) -> Sampler:
        """Draws from the queue."""
        return cross_batch(self.n_negatives, self.n_batches_kept, context, self.excluded, self.negative_sharing)

"""XIR, cache-augmented importance resampling: BIR, of the batch and of a cache of items that were resampled often.

What the model scores high is rare in a batch, where items come as often as they are popular. So the sampler counts how often
each item was drawn again, o_j, and fills a cache with items of probability q_j = o_j / (the sum of o). A position's pool
comes from the batch and from the cache; of the batch's part it draws with probabilities softmax(s_j - log p_j), p_j the item's
share of the training targets, and of the cache's with softmax(s_j - log q_j), where s_j is the score of item j at the
position. Either is as if drawn from the model's softmax over the catalogue. After the step all that were drawn are counted,
and the next step's cache is filled by the new counts.

Source: Chen et al., "Cache-augmented inbatch importance resampling for training recommender retriever", NeurIPS 2022, algorithm
2. Deviations: counts begin at 1 for every candidate instead of 0, which makes the first cache uniform, as there, and leaves
no item without a way into it. Each user's pool is a sample of the cache, as it is one of the batch, and each of its places is
drawn once at most, as in `bir`. A loss takes what was drawn from both as one set, in which each part has its share;
the paper adds up a softmax of each part, and gives both the same number and weight, as `cache_share` does by default.
"""

import math
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.negative_count import Kept, Proposed
from nsbench.samplers.batch import InBatch, in_batch
from nsbench.samplers.bir import with_offsets
from nsbench.samplers.context import SamplerContext, StateSize
from nsbench.samplers.drawing.draw import draw_unseen, tries
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.selection import highest
from nsbench.samplers.drawing.sharing import BY_USER, Sharing, UserOrGroup
from nsbench.samplers.drawing.stream import SamplerState, StateSpec, Streams, TensorSpec
from nsbench.samplers.mixed import joined
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.search import FloatRange, IntRange
from nsbench.terms import Trait


@final
@dataclass(frozen=True)
class Cache:
    """Items that are drawn as often as they were resampled.

    The state of a replica is `resampled_counts`, int64[n_items + 1], how often each item was, and once more.

    Attributes:
        size: Places; an item may have several.
        first_counts: int64[n_items + 1], 1 for each candidate.
    """

    size: int
    first_counts: Tensor

    def filled(self, counts: Tensor, streams: Streams) -> Tensor:
        """int64[replicas, size], item ids by each replica's counts, int64[replicas, n_items + 1]."""
        ends = counts.cumsum(1)
        place = streams.uniform((len(ends) * self.size,)).view(len(ends), -1).mul_(ends[:, -1:]).long()
        return torch.searchsorted(ends, place, right=True)


def log_shares(counts: Tensor, item_ids: Tensor) -> Tensor:
    """float64 of the ids' shape, log of each item's share of the counts of its replica, int64[replicas, n_items + 1]."""
    found = counts.gather(1, item_ids.reshape(len(counts), -1)).double().log_()
    return found.sub_(counts.sum(1, keepdim=True).double().log_()).view(item_ids.shape)


@final
@dataclass(frozen=True)
class CacheAugmented(Sampler):
    """In-batch negatives and those of a cache, drawn again for each position with the model's probabilities.

    The cache's places come first, since a small batch has fewer than it is asked for.

    Attributes:
        in_batch: Proposes the batch's part, an item with a probability in proportion to `log_share`.
        cache: What the other part is drawn from.
        n_from_cache: The other part's draws.
        n_kept: How many a position trains on, of the cache's and of the batch's part.
        log_share: float64[n_items + 1].
        history: What each user has had.
        counts: int64[n_items + 1], those of `log_q`.
        sharing: Who shares a pool.
    """

    in_batch: InBatch
    cache: Cache
    n_from_cache: int
    n_kept: tuple[int, int]
    log_share: Tensor
    history: UserHistory
    counts: Tensor
    sharing: Sharing = BY_USER

    def initial_state(self) -> SamplerState:
        """One for each candidate."""
        return {"resampled_counts": self.cache.first_counts.clone()}

    def in_state(self, state: SamplerState) -> Sampler:
        """With the state's counts."""
        return replace(self, counts=state["resampled_counts"])

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Fills the cache and proposes both parts, with the random numbers that each position will select by."""
        counts = torch.stack([own["resampled_counts"] for own in streams.states])
        cached = self.cache.filled(counts, streams)

        def draw(shape: torch.Size, _: Tensor) -> Tensor:
            place = streams.integers(0, self.cache.size, shape)
            return cached.gather(1, place.view(len(cached), -1)).view(shape)

        parts = (
            draw_unseen(draw, batch, self.n_from_cache, self.history, self.sharing),
            self.in_batch.propose(batch, streams),
        )
        of_cache, of_batch = (part.item_ids for part in parts)
        log_q = joined([log_shares(counts, of_cache), self.log_share[of_batch]])
        mask = joined([part.mask for part in parts])
        pool = Negatives(joined([of_cache, of_batch]), mask, self.sharing.users_per_draw)
        return with_offsets(pool, log_q, batch, streams)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The pool's, over all caches that the counts may give: resampling depends on the model and has no closed form."""
        from_cache = log_shares(self.counts[None], item_ids) + math.log(self.n_from_cache)
        if self.sharing.n_users == 1:
            seen_mass = self.history.total(batch.users, self.counts).double() / self.counts.sum()
            from_cache = from_cache + tries(seen_mass).log()[:, None, None]
        return torch.logaddexp(from_cache.float(), self.in_batch.log_q(batch, item_ids))

    def select(self, negatives: Negatives, scores: Tensor, positive_scores: Tensor) -> Negatives:
        """Keeps of each part the valid negatives with the highest s_j - log q_j + Gumbel number."""
        assert negatives.offsets is not None
        values, n = scores + negatives.offsets, self.n_from_cache
        masks = []
        for part, k in zip((slice(0, n), slice(n, None)), self.n_kept, strict=True):
            own, mask = values[..., part], negatives.mask[..., part]
            kept = mask if k >= own.shape[-1] else highest(own, mask, k, ties="first")
            masks.append(kept.expand(own.shape))
        return replace(negatives, mask=torch.cat(masks, -1))

    @property
    def n_observed(self) -> int:
        """A number for each item."""
        return len(self.log_share)

    def observe(self, selected: Negatives, positive_scores: Tensor, targets: Tensor, observed: Tensor) -> None:
        """Counts the items that were drawn again."""
        by_user = selected.by_user()
        is_counted = by_user.mask & (targets > 0)[..., None]
        counts = is_counted.sum(-2, dtype=observed.dtype)  # [R, rows, n]
        # Whole numbers: their sum is the same in any order.
        observed.scatter_add_(1, by_user.item_ids.view(len(observed), -1), counts.view(len(observed), -1))

    def learn(self, state: SamplerState, observed: Tensor) -> None:
        """Adds a step's counts."""
        state["resampled_counts"].add_(observed.long())


class XirSettings(SamplerSettings):
    """In-batch negatives and often resampled ones, resampled by the model's scores."""

    name: ClassVar[str] = "xir"
    label: ClassVar[str] = "XIR"
    traits: ClassVar[frozenset[Trait]] = frozenset({"in-batch", "global", "model-based"})
    learns: ClassVar[bool] = True

    n_negatives: Annotated[
        int,
        Field(ge=2, le=100_000, description="proposed negatives for each positive, of the batch and of the cache"),
        IntRange(50, 500, log=True),
        Proposed(),
    ] = 100
    n_resampled: Annotated[
        int,
        Field(ge=2, le=100_000, description="how many of the proposed negatives are drawn again, and trained on"),
        IntRange(2, 50, log=True),
        Kept(),
    ] = 25
    cache_share: Annotated[
        float,
        Field(
            gt=0, lt=1, description="the cache's share of those proposed, and of those drawn again; at least one each"
        ),
        FloatRange(0.1, 0.9),
    ] = 0.5
    cache_size: Annotated[
        int,
        Field(ge=1, le=1_000_000, description="items that a step's users draw from beside the batch's"),
        IntRange(100, 10_000, log=True),
    ] = 1_000
    negative_sharing: UserOrGroup = "user"

    def state_spec(self, size: StateSize) -> StateSpec:
        """A count for each item."""
        return {"resampled_counts": TensorSpec((size.n_items + 1,), torch.int64)}

    def build(self, context: SamplerContext) -> Sampler:
        """In-batch draws and cached ones, resampled."""
        n_cached, n_kept = self._of_cache(self.n_negatives), self._of_cache(self.n_resampled)
        first_counts = torch.zeros(context.dataset.n_items + 1, dtype=torch.int64, device=context.device)
        first_counts[1 : context.n_candidates + 1] = 1
        return CacheAugmented(
            in_batch(self.n_negatives - n_cached, context, self.excluded, self.negative_sharing),
            Cache(self.cache_size, first_counts),
            n_cached,
            (n_kept, self.n_resampled - n_kept),
            context.target_share.log(),
            context.history(self.excluded),
            first_counts,
            context.sharing(self.negative_sharing),
        )

    def _of_cache(self, n: int) -> int:
        """The cache's share of a number, which leaves the batch at least one."""
        return min(max(1, round(self.cache_share * n)), n - 1)

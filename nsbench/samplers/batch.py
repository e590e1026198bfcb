"""In-batch negatives: what other users of the same step chose next."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.context import Exclusion, SamplerContext
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.pool import Pools, first_wanted, shuffled_pool, taken
from nsbench.samplers.drawing.sharing import SharedByUsers, UserOrGroup
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import NegativeCount, Negatives, Sampler, SamplerSettings
from nsbench.terms import Trait

EXTRA_SHARE = 8
"""One item more for so many is read at first, beside a few: enough where histories hold a tenth of the batch's positives."""


@final
@dataclass(frozen=True)
class InBatch(Sampler):
    """A sample without replacement of the batch's positives for each user, or for each group of users.

    An item that several users chose is in the pool as often. All read the same shuffled pool from a random place of their
    own, so a sample is without replacement and a step costs one shuffle. A user passes over what is in the history, and reads
    on; what a group's user has had is masked, since the others of the group may train on it.

    Attributes:
        n_negatives: Sample size; fewer where the batch holds fewer.
        users_per_draw: Neighbouring users that share a sample; 1: each has one of its own.
        history: What each user has had.
        log_share: float64[n_items + 1], log of the items' share of the training targets.
        seen_mass: float64[n_users], that share summed over each user's history.
        n_targets: Training targets.
    """

    n_negatives: int
    users_per_draw: int
    history: UserHistory
    log_share: Tensor
    seen_mass: Tensor
    n_targets: int

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Samples from the positives of the batch."""
        is_on_host = batch.users.device.type == "cpu"
        if self.users_per_draw > 1:
            return (self._shared if is_on_host else self._shared_on_gpu)(batch, streams)
        return (self._own if is_on_host else self._own_on_gpu)(batch, streams)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The sample's expected size, times the item's share of the targets that it can hold for the user.

        A user's own sample holds none of the history. A group's holds the other users' targets.
        """
        n_pool = batch.n_positives
        if self.users_per_draw > 1:
            own = batch.lengths.double()
            others = (1 - own / n_pool) / (1 - own / self.n_targets)
            size_over_share = others.clamp(min=1e-12) * min(self.n_negatives, n_pool)
        else:
            unseen = (1 - self.seen_mass[batch.users]).clamp(min=1e-12)
            size_over_share = (self._n_read(n_pool) * unseen).clamp(max=min(self.n_negatives, n_pool)) / unseen
        return (self.log_share[item_ids] + size_over_share.log()[:, None, None]).float()

    def _n_read(self, n_pool: int) -> int:
        """How far into the pool a user looks for enough items that are not in the history."""
        return min(n_pool, 2 * self.n_negatives + 8)

    def _own(self, batch: UserBatch, streams: Streams) -> Negatives:
        pool = shuffled_pool(batch, streams)
        n = min(self.n_negatives, len(pool))
        n_read = self._n_read(len(pool))
        start = streams.integers(0, len(pool), (len(batch.users),))
        # Row i of the windows is the pool from place i on, around its end.
        windows = torch.cat([pool, pool[: n_read - 1]]).unfold(0, n_read, 1)  # [len(pool), n_read], a view
        # Most users find n long before n_read items are read: only those who don't read on.
        width = min(n + n // EXTRA_SHARE + 8, n_read)
        read = windows[:, :width].index_select(0, start)  # [batch, width]
        wanted = ~self.history.shared(batch.users, read)
        place = wanted.cumsum(1, dtype=torch.int32)  # [batch, width], counted from 1
        keep = wanted & (place <= n)
        short = (place[:, -1] < n).nonzero().squeeze(1)
        keep[short] = torch.arange(width) < n
        chosen = Negatives(taken(read, keep).view(-1, 1, n), torch.ones(len(start), 1, n, dtype=torch.bool))
        if len(short) > 0:
            read = windows.index_select(0, start[short])
            rest = first_wanted(read, ~self.history.shared(batch.users[short], read), n)
            chosen.item_ids[short], chosen.mask[short] = rest.item_ids, rest.mask
        return chosen

    def _own_on_gpu(self, batch: UserBatch, streams: Streams) -> Negatives:
        """A GPU is never waited for: every user reads as far as the farthest, and gets n places."""
        pools = Pools.of(batch, streams)
        read, is_in_pool = pools.read(pools.starts(len(batch.users), streams), 2 * self.n_negatives + 8)
        return first_wanted(read, is_in_pool & ~self.history.shared(batch.users, read), self.n_negatives)

    def _shared(self, batch: UserBatch, streams: Streams) -> Negatives:
        pool = shuffled_pool(batch, streams)
        n = min(self.n_negatives, len(pool))
        n_draws = -(-len(batch.users) // self.users_per_draw)
        start = streams.integers(0, len(pool), (n_draws,))
        item_ids = torch.cat([pool, pool[: n - 1]]).unfold(0, n, 1).index_select(0, start)  # [draws, n]
        seen = self.history.shared(batch.users, item_ids, self.users_per_draw)  # [batch, n]
        return Negatives(item_ids[:, None], ~seen[:, None], self.users_per_draw)

    def _shared_on_gpu(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Places beyond the pool are masked."""
        n_users = len(batch.users) // batch.n_replicas
        n_draws = -(-n_users // self.users_per_draw)
        pools = Pools.of(batch, streams)
        item_ids, is_in_pool = pools.read(pools.starts(batch.n_replicas * n_draws, streams), self.n_negatives)
        seen = self.history.shared(batch.users, item_ids, self.users_per_draw, batch.n_replicas)
        by_draw = is_in_pool.view(batch.n_replicas, n_draws, -1).repeat_interleave(
            self.users_per_draw, 1
        )  # [R, users, n]
        mask = by_draw[:, :n_users].flatten(0, 1) & ~seen
        return Negatives(item_ids[:, None], mask[:, None], self.users_per_draw)


def in_batch(
    n_negatives: int, context: SamplerContext, exclude_history: Exclusion, shared_by: SharedByUsers = "user"
) -> InBatch:
    """The in-batch atom over these training interactions."""
    history, share = context.history(exclude_history), context.target_share
    n_targets = int(context.windows.lengths.sum())
    users_per_draw = context.sharing(shared_by).users_per_draw
    return InBatch(n_negatives, users_per_draw, history, share.log(), history.mass(share), n_targets)


def explain_small_pool(batch_size: int, excluded: str) -> str:
    """`SamplerSettings.explain_shortage` where all negatives come from the other users of a step.

    Args:
        batch_size: Users in a step.
        excluded: What of a user's items is never a negative, in words.
    """
    if batch_size == 1:
        return "in-batch negatives are what other users of the step chose, and batch_size=1 leaves none; set it to 2 or more"
    return (
        f"all that the other users of a step chose (batch_size={batch_size}) is in the user's {excluded}; set a larger "
        "batch_size, take a sampler that draws from the whole catalogue too, such as mixed, or a log with more items than its "
        "users have had"
    )


class BatchSettings(SamplerSettings):
    """Negatives from the other positives of the batch."""

    name: ClassVar[str] = "batch"
    label: ClassVar[str] = "Batch"
    paper_name: ClassVar[str | None] = "BNS"
    traits: ClassVar[frozenset[Trait]] = frozenset({"in-batch"})

    n_negatives: NegativeCount = 100
    negative_sharing: UserOrGroup = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """In-batch sampling."""
        return in_batch(self.n_negatives, context, self.excluded, self.negative_sharing)

    def explain_shortage(self, batch_size: int) -> str:
        """Where all negatives are in-batch ones."""
        return explain_small_pool(batch_size, self.excluded_in_words)

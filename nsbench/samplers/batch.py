"""In-batch negatives: what other users of the same step chose next."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.history import UserHistory
from nsbench.samplers.sampler import Exclusion, NegativeCount, Negatives, Sampler, SamplerContext, SamplerSettings
from nsbench.samplers.sharing import SharedByUsers, UserOrGroup
from nsbench.samplers.stream import Streams

EXTRA_SHARE = 8
"""One item more for so many is read at first, beside a few: enough where histories hold a tenth of the batch's positives."""


@dataclass(frozen=True)
class InBatch(Sampler):
    """A sample without replacement of the batch's positives for each user, the user's history left out.

    An item that several users chose is in the pool as often. All users read the same shuffled pool from a random place
    of their own, so a user's sample is without replacement and a step costs one shuffle.

    Attributes:
        n_negatives: Sample size; fewer where the batch holds fewer.
        history: What each user has had.
        log_share: float64[n_items + 1], log of the items' share of the training targets.
        seen_mass: float64[n_users], that share summed over each user's history.
    """

    n_negatives: int
    history: UserHistory
    log_share: Tensor
    seen_mass: Tensor

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Samples from the positives of the batch."""
        device = batch.users.device
        if device.type != "cpu":
            return self._propose_there(batch, streams)
        pool = _shuffled_pool(batch, streams)
        n = min(self.n_negatives, len(pool))
        n_read = self._n_read(len(pool))
        start = streams.integers(0, len(pool), (len(batch.users),))
        # Row i of the windows is the pool from place i on, around its end.
        windows = torch.cat([pool, pool[: n_read - 1]]).unfold(0, n_read, 1)
        # Most users find n long before n_read items are read: only those who don't read on.
        width = min(n + n // EXTRA_SHARE + 8, n_read)
        read = windows[:, :width].index_select(0, start)
        wanted = ~self.history.shared(batch.users, read)
        place = wanted.cumsum(1, dtype=torch.int32)
        keep = wanted & (place <= n)
        short = (place[:, -1] < n).nonzero().squeeze(1)
        keep[short] = torch.arange(width, device=device) < n
        chosen = Negatives(
            _taken(read, keep).view(-1, 1, n), torch.ones(len(start), 1, n, dtype=torch.bool, device=device)
        )
        if len(short) > 0:
            read = windows.index_select(0, start[short])
            rest = _first(read, ~self.history.shared(batch.users[short], read), n)
            chosen.item_ids[short], chosen.mask[short] = rest.item_ids, rest.mask
        return chosen

    def _propose_there(self, batch: UserBatch, streams: Streams) -> Negatives:
        """The same on a GPU, which is never waited for: every user reads as far as the farthest, and gets n places."""
        pools = _Pools.of(batch, streams)
        read, is_there = pools.read(pools.starts(len(batch.users), streams), 2 * self.n_negatives + 8)
        return _first(read, is_there & ~self.history.shared(batch.users, read), self.n_negatives)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The sample's expected size, times the item's share of the targets outside the user's history."""
        unseen = (1 - self.seen_mass[batch.users]).clamp(min=1e-12)
        n_pool = batch.n_positives
        kept = (self._n_read(n_pool) * unseen).clamp(max=min(self.n_negatives, n_pool))
        return (self.log_share[item_ids] + (kept / unseen).log()[:, None, None]).float()

    def _n_read(self, n_pool: int) -> int:
        """How far into the pool a user looks for enough items that are not in the history."""
        return min(n_pool, 2 * self.n_negatives + 8)


@dataclass(frozen=True)
class InBatchOfGroups(Sampler):
    """As `InBatch`, one sample for the users of a group; what a user has had is masked instead of passed over.

    Attributes:
        n_negatives: Sample size; fewer where the batch holds fewer.
        users_per_draw: Users of a group, at least 2.
        history: What each user has had.
        log_share: float64[n_items + 1], log of the items' share of the training targets.
        n_targets: Training targets.
    """

    n_negatives: int
    users_per_draw: int
    history: UserHistory
    log_share: Tensor
    n_targets: int

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Samples from the positives of the batch."""
        if batch.users.device.type != "cpu":
            return self._propose_there(batch, streams)
        pool = _shuffled_pool(batch, streams)
        n = min(self.n_negatives, len(pool))
        n_draws = -(-len(batch.users) // self.users_per_draw)
        start = streams.integers(0, len(pool), (n_draws,))
        item_ids = torch.cat([pool, pool[: n - 1]]).unfold(0, n, 1).index_select(0, start)
        seen = self.history.shared(batch.users, item_ids, self.users_per_draw)
        return Negatives(item_ids[:, None], ~seen[:, None], self.users_per_draw)

    def _propose_there(self, batch: UserBatch, streams: Streams) -> Negatives:
        """The same on a GPU; places beyond the pool are masked."""
        n_users = len(batch.users) // batch.n_replicas
        n_draws = -(-n_users // self.users_per_draw)
        pools = _Pools.of(batch, streams)
        item_ids, is_there = pools.read(pools.starts(batch.n_replicas * n_draws, streams), self.n_negatives)
        seen = self.history.shared(batch.users, item_ids, self.users_per_draw, batch.n_replicas)
        by_draw = is_there.view(batch.n_replicas, n_draws, -1).repeat_interleave(self.users_per_draw, 1)
        mask = by_draw[:, :n_users].flatten(0, 1) & ~seen
        return Negatives(item_ids[:, None], mask[:, None], self.users_per_draw)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The sample's expected size without the user's own targets, times the item's share of the others' targets."""
        n_pool, own = batch.n_positives, batch.lengths.double()
        others = (1 - own / n_pool) / (1 - own / self.n_targets)
        kept = others.clamp(min=1e-12) * min(self.n_negatives, n_pool)
        return (self.log_share[item_ids] + kept.log()[:, None, None]).float()


@dataclass(frozen=True)
class _Pools:
    """The shuffled positives of each replica of a batch on a GPU.

    Attributes:
        item_ids: int64[replicas, n]; the pool comes first in each row.
        sizes: int64[replicas, 1].
    """

    item_ids: Tensor
    sizes: Tensor

    @classmethod
    def of(cls, batch: UserBatch, streams: Streams) -> "_Pools":
        """In the order of random keys, which is the same however many replicas there are."""
        targets = batch.targets.view(batch.n_replicas, -1)
        keys = streams.uniform(targets.shape).masked_fill_(targets == 0, 2.0)
        return cls(targets.gather(1, keys.argsort(1)), batch.lengths.view(batch.n_replicas, -1).sum(1, keepdim=True))

    def starts(self, n: int, streams: Streams) -> Tensor:
        """int64[n], a random place in the pool for each draw; the replicas divide them."""
        share = streams.uniform((n,)).view(len(self.sizes), -1)
        return share.mul_(self.sizes).long().view(-1)

    def read(self, starts: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """int64[draws, n], the pool from each start on, around its end; and bool, whether that is read for the first time."""
        by_replica = starts.view(len(self.sizes), -1, 1)
        place = torch.arange(n, device=starts.device)
        sizes = self.sizes[..., None]
        index = ((by_replica + place) % sizes).flatten(1)
        read = self.item_ids.gather(1, index).view(-1, n)
        return read, (place < sizes).expand(*by_replica.shape[:2], n).flatten(0, 1)


def _shuffled_pool(batch: UserBatch, streams: Streams) -> Tensor:
    """int64[n_positives], the positives of the batch in random order."""
    pool = _taken(batch.targets, batch.targets > 0)
    return pool.index_select(0, streams.permutation(len(pool)))


def _taken(tensor: Tensor, where: Tensor) -> Tensor:
    """[n], what a mask of the tensor's shape takes of it; by numpy, in a fifth of torch's time."""
    return torch.from_numpy(tensor.numpy()[where.numpy()])


def _first(item_ids: Tensor, wanted: Tensor, n: int) -> Negatives:
    """The first n wanted ids of each row, in order; places that stay empty are masked.

    Args:
        item_ids: int64[batch, n_read].
        wanted: bool[batch, n_read].
        n: Places in a row.

    Returns:
        Negatives of [batch, 1, n].
    """
    place = torch.cumsum(wanted, 1) - 1
    keep = wanted & (place < n)
    # One more column takes what isn't kept.
    place = torch.where(keep, place, n)
    out = item_ids.new_ones((len(item_ids), n + 1)).scatter_(1, place, item_ids)[:, None, :n]
    n_kept = keep.sum(1, keepdim=True)
    mask = torch.arange(n, device=item_ids.device) < n_kept
    return Negatives(out, mask[:, None])


def in_batch(
    n_negatives: int,
    context: SamplerContext,
    exclude_history: Exclusion,
    shared_by: SharedByUsers = "user",
) -> InBatch | InBatchOfGroups:
    """The in-batch atom over these training interactions."""
    history = context.history(exclude_history)
    share = context.target_share
    users_per_draw = context.sharing(shared_by).users_per_draw
    if users_per_draw > 1:
        n_targets = int(context.windows.lengths.sum())
        return InBatchOfGroups(n_negatives, users_per_draw, history, share.log(), n_targets)
    return InBatch(n_negatives, history, share.log(), history.mass(share))


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
    traits: ClassVar[frozenset[Literal["in-batch", "global", "model-based"]]] = frozenset({"in-batch"})

    n_negatives: NegativeCount = 100
    negative_sharing: UserOrGroup = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """In-batch sampling."""
        return in_batch(self.n_negatives, context, self.excluded, self.negative_sharing)

    def explain_shortage(self, batch_size: int) -> str:
        """Where all negatives are in-batch ones."""
        return explain_small_pool(batch_size, self.excluded_in_words)

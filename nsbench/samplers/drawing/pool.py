"""The positives of a batch as a pool of negatives, in random order: on a CPU, and for several replicas on a GPU."""

from dataclasses import dataclass

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Negatives


@dataclass(frozen=True)
class Pools:
    """The shuffled positives of each replica of a batch on a GPU.

    Attributes:
        item_ids: int64[replicas, n]; the pool comes first in each row.
        sizes: int64[replicas, 1].
    """

    item_ids: Tensor
    sizes: Tensor

    @classmethod
    def of(cls, batch: UserBatch, streams: Streams) -> "Pools":
        """In the order of random keys, which is the same however many replicas there are."""
        targets = batch.targets.view(batch.n_replicas, -1)  # [R, positions of a replica]
        # Random keys are below 1: what is padded is sorted behind the pool.
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
        index = ((by_replica + place) % sizes).flatten(1)  # [R, draws of a replica * n]
        read = self.item_ids.gather(1, index).view(-1, n)  # [draws, n]
        return read, (place < sizes).expand(*by_replica.shape[:2], n).flatten(0, 1)


def shuffled_pool(batch: UserBatch, streams: Streams) -> Tensor:
    """int64[n_positives], the positives of the batch in random order."""
    pool = taken(batch.targets, batch.targets > 0)
    return pool.index_select(0, streams.permutation(len(pool)))


def taken(tensor: Tensor, where: Tensor) -> Tensor:
    """[n], what a mask of the tensor's shape takes of it; by numpy, in a fifth of torch's time."""
    return torch.from_numpy(tensor.numpy()[where.numpy()])


def first_wanted(item_ids: Tensor, wanted: Tensor, n: int) -> Negatives:
    """The first n wanted ids of each row, in order; places that stay empty are masked.

    Args:
        item_ids: int64[batch, n_read].
        wanted: bool[batch, n_read].
        n: Places in a row.

    Returns:
        Negatives of [batch, 1, n].
    """
    place = torch.cumsum(wanted, 1) - 1  # [batch, n_read]
    keep = wanted & (place < n)
    # One more column takes what isn't kept.
    place = torch.where(keep, place, n)
    out = item_ids.new_ones((len(item_ids), n + 1)).scatter_(1, place, item_ids)[:, None, :n]
    n_kept = keep.sum(1, keepdim=True)
    mask = torch.arange(n, device=item_ids.device) < n_kept
    return Negatives(out, mask[:, None])

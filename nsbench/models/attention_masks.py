"""What each position of a step may attend to, and how its heads lie: the same for all blocks of a backbone."""

import torch
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.positions import Positions


class AttentionMasks:
    """The masks of one step, a rectangle of lanes each."""

    def __init__(self, positions: Positions, n_replicas: int, n_heads: int) -> None:
        """Makes the masks.

        Args:
            positions: Of the step.
            n_replicas: Models side by side.
            n_heads: Heads of each.
        """
        self.buckets = positions.buckets
        self.n_heads = n_heads
        self.unseen = [
            _future_and_others(bucket, positions.packed.begin, n_replicas, n_heads)
            if bucket.needs_mask and positions.packed is not None
            else _future(bucket.length, positions.inputs.device)
            for bucket in self.buckets
        ]
        """For each bucket minus infinity where a position may not look: [length, length], or of each lane and head."""


def _future(length: int, device: torch.device) -> Tensor:
    return torch.full((length, length), -torch.inf, device=device).triu_(1)


def _future_and_others(bucket: Bucket, begin: Tensor, n_replicas: int, n_heads: int) -> Tensor:
    """[replicas * n_lanes * heads, length, length]: what comes later, and the rows that stand before one's own."""
    first = begin[bucket.positions].view(bucket.n_rows, bucket.length, 1)  # [n_lanes, length, 1]
    others = torch.arange(bucket.length, device=begin.device) < first  # [n_lanes, length, length]
    unseen = _future(bucket.length, begin.device).masked_fill(others, -torch.inf)
    if n_replicas * n_heads == 1:
        return unseen
    # Copied for every replica and head: `baddbmm` takes one matrix or one per product, and nothing between.
    shape = (n_replicas, bucket.n_rows, n_heads, bucket.length, bucket.length)
    return unseen[:, None].expand(shape).reshape(-1, bucket.length, bucket.length)


def to_heads(positions: Tensor, bucket: Bucket, n_heads: int) -> Tensor:
    """[replicas, n_positions, d] -> [replicas * n_lanes * heads, length, d / heads]."""
    lanes = positions[:, bucket.positions].reshape(-1, bucket.length, positions.shape[2])  # [R * n_lanes, length, d]
    if n_heads == 1:
        return lanes
    n_lanes = lanes.shape[0]  # `len` would make a constant of it when the model is exported.
    split = lanes.view(n_lanes, bucket.length, n_heads, -1).transpose(1, 2)  # [R * n_lanes, heads, length, d / heads]
    return split.reshape(n_lanes * n_heads, bucket.length, -1)


def from_heads(heads: Tensor, bucket: Bucket, n_replicas: int, n_heads: int) -> Tensor:
    """[replicas * n_lanes * heads, length, d / heads] -> [replicas, n_lanes * length, d], the bucket's positions alone."""
    split = heads.view(-1, n_heads, bucket.length, heads.shape[2]).transpose(
        1, 2
    )  # [R * n_lanes, length, heads, d / heads]
    return split.reshape(n_replicas, bucket.n_rows * bucket.length, -1)

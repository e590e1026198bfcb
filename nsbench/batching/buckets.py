"""How the rows of a step lie in memory: rectangles of users of similar length, so that little padding is computed.

Rows come longest first. Consecutive rows form a bucket, padded to the longest of them on the right; a causal model never
lets padding on the right reach a real position, so no mask is needed. What works position by position sees one flat
axis of all buckets; scoring, and attention in evaluation, see each bucket as a rectangle, without copying. In training the
encoder has the same order, or rows end to end where that saves much (`nsbench.batching.packing`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.packing import packed_rows
from nsbench.batching.positions import PackedLayout, packed_layout
from nsbench.tensors.device import to_device
from nsbench.tensors.index_range import ranges


@final
@dataclass(frozen=True)
class LayoutPolicy:
    """What layouts are weighed by.

    Attributes:
        bucket_cost: What one more bucket costs on a CPU, in positions: its share of calls against the padding that it saves.
        Replicas
            that take a step in the same kernels share a bucket's calls, and each has its padding.
        gpu_bucket_cost: The same on a GPU, where calls are all that a small bucket takes, however many replicas there are.
        least_saved: Rows stand end to end for the encoder where that saves so large a share of its positions, calls included:
        to change
            their order and to mask other rows costs about as much.
    """

    bucket_cost: float = 48.0
    gpu_bucket_cost: float = 192.0
    least_saved: float = 0.15

    def call_cost(self, n_replicas: int, device: torch.device) -> float:
        """What a rectangle more costs a replica, in positions."""
        return self.bucket_cost / n_replicas if device.type == "cpu" else self.gpu_bucket_cost


MEASURED = LayoutPolicy()
"""The policy of trainings."""


def buckets_of(lengths: NDArray[np.int64], bucket_cost: float, n_together: int = 1) -> tuple[Bucket, ...]:
    """Cuts falling row lengths into buckets so that padding plus the cost of the buckets is least.

    Args:
        lengths: int64[n_rows], falling, at least 1; n_rows is a multiple of n_together.
        bucket_cost: What each bucket costs, in positions.
        n_together: So many neighbouring rows, counted from the first, stay in one bucket.

    Two rows of 100 and two of 1: two buckets, since padding the short ones would cost 198 positions.
    >>> [(b.n_rows, b.length) for b in buckets_of(np.array([100, 100, 1, 1]), bucket_cost=48)]
    [(2, 100), (2, 1)]
    """
    values, counts = np.unique(-lengths[::n_together], return_counts=True)
    values = -values
    ends = n_together * np.concatenate([[0], np.cumsum(counts)])
    bounds = _cheapest_cuts(values.tolist(), ends.tolist(), bucket_cost)
    buckets: list[Bucket] = []
    position = 0
    for start, end in pairwise(bounds):
        bucket = Bucket(int(ends[end] - ends[start]), int(values[start]), position, int(ends[start]))
        buckets.append(bucket)
        position += bucket.n_rows * bucket.length
    return tuple(buckets)


def _cheapest_cuts(values: Sequence[int], ends: Sequence[int], bucket_cost: float) -> list[int]:
    """Where in `ends` buckets begin and end.

    Args:
        values: The different row lengths, falling.
        ends: Rows before those of each length, and all rows.
        bucket_cost: What each bucket costs, in positions.
    """
    # least[j]: of the rows before ends[j]; the last bucket of these starts at cut[j]. In plain Python: numpy takes three
    # times as long for lists as short as these.
    least, cut = [0.0], [0]
    for end in ends[1:]:
        costs = [before + (end - start) * value for before, start, value in zip(least, ends, values, strict=False)]
        cheapest = min(costs)
        least.append(cheapest + bucket_cost)
        cut.append(costs.index(cheapest))
    bounds = [len(values)]
    while bounds[-1] > 0:
        bounds.append(cut[bounds[-1]])
    return bounds[::-1]


@final
@dataclass(frozen=True)
class Layout:
    """Where rows lie, whatever stands in them.

    Attributes:
        longest: int64[n_rows], positions that each row takes at most, at least 1; falling.
        buckets: Row i has as many positions in its bucket as the longest row there.
        row: int64[n_positions], the row of each position of the buckets.
        column: int64[n_positions], the position within its row.
        call_cost: What a rectangle more costs a replica, in positions.
        least_saved: As of `LayoutPolicy`.
    """

    longest: NDArray[np.int64]
    buckets: tuple[Bucket, ...]
    row: Tensor
    column: Tensor
    call_cost: float
    least_saved: float

    @cached_property
    def packed(self) -> PackedLayout | None:
        """How rows stand end to end; None where that saves too little, be it even all padding and all calls but one."""
        n_at_most = int(self.longest.sum())
        n_in_buckets, n_buckets = self.buckets[-1].positions.stop, len(self.buckets)
        if n_in_buckets - n_at_most + (n_buckets - 1) * self.call_cost < self.least_saved * n_at_most:
            return None
        packing = packed_rows(self.longest, self.call_cost)
        n_saved = n_in_buckets - packing.n_positions + (n_buckets - len(packing.lanes)) * self.call_cost
        if n_saved < self.least_saved * n_at_most:
            return None
        begins = [bucket.first_position + np.arange(bucket.n_rows) * bucket.length for bucket in self.buckets]
        return packed_layout(self.longest, packing, np.concatenate(begins), n_in_buckets, self.row.device)


def layout_of(
    longest: NDArray[np.int64],
    n_replicas: int,
    device: torch.device,
    n_together: int = 1,
    policy: LayoutPolicy = MEASURED,
) -> Layout:
    """The cheapest layout of rows.

    Args:
        longest: int64[n_rows], positions that each row takes at most, at least 1; falling.
        n_replicas: How many have rows of these lengths.
        device: Where the step is taken.
        n_together: So many neighbouring rows, counted from the first, stay in one bucket; rows of 1 fill up the last of them.
        policy: What it is weighed by.
    """
    if len(longest) % n_together:
        longest = np.append(longest, np.ones(-len(longest) % n_together, dtype=np.int64))
    call_cost = policy.call_cost(n_replicas, device)
    buckets = buckets_of(longest, call_cost, n_together)
    # Row and column of each position are made by numpy: many small steps, each with less overhead than torch's.
    widths = np.repeat([bucket.length for bucket in buckets], [bucket.n_rows for bucket in buckets])
    row = np.repeat(np.arange(len(longest)), widths)
    column = ranges(np.zeros(len(longest), dtype=np.int64), widths)
    return Layout(longest, buckets, to_device(row, device), to_device(column, device), call_cost, policy.least_saved)

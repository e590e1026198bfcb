"""One training step: the replicas' users, in one layout."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import UserBatch
from nsbench.batching.bucket import Bucket
from nsbench.batching.buckets import MEASURED, Layout, LayoutPolicy, layout_of
from nsbench.batching.positions import Positions


@dataclass(frozen=True)
class Joined:
    """The rows of all processes that take a step together, as one process would have them.

    Attributes:
        lengths: int64[replicas, n_joined_rows], as `Step.lengths`.
        n_drawn: As of `Step`.
        own: Which of these rows are those of the step at hand.
    """

    lengths: Tensor
    n_drawn: tuple[int, ...]
    own: slice


@final
@dataclass(frozen=True)
class Step:
    """One step of several replicas in the same buckets, so that they run in the same kernels.

    Attributes:
        batches: The replicas' own users; row i of a replica belongs to its user i.
        lengths: int64[replicas, n_rows], real positions of each row; 0 where a replica has fewer rows.
        row_inputs: int64[replicas, n_rows, width], the items that the model sees; 0 where padded.
        row_targets: int64[replicas, n_rows, width], the item after each; 0 where padded.
        layout: Where the rows lie, those of all replicas alike.
        n_positives: Real positions of each replica.
        n_drawn: So many positions each replica draws random numbers for; at least as many.
        shard_of: What the step is a part of; None: of nothing, it is the whole.
    """

    batches: tuple[UserBatch, ...]
    lengths: Tensor
    row_inputs: Tensor
    row_targets: Tensor
    layout: Layout
    n_positives: tuple[int, ...]
    n_drawn: tuple[int, ...]
    shard_of: Joined | None = None

    @property
    def joined(self) -> Joined:
        """What the step is a part of, or itself."""
        return self.shard_of or Joined(self.lengths, self.n_drawn, slice(None))

    @property
    def device(self) -> torch.device:
        """Where the step is taken."""
        return self.lengths.device

    @property
    def buckets(self) -> tuple[Bucket, ...]:
        """Shared by the replicas."""
        return self.layout.buckets

    def positions(self, *, packs_rows: bool) -> Positions:
        """The positions as an encoder has them.

        Args:
            packs_rows: Whether the encoder may have rows end to end, where that saves enough.
        """
        return self.packed if packs_rows else self.in_buckets

    @cached_property
    def in_buckets(self) -> Positions:
        """The positions of the buckets."""
        rows = (self.lengths, self.row_inputs, self.row_targets)
        return Positions(self.buckets, self.layout.row, self.layout.column, *rows)

    @cached_property
    def packed(self) -> Positions:
        """The positions of rows end to end, or of the buckets where that saves too little."""
        packed = self.layout.packed
        if packed is None:
            return self.in_buckets
        rows = (self.lengths, self.row_inputs, self.row_targets)
        return Positions(packed.lanes, packed.row, packed.column, *rows, packed)


def step_of(
    batches: Sequence[UserBatch], n_together: int = 1, layout: Layout | None = None, policy: LayoutPolicy = MEASURED
) -> Step:
    """Lays the replicas' batches out in shared buckets.

    Args:
        batches: One per replica, or one of several; on one device; replicas may differ in rows and lengths.
        n_together: So many neighbouring rows, counted from the first, stay in one bucket; rows without a position fill up
            the last of them.
        layout: In which the rows lie, none of which is longer than it has room for; None: the cheapest one.
        policy: By which that is the cheapest.
    """
    n_positives = tuple(int(total) for batch in batches for total in batch.known_lengths.sum(1))
    if layout is None:
        layout = layout_of(_longest(batches), len(n_positives), batches[0].lengths.device, n_together, policy)
    n_rows, width = len(layout.longest), max(int(layout.longest[0]), *(batch.inputs.shape[1] for batch in batches))
    inputs, targets = (
        _joined([_rows(part, batch, n_rows, width) for part, batch in zip(parts, batches, strict=True)])
        for parts in ([batch.inputs for batch in batches], [batch.targets for batch in batches])
    )
    lengths = _joined([_rows(batch.lengths[:, None], batch, n_rows, 1)[..., 0] for batch in batches])
    return Step(tuple(batches), lengths, inputs, targets, layout, n_positives, n_positives)


def n_rows_of(batches: Sequence[UserBatch]) -> int:
    """Rows of the replica that has most."""
    return max(len(lengths) for batch in batches for lengths in batch.known_lengths)


def _longest(batches: Sequence[UserBatch]) -> NDArray[np.int64]:
    """int64[n_rows], the longest of the replicas' rows i; a row that no replica has a position in takes one all the same."""
    longest = np.ones(n_rows_of(batches), dtype=np.int64)
    for lengths in (batch.known_lengths for batch in batches):
        first_rows = longest[: lengths.shape[1]]
        np.maximum(first_rows, lengths.max(0), out=first_rows)
    return longest


def _rows(tensor: Tensor, batch: UserBatch, n_rows: int, width: int) -> Tensor:
    """A batch's [replicas * rows, columns] as [replicas, n_rows, width], filled up with zeros."""
    tensor = tensor.view(batch.n_replicas, -1, tensor.shape[1])
    missing = (0, width - tensor.shape[2], 0, n_rows - tensor.shape[1])
    return functional.pad(tensor, missing) if any(missing) else tensor


def _joined(parts: list[Tensor]) -> Tensor:
    return parts[0] if len(parts) == 1 else torch.cat(parts)

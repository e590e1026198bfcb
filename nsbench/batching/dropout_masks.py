"""Dropout masks from random bytes: a byte a value instead of a random float, which is most of `F.dropout`'s time.

Each replica draws for its own real positions from its own stream, so its masks don't depend on how rows are laid out or
on which replicas run beside it. Processes that take a step together all draw for all of it and keep what is theirs, so
masks don't depend on how many processes there are either.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.positions import Positions
from nsbench.batching.step import Step
from nsbench.tensors.device import to_device


@dataclass(frozen=True)
class DropoutSites:
    """Where a backbone drops values.

    Attributes:
        rate: Share of values set to 0, to the next 1/256.
        widths: By the site's name, in the order in which bytes are drawn: values that a position has there. For attention weights
            n_heads * max_length.
        n_heads: Attention heads.
        max_length: Positions of the longest row.
    """

    rate: float
    widths: Mapping[str, int]
    n_heads: int
    max_length: int


class ByteDropout:
    """The masks of one step; the rate is rounded to 1/256, and the scale matches the rounded rate."""

    def __init__(
        self, sites: DropoutSites, step: Step, positions: Positions, generators: Sequence[torch.Generator]
    ) -> None:
        """Draws every byte that the step needs.

        Args:
            sites: What masks there are to be.
            step: The step.
            positions: Its positions, as the encoder has them.
            generators: One per replica, on the step's device.
        """
        threshold = round(sites.rate * 256)
        self._scale = 256 / (256 - threshold)
        self._n_heads = sites.n_heads
        self._max_length = sites.max_length
        self._columns = _columns_of(sites.widths)
        width = max(columns.stop for columns in self._columns.values())
        joined = step.joined
        drawn, first_rows = _random_rows(joined.n_drawn, width, generators)
        offsets = (torch.cumsum(joined.lengths, 1) - joined.lengths)[:, joined.own] + first_rows
        index = torch.where(positions.real, offsets.index_select(1, positions.row) + positions.column, 0)
        kept = drawn.index_select(0, index.view(-1)).view(*index.shape, width)
        self._kept = _at_least(kept, threshold)

    def mask(self, name: str) -> Tensor:
        """[replicas, n_positions, hidden_dim], what a place's values are multiplied by."""
        return self._mask(self._kept[..., self._columns[name]])

    def attention_mask(self, name: str, bucket: Bucket) -> Tensor:
        """[replicas * n_lanes * heads, length, length], what a bucket's attention weights are multiplied by.

        A position has a byte for each distance to what it attends to, wherever its row stands: position i of a lane has byte
        max_length - 1 - (i - j) for position j. Beyond i there are other bytes, which meet weights of 0.
        """
        replicas, n_positions, width = self._kept.shape
        first = bucket.first_position * width + self._columns[name].start + self._max_length - 1
        pairs = self._kept.as_strided(
            (replicas, bucket.n_rows, self._n_heads, bucket.length, bucket.length),
            (n_positions * width, bucket.length * width, self._max_length, width - 1, 1),
            first,
        )
        return self._mask(pairs).view(-1, bucket.length, bucket.length)

    def _mask(self, kept: Tensor) -> Tensor:
        """1 / (1 - rate) where a value is kept, 0 where not."""
        # Put together as bytes, then turned into floats: the other way round takes several times as long.
        return kept.contiguous().float().mul_(self._scale)


def _at_least(values: Tensor, threshold: int) -> Tensor:
    """uint8, 1 where a byte reaches the threshold, 0 elsewhere.

    On a CPU by numpy, whose comparison of bytes takes a twentieth of torch's; as bytes, since torch turns those into floats
    quickly, and multiplies with neither them nor bool.
    """
    if values.device.type != "cpu":
        return (values >= threshold).to(torch.uint8)
    return torch.from_numpy(np.greater_equal(values.numpy(), threshold).view(np.uint8))


def _columns_of(widths: Mapping[str, int]) -> dict[str, slice]:
    """Which bytes of a position belong to which site."""
    ends = dict(zip(widths, np.cumsum(list(widths.values())).tolist(), strict=True))
    return {name: slice(ends[name] - width, ends[name]) for name, width in widths.items()}


def _random_rows(counts: Sequence[int], width: int, generators: Sequence[torch.Generator]) -> tuple[Tensor, Tensor]:
    """Random bytes, eight from each 64-bit draw, for each replica from its own stream.

    Args:
        counts: Rows that each replica needs.
        width: Bytes in a row.
        generators: One per replica.

    Returns:
        uint8[n, width]; and int64[replicas, 1], where each replica's rows begin.
    """
    # So many rows that the next replica's begin with a draw.
    n_rows = [-(-count // 8) * 8 for count in counts]
    device = generators[0].device
    words = torch.empty(sum(n_rows) * width // 8, dtype=torch.int64, device=device)
    parts = words.split([n * width // 8 for n in n_rows])
    for part, count, generator in zip(parts, counts, generators, strict=True):
        part[: -(-count * width // 8)].random_(-(2**63), None, generator=generator)
    drawn = words.view(torch.uint8).view(-1, width)
    if len(set(n_rows)) == 1:
        return drawn, n_rows[0] * torch.arange(len(counts), device=device)[:, None]
    first = np.cumsum(n_rows, dtype=np.int64) - n_rows
    return drawn, to_device(first[:, None], device)

"""How rows stand for the encoder where most are short: end to end, so that little padding is computed, and in few calls.

The buckets of a step (`nsbench.batching.buckets`) pad rows to the longest beside them, and attention makes its calls for each
bucket. Scoring needs them, since rows share negatives. The encoder doesn't: here buckets are made of lanes, each of which
holds one row after the other, and a mask keeps attention within a row. On a sparse log that takes a third off the
encoder: what attention computes in vain between the rows of a lane is less than what padding, and calls for more and shorter
rectangles, take.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

from nsbench.batching.bucket import Bucket

ATTENTION_COST = 0.014
"""What a position more in a lane adds to each of the lane's positions, whose own cost in the encoder is 1; measured on a CPU at
width 50."""


@dataclass(frozen=True)
class Packing:
    """Where each row of a step stands.

    Attributes:
        lanes: Buckets of lanes, one after the other on the flat axis.
        place: int64[n_rows], the position at which each row begins.
        begin: int64[n_rows], the position within its lane at which each row begins.
    """

    lanes: tuple[Bucket, ...]
    place: NDArray[np.int64]
    begin: NDArray[np.int64]

    @property
    def n_positions(self) -> int:
        """Positions on the flat axis."""
        last = self.lanes[-1]
        return last.first_position + last.n_rows * last.length

    def in_lane(self) -> NDArray[np.int64]:
        """int64[n_positions], where each position is within its lane."""
        return np.concatenate([np.tile(np.arange(bucket.length), bucket.n_rows) for bucket in self.lanes])


def packed_rows(lengths: NDArray[np.int64], bucket_cost: float) -> Packing:
    """Puts rows into lanes, longest first, so that attention between rows of a lane and the calls for buckets cost little.

    Positions may be left over: where most rows are longer than half the longest, as many as buckets pad. The caller checks that.

    Args:
        lengths: int64[n_rows], falling, at least 1.
        bucket_cost: What each bucket costs, in positions.

    Rows of 5, 3, 2 and 1 in one bucket: 3 and 2 share the second lane, and 1 has the third to itself.
    >>> packing = packed_rows(np.array([5, 3, 2, 1]), bucket_cost=100)
    >>> [(bucket.n_rows, bucket.length) for bucket in packing.lanes], packing.place.tolist(), packing.begin.tolist()
    ([(3, 5)], [0, 5, 8, 10], [0, 0, 3, 0])
    """
    rows = _Unplaced(lengths)
    found: list[Bucket] = []
    position = 0
    for first, end in pairwise(_cuts(rows.values, rows.left, bucket_cost)):
        bucket = rows.place(range(first, end), position)
        if bucket is not None:
            found.append(bucket)
            position = bucket.positions.stop
    return Packing(tuple(found), *rows.places())


@final
class _Unplaced:
    """Rows that find their places. Those of one length are alike, so that they are counted instead of told apart.

    Attributes:
        values: The different lengths, falling.
        left: Rows of each that stand nowhere yet.
    """

    def __init__(self, lengths: NDArray[np.int64]) -> None:
        last = [*np.flatnonzero(np.diff(lengths)).tolist(), len(lengths) - 1]
        self.values: list[int] = lengths[last].tolist()
        self.left = [place - before for before, place in pairwise([-1, *last])]
        self._places: list[list[int]] = [[] for _ in last]
        self._begins: list[list[int]] = [[] for _ in last]

    def place(self, kinds: range, position: int) -> Bucket | None:
        """Makes a bucket on which all rows of some kinds stand, and such shorter ones as fit beside them.

        None where all have found their places beside longer ones.
        """
        longest = next((kind for kind in kinds if self.left[kind] > 0), None)
        if longest is None:
            return None
        length, first_position, needs_mask = self.values[longest], position, False
        for kind in range(longest, kinds.stop):
            while self.left[kind] > 0:
                in_lane = list(self._in_lane(kind, length))
                # As many lanes alike as there are rows for.
                n_alike = min(self.left[other] // n for other, n, _ in in_lane)
                for other, n, begin in in_lane:
                    self.left[other] -= n_alike * n
                    for offset in range(begin, begin + n * self.values[other], self.values[other]):
                        self._places[other] += range(position + offset, position + offset + n_alike * length, length)
                        self._begins[other] += [offset] * n_alike
                needs_mask |= in_lane != [(longest, 1, 0)]
                position += n_alike * length
        return Bucket((position - first_position) // length, length, first_position, needs_mask=needs_mask)

    def _in_lane(self, kind: int, length: int) -> Iterator[tuple[int, int, int]]:
        """What a lane holds that begins with a row of some kind: the longest rows that still fit, one after the other.

        Yields:
            The kind of row, how many of it, and where the first of them begins.
        """
        begin = 0
        for other in range(kind, len(self.values)):
            n = min(self.left[other], (length - begin) // self.values[other])
            if n > 0:
                yield other, n, begin
                begin += n * self.values[other]
                if begin == length:
                    return

    def places(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """`Packing.place` and `Packing.begin`."""
        place, begin = (np.array([*chain.from_iterable(part)]) for part in (self._places, self._begins))
        return place, begin


def _cuts(values: Sequence[int], counts: Sequence[int], bucket_cost: float) -> list[int]:
    """The places among the different lengths at which buckets of lanes begin, and their number.

    Lengths are cut in two where that saves most, and each part again, for as long as it saves more than a bucket costs.

    Args:
        values: The different lengths, falling.
        counts: Rows of each.
        bucket_cost: What each bucket costs.
    """
    before = [0, *accumulate(value * count for value, count in zip(values, counts, strict=True))]
    bounds, parts = [0, len(values)], [(0, len(values))]
    while parts:
        first, end = parts.pop()
        saved = [
            (before[end] - before[cut]) * (values[first] - values[cut]) * ATTENTION_COST
            for cut in range(first + 1, end)
        ]
        most = max(saved, default=0.0)
        if most > bucket_cost:
            cut = first + 1 + saved.index(most)
            bounds.append(cut)
            parts += [(first, cut), (cut, end)]
    return sorted(bounds)

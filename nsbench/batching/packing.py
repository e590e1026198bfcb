"""How rows stand for the encoder where most are short: end to end, so that little padding is computed, and in few calls.

The blocks of a step (`nsbench.batching.buckets`) pad rows to the longest beside them, and attention makes its calls for each
block. Scoring needs blocks, since rows share negatives. The encoder doesn't: here rows stand on shelves, rectangles whose
lanes hold one row after the other, and a mask keeps attention within a row. On a sparse log that takes a third off the
encoder: what attention computes in vain between the rows of a lane is less than what padding, and calls for more and shorter
rectangles, take.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import final

import numpy as np
from numpy.typing import NDArray

ATTENTION_COST = 0.014
"""What a position more in a lane adds to each of the lane's positions, whose own cost in the encoder is 1; measured on a CPU at
width 50."""


@dataclass(frozen=True)
class Shelf:
    """Lanes of one length, one after the other on the flat axis from `first_position` on.

    Attributes:
        n_lanes: How many.
        length: Positions in a lane.
        first_position: Of the first lane.
        needs_mask: Whether some lane is anything but one row as long as the lane.
    """

    n_lanes: int
    length: int
    first_position: int
    needs_mask: bool

    @property
    def positions(self) -> slice:
        """Where the shelf lies on the flat axis."""
        return slice(self.first_position, self.first_position + self.n_lanes * self.length)


@dataclass(frozen=True)
class Packing:
    """Where each row of a step stands.

    Attributes:
        shelves: One after the other on the flat axis.
        place: int64[n_rows], the position at which each row begins.
        begin: int64[n_rows], the position within its lane at which each row begins.
    """

    shelves: tuple[Shelf, ...]
    place: NDArray[np.int64]
    begin: NDArray[np.int64]

    @property
    def n_positions(self) -> int:
        """Positions on the flat axis."""
        last = self.shelves[-1]
        return last.first_position + last.n_lanes * last.length

    def in_lane(self) -> NDArray[np.int64]:
        """int64[n_positions], where each position is within its lane."""
        return np.concatenate([np.tile(np.arange(shelf.length), shelf.n_lanes) for shelf in self.shelves])


def packed(lengths: NDArray[np.int64], shelf_cost: float) -> Packing:
    """Stands rows on shelves, longest first, so that attention between rows of a lane and the calls for shelves cost little.

    Positions may be left over: where most rows are longer than half the longest, as many as blocks pad. Whoever calls sees to it.

    Args:
        lengths: int64[n_rows], falling, at least 1.
        shelf_cost: What each shelf costs, in positions.

    Rows of 5, 3, 2 and 1 on one shelf: 3 and 2 share the second lane, and 1 has the third to itself.
    >>> packing = packed(np.array([5, 3, 2, 1]), shelf_cost=100)
    >>> [(shelf.n_lanes, shelf.length) for shelf in packing.shelves], packing.place.tolist(), packing.begin.tolist()
    ([(3, 5)], [0, 5, 8, 10], [0, 0, 3, 0])
    """
    rows = _Unplaced(lengths)
    shelves: list[Shelf] = []
    position = 0
    for first, end in pairwise(_shelves(rows.values, rows.left, shelf_cost)):
        shelf = rows.stand(range(first, end), position)
        if shelf is not None:
            shelves.append(shelf)
            position = shelf.positions.stop
    return Packing(tuple(shelves), *rows.standing())


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

    def stand(self, kinds: range, position: int) -> Shelf | None:
        """Makes a shelf on which all rows of some kinds stand, and such shorter ones as fit beside them.

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
        return Shelf((position - first_position) // length, length, first_position, needs_mask)

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

    def standing(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """`Packing.place` and `Packing.begin`."""
        place, begin = (np.array([*chain.from_iterable(part)]) for part in (self._places, self._begins))
        return place, begin


def _shelves(values: Sequence[int], counts: Sequence[int], shelf_cost: float) -> list[int]:
    """The places among the different lengths at which shelves begin, and their number.

    Lengths are cut in two where that saves most, and each part again, for as long as it saves more than a shelf costs.

    Args:
        values: The different lengths, falling.
        counts: Rows of each.
        shelf_cost: What each shelf costs.
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
        if most > shelf_cost:
            cut = first + 1 + saved.index(most)
            bounds.append(cut)
            parts += [(first, cut), (cut, end)]
    return sorted(bounds)

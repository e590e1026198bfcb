"""Where the log is cut in time into training, validation and test.

Globally in time, so that no model learns from what happens after the interactions it is tested on.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from nsbench.data.log.option_value import SplitRule
from nsbench.data.log.table import Table
from nsbench.errors import LogError

BIN_BITS = 16


@dataclass(frozen=True)
class Boundary:
    """A place in the log's (timestamp_us, row) order.

    Attributes:
        timestamp_us: As in the table.
        row: The first row of this time that lies after the boundary; 0: all do.
    """

    timestamp_us: int
    row: int = 0

    def is_before(self, table: Table, chunk: slice) -> NDArray[np.bool_]:
        """bool[n], True where a row of the chunk lies before the boundary."""
        timestamp_us = table.timestamp_us[chunk]
        if self.row == 0:
            return np.asarray(timestamp_us < self.timestamp_us)
        return np.asarray(
            (timestamp_us < self.timestamp_us) | ((timestamp_us == self.timestamp_us) & (table.row[chunk] < self.row))
        )


@dataclass(frozen=True)
class Boundaries:
    """Where validation and test begin."""

    valid: Boundary
    test: Boundary


@dataclass(frozen=True)
class Place:
    """A value among others in order.

    Attributes:
        value: The value.
        n_smaller: How many are smaller.
    """

    value: int
    n_smaller: int


def find_boundaries(table: Table, rule: SplitRule, valid_share: float, test_share: float) -> Boundaries:
    """Finds the cuts that give validation and test their shares of the interactions.

    Args:
        table: The filtered log.
        rule: How a cut is placed among equal times. By timestamp the wanted numbers are the shares rounded to the nearest;
            by rows they are rounded up, as the paper's published code cuts.
        valid_share: Share of the interactions in validation, in (0, 1).
        test_share: Share of the interactions in test, in (0, 1).

    Raises:
        LogError: The log has too few interactions or too few different times for three parts.
    """
    n = len(table)
    wanted = _rounded_up if rule == "rows" else _rounded
    n_before_test = n - wanted(n, test_share)
    n_before_valid = n_before_test - wanted(n, valid_share)
    if not 0 < n_before_valid < n_before_test < n:
        raise LogError(
            f"{n:,} interactions with shares of {valid_share:g} and {test_share:g} give {n_before_valid:,} for training, "
            f"{n_before_test - n_before_valid:,} for validation and {n - n_before_test:,} for test, and none may be empty. "
            "Use a longer log, larger shares or weaker filters."
        )
    cut = _cut_rows if rule == "rows" else _cut_times
    (valid, n_train), (test, n_until_test) = cut(table, [n_before_valid, n_before_test])
    if not 0 < n_train < n_until_test < n:
        raise LogError(
            "Training, validation or test would be empty: the log has too few different times to be cut by "
            "timestamp. Use larger shares, or --split-by rows, which cuts through equal times."
        )
    return Boundaries(valid, test)


def _rounded(n: int, share: float) -> int:
    return round(n * share)


def _rounded_up(n: int, share: float) -> int:
    """The smallest number that is at least this share of n, the share as it is written.

    .07 as a float is a little more than seven hundredths, so that .07 * 100 is above 7.
    >>> _rounded_up(100, 0.07), _rounded_up(198_502, 0.05)
    (7, 9926)
    """
    return math.ceil(Fraction(str(share)) * n)


def count_cut_ties(table: Table, boundaries: Boundaries) -> int:
    """Interactions at a time that a boundary cuts through."""
    cut = {b.timestamp_us for b in (boundaries.valid, boundaries.test) if _divides(table, b)}
    return sum(int(np.isin(table.timestamp_us[chunk], list(cut)).sum()) for chunk in table.chunks()) if cut else 0


def kth_smallest(values: Callable[[], Iterable[NDArray[np.int64]]], ks: Sequence[int]) -> list[Place]:
    """The values at places (from 0) of all values in order, in a few passes and little memory.

    Each pass counts the values in 2^BIN_BITS bins between the smallest and the largest that a place can still have.

    Args:
        values: Gives the values in chunks, the same on every call.
        ks: Places between 0 and the number of values minus 1.

    >>> kth_smallest(lambda: [np.array([5, 1]), np.array([3, 3])], [2])
    [Place(value=3, n_smaller=1)]
    """
    bounds = [(int(chunk.min()), int(chunk.max())) for chunk in values() if len(chunk)]
    lows, highs = zip(*bounds, strict=True)
    intervals = [_Interval(min(lows), max(highs), n_smaller=0) for _ in ks]
    while any(interval.low < interval.high for interval in intervals):
        bins = {interval: np.zeros(1 << BIN_BITS, dtype=np.int64) for interval in intervals}
        for chunk in values():
            for interval in bins:
                inside = chunk[(chunk >= interval.low) & (chunk <= interval.high)]
                bins[interval] += np.bincount((inside - interval.low) >> interval.shift, minlength=1 << BIN_BITS)
        intervals = [interval.narrowed(bins[interval], k) for interval, k in zip(intervals, ks, strict=True)]
    return [Place(interval.low, interval.n_smaller) for interval in intervals]


@dataclass(frozen=True)
class _Interval:
    """Where a sought value lies, both ends included, and how many values are smaller than all of it."""

    low: int
    high: int
    n_smaller: int

    @property
    def shift(self) -> int:
        """A bin is 2^shift wide."""
        return max((self.high - self.low).bit_length() - BIN_BITS, 0)

    def narrowed(self, counts: NDArray[np.int64], k: int) -> "_Interval":
        """The bin with place k."""
        cumulative = np.cumsum(counts)
        place = int(np.searchsorted(cumulative, k - self.n_smaller, side="right"))
        low = self.low + (place << self.shift)
        high = min(self.high, low + (1 << self.shift) - 1)
        return _Interval(low, high, self.n_smaller + int(cumulative[place] - counts[place]))


def _cut_rows(table: Table, ns_before: Sequence[int]) -> list[tuple[Boundary, int]]:
    """The boundary with exactly that many rows before it, for each number."""
    boundaries = []
    for n_before, found in zip(ns_before, kth_smallest(_timestamps(table), ns_before), strict=True):
        (row,) = kth_smallest(_rows_at(table, found.value), [n_before - found.n_smaller])
        boundaries.append((Boundary(found.value, row.value), n_before))
    return boundaries


def _cut_times(table: Table, ns_before: Sequence[int]) -> list[tuple[Boundary, int]]:
    """The start of a second with nearly that many rows before it, and how many there are, for each number."""
    boundaries = []
    for n_before, found in zip(ns_before, kth_smallest(_timestamps(table), ns_before), strict=True):
        second = found.value // table.tick
        here, next_second = Boundary(second * table.tick), Boundary((second + 1) * table.tick)
        n_here, n_next = _count_before(table, here), _count_before(table, next_second)
        takes_here = n_next == len(table) or (n_here > 0 and n_before - n_here <= n_next - n_before)
        boundaries.append((here, n_here) if takes_here else (next_second, n_next))
    return boundaries


def _timestamps(table: Table) -> Callable[[], Iterable[NDArray[np.int64]]]:
    return lambda: (table.timestamp_us[chunk] for chunk in table.chunks())


def _rows_at(table: Table, timestamp_us: int) -> Callable[[], Iterable[NDArray[np.int64]]]:
    return lambda: (
        table.row[chunk][table.timestamp_us[chunk] == timestamp_us].astype(np.int64) for chunk in table.chunks()
    )


def _count_before(table: Table, boundary: Boundary) -> int:
    return sum(int(np.count_nonzero(boundary.is_before(table, chunk))) for chunk in table.chunks())


def _divides(table: Table, boundary: Boundary) -> bool:
    if boundary.row == 0:
        return False
    return _count_before(table, boundary) > _count_before(table, Boundary(boundary.timestamp_us))

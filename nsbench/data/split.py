"""Where the log is cut in time into training, validation and test.

Globally in time, so that no model learns from what happens after the interactions it is tested on.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.choice import SplitRule
from nsbench.data.table import Table
from nsbench.data.timestamp import MICROSECONDS
from nsbench.errors import LogError

N_BINS = 1 << 16


@dataclass(frozen=True)
class Boundary:
    """A place in the log's (moment, row) order.

    Attributes:
        moment: Microseconds since 1970.
        row: The first row of this moment that lies after the boundary; 0: all do.
    """

    moment: int
    row: int = 0

    def is_before(self, table: Table, chunk: slice) -> NDArray[np.bool_]:
        """bool[n], True where a row of the chunk lies before the boundary."""
        moment = table.moment[chunk]
        return np.asarray((moment < self.moment) | ((moment == self.moment) & (table.row[chunk] < self.row)))


@dataclass(frozen=True)
class Boundaries:
    """Where validation and test begin."""

    valid: Boundary
    test: Boundary


def find_boundaries(table: Table, rule: SplitRule, valid_share: float, test_share: float) -> Boundaries:
    """Finds the cuts that give validation and test their shares of the interactions.

    Args:
        table: The filtered log.
        rule: How a cut is placed among equal times.
        valid_share: Share of the interactions in validation, in (0, 1).
        test_share: Share of the interactions in test, in (0, 1).

    Raises:
        LogError: The log has too few interactions or too few different times for three parts.
    """
    n = len(table)
    n_before_test = n - round(n * test_share)
    n_before_valid = n_before_test - round(n * valid_share)
    if not 0 < n_before_valid < n_before_test < n:
        raise LogError(
            f"{n:,} interactions with shares of {valid_share:g} and {test_share:g} give {n_before_valid:,} for training, "
            f"{n_before_test - n_before_valid:,} for validation and {n - n_before_test:,} for test, and none may be empty. "
            "Use a longer log, larger shares or weaker filters."
        )
    place = _cut_rows if rule == "rows" else _cut_times
    boundaries = Boundaries(place(table, n_before_valid), place(table, n_before_test))
    n_train, n_until_test = (_count_before(table, boundary) for boundary in (boundaries.valid, boundaries.test))
    if not 0 < n_train < n_until_test < n:
        raise LogError(
            "Training, validation or test would be empty: the log has too few different times to be cut by "
            "timestamp. Use larger shares, or --split-by rows, which cuts through equal times."
        )
    return boundaries


def count_cut_ties(table: Table, boundaries: Boundaries) -> int:
    """Interactions at a moment that a boundary cuts through."""
    cut = {b.moment for b in (boundaries.valid, boundaries.test) if _divides(table, b)}
    return sum(int(np.isin(table.moment[chunk], list(cut)).sum()) for chunk in table.chunks()) if cut else 0


def kth_smallest(values: Callable[[], Iterable[NDArray[np.int64]]], k: int) -> int:
    """The value at place k (from 0) of all values in order, in a few passes and little memory.

    Args:
        values: Gives the values in chunks, the same on every call.
        k: Between 0 and the number of values minus 1.

    >>> kth_smallest(lambda: [np.array([5, 1]), np.array([3, 3])], 2)
    3
    """
    low = min(int(chunk.min()) for chunk in values() if len(chunk))
    high = max(int(chunk.max()) for chunk in values() if len(chunk))
    while low < high:
        width = (high - low) // N_BINS + 1
        counts = np.zeros(N_BINS, dtype=np.int64)
        for chunk in values():
            inside = chunk[(chunk >= low) & (chunk <= high)]
            counts += np.bincount((inside - low) // width, minlength=N_BINS)
        cumulative = np.cumsum(counts)
        place = int(np.searchsorted(cumulative, k, side="right"))
        k -= int(cumulative[place] - counts[place])
        low += place * width
        high = min(high, low + width - 1)
    return low


def _cut_rows(table: Table, n_before: int) -> Boundary:
    moment = kth_smallest(lambda: (table.moment[chunk] for chunk in table.chunks()), n_before)
    n_earlier = _count_before(table, Boundary(moment))
    rows = lambda: (  # noqa: E731
        table.row[chunk][table.moment[chunk] == moment].astype(np.int64) for chunk in table.chunks()
    )
    return Boundary(moment, kth_smallest(rows, n_before - n_earlier))


def _cut_times(table: Table, n_before: int) -> Boundary:
    second = kth_smallest(lambda: (table.moment[chunk] // MICROSECONDS for chunk in table.chunks()), n_before)
    here, next_second = Boundary(second * MICROSECONDS), Boundary((second + 1) * MICROSECONDS)
    n_here, n_next = _count_before(table, here), _count_before(table, next_second)
    if n_next == len(table) or (n_here > 0 and n_before - n_here <= n_next - n_before):
        return here
    return next_second


def _count_before(table: Table, boundary: Boundary) -> int:
    return sum(int(np.count_nonzero(boundary.is_before(table, chunk))) for chunk in table.chunks())


def _divides(table: Table, boundary: Boundary) -> bool:
    if boundary.row == 0:
        return False
    return _count_before(table, boundary) > _count_before(table, Boundary(boundary.moment))

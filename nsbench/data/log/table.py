"""Interactions as integers in (user, time, row) order, in memory-mapped files, so that their number isn't bound by memory.

Labels become codes by their order; rows are dealt to stretches of users in one pass and each stretch is sorted. What works
on the table goes through it in chunks that never cut a user.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nsbench.data.log.columns.timestamp import MICROSECONDS
from nsbench.data.log.cut.row_order import RowOrder
from nsbench.data.log.parallel import map_in_order
from nsbench.data.log.staging import CodedLabels, Rows, Staged
from nsbench.tensors.radix_sort import is_ordered, stable_order

CHUNK_ROWS = 1 << 17
"""Rows of a chunk: what is made of them on the way still fits a core's cache."""

DEALT_ROWS = 1 << 19
"""Rows that are dealt to the stretches at a time, at least."""

MOST_DEALS = 1 << 8
"""A long log is dealt so many rows at a time that it takes no more deals than this: each gives every stretch some rows."""


@dataclass(frozen=True)
class Table:
    """Four columns of one length, by user, and within a user as a `RowOrder` says: by time, then row, unless told otherwise.

    Attributes:
        user: int32, codes from 0 in the labels' order.
        item: int32, codes from 0 in the labels' order.
        timestamp_us: int64, microseconds since 1970.
        row: uint32, the row in the log.
        n_users: Number of user codes; some may have no interaction left.
        n_items: Number of item codes.
        tick: So many units of `timestamp_us` are one of the dataset's timestamps, and no split by time cuts it in two: a second,
            or less where the times only give an order.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    timestamp_us: NDArray[np.int64]
    row: NDArray[np.uint32]
    n_users: int
    n_items: int
    tick: int = MICROSECONDS

    def __len__(self) -> int:
        return len(self.user)

    def chunks(self) -> Iterator[slice]:
        """Stretches of about CHUNK_ROWS rows that never cut a user."""
        start = 0
        while start < len(self):
            end = min(start + CHUNK_ROWS, len(self))
            if end < len(self):
                before = start + int(np.searchsorted(self.user[start:end], self.user[end]))
                after = start + int(np.searchsorted(self.user[start:], self.user[start], side="right"))
                end = before if before > start else after
            yield slice(start, end)
            start = end

    def keep(self, choose: Callable[[slice], NDArray[np.bool_]]) -> "Table":
        """Leaves rows out, chunk by chunk, in place: the old table must not be used any more.

        Args:
            choose: Gives bool[n] for a chunk, True where a row stays. It is called before the chunk is overwritten.
        """
        n_kept = 0
        for chunk in self.chunks():
            chosen = choose(chunk)
            kept = slice(n_kept, n_kept + int(np.count_nonzero(chosen)))
            for column in (self.user, self.item, self.timestamp_us, self.row):
                column[kept] = column[chunk][chosen]
            n_kept = kept.stop
        columns = (self.user[:n_kept], self.item[:n_kept], self.timestamp_us[:n_kept], self.row[:n_kept])
        return replace(self, user=columns[0], item=columns[1], timestamp_us=columns[2], row=columns[3])


@dataclass(frozen=True)
class Labels:
    """What the codes stand for: `users[code]` and `items[code]`, each sorted."""

    users: pl.Series
    items: pl.Series


@dataclass(frozen=True)
class _Renumbering:
    """From a staged column's codes to codes in the labels' order.

    Attributes:
        low: The staged code that entry 0 of `codes` belongs to.
        codes: int32[span], the new code of each staged code.
        labels: The label of each new code.
        counts: int64, the rows of each new code.
    """

    low: int
    codes: NDArray[np.int32]
    labels: pl.Series
    counts: NDArray[np.int64]

    def of(self, staged: NDArray[np.uint32]) -> NDArray[np.int32]:
        return self.codes.take(staged - np.uint32(self.low))


def build_table(staged: Staged, folder: Path, order: RowOrder | None = None) -> tuple[Table, Labels]:
    """Turns a staged file into a table; rows with a missing value are left out.

    Args:
        staged: The rows in the log's order.
        folder: Where the table's files go.
        order: Of a user's rows; None: by time, equal times as in the log.
    """
    user_counts, item_counts = (np.zeros(labels.span, dtype=np.uint32) for labels in (staged.users, staged.items))
    for rows in staged.batches(DEALT_ROWS):
        np.add.at(user_counts, rows.user - np.uint32(staged.users.low), np.uint32(1))
        np.add.at(item_counts, rows.item - np.uint32(staged.items.low), np.uint32(1))
    users, items = _renumber(staged.users, user_counts), _renumber(staged.items, item_counts)
    del user_counts, item_counts
    table = _empty_table(folder, users, items)
    _fill(table, staged, users, items, order or RowOrder())
    return table, Labels(users.labels, items.labels)


def whole_tick(table: Table) -> int:
    """The tick of times that only give an order: as of times where all are whole numbers, else the smallest one."""
    return MICROSECONDS if all(not (table.timestamp_us[chunk] % MICROSECONDS).any() for chunk in table.chunks()) else 1


def _renumber(staged: CodedLabels, counts: NDArray[np.uint32]) -> _Renumbering:
    present = np.flatnonzero(counts)
    labels = staged.coding.labels(present + staged.low)
    if not labels.is_sorted():
        order = labels.arg_sort().to_numpy()
        present, labels = present[order], labels.gather(order)
    codes = np.zeros(len(counts), dtype=np.int32)
    # A label can have been written in two ways, 7 and 7.0, and so have two staged codes.
    is_new = (labels != labels.shift(1)).fill_null(value=True).to_numpy()
    codes[present] = np.cumsum(is_new, dtype=np.int32) - 1
    merged = np.add.reduceat(counts[present].astype(np.int64), np.flatnonzero(is_new)) if len(present) else counts[:0]
    return _Renumbering(staged.low, codes, labels.filter(pl.Series(is_new)), merged.astype(np.int64))


def _empty_table(folder: Path, users: _Renumbering, items: _Renumbering) -> Table:
    n_rows = int(users.counts.sum())

    def column(name: str, kind: type[np.integer]) -> NDArray[Any]:
        if not n_rows:
            return np.empty(0, dtype=kind)
        return open_memmap(folder / f"table-{name}.npy", mode="w+", dtype=kind, shape=(n_rows,))

    return Table(
        user=column("user", np.int32),
        item=column("item", np.int32),
        timestamp_us=column("timestamp_us", np.int64),
        row=column("row", np.uint32),
        n_users=len(users.labels),
        n_items=len(items.labels),
    )


def _fill(table: Table, staged: Staged, users: _Renumbering, items: _Renumbering, order: RowOrder) -> None:
    """Deals the rows to stretches of whole users, then sorts each stretch.

    Rows reach a stretch one after the other, so that a table larger than memory is written in passes rather than at
    random.
    """
    first_rows = np.cumsum(users.counts) - users.counts
    stretches, stretch_of_user = np.unique(first_rows // CHUNK_ROWS, return_inverse=True)
    starts = first_rows[np.searchsorted(stretch_of_user, np.arange(len(stretches)))]
    stretch_of_user = stretch_of_user.astype(np.min_scalar_type(len(starts)))

    def sort_by_stretch(rows: Rows) -> tuple[NDArray[np.int64], tuple[NDArray[Any], ...]]:
        user = users.of(rows.user)
        stretch = stretch_of_user.take(user)
        order = np.argsort(stretch, kind="stable")
        columns = (user, items.of(rows.item), rows.timestamp_us, rows.row)
        return np.bincount(stretch, minlength=len(starts)), tuple(column.take(order) for column in columns)

    free = starts.tolist()
    columns: tuple[NDArray[Any], ...] = (table.user, table.item, table.timestamp_us, table.row)
    for counts, dealt in map_in_order(sort_by_stretch, staged.batches(max(DEALT_ROWS, len(table) // MOST_DEALS))):
        begin = 0
        for stretch, count in enumerate(counts.tolist()):
            place = slice(free[stretch], free[stretch] + count)
            for column, values in zip(columns, dealt, strict=True):
                column[place] = values[begin : begin + count]
            begin += count
            free[stretch] = place.stop
    bounds = [*starts.tolist(), len(table)]
    for _ in map_in_order(lambda bound: _sort(table, slice(*bound), order), pairwise(bounds)):
        pass


def _sort(table: Table, stretch: slice, row_order: RowOrder) -> None:
    """Sorts a stretch that is in the log's order by user, and each user's rows as the order says."""
    user, timestamp_us = table.user[stretch], table.timestamp_us[stretch]
    if row_order.is_plain and is_ordered(timestamp_us, user):
        return
    seconds = timestamp_us // MICROSECONDS
    if np.array_equal(seconds * MICROSECONDS, timestamp_us):
        timestamp_us = seconds
    if not row_order.is_plain:
        order = row_order.order(user, timestamp_us, table.row[stretch])
    else:
        order = stable_order(user) if is_ordered(timestamp_us) else stable_order(timestamp_us, user)
    for column in (table.user, table.item, table.timestamp_us, table.row):
        column[stretch] = column[stretch].take(order)

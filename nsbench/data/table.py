"""Interactions as integers in (user, moment, row) order, in memory-mapped files, so that their number isn't bound by memory.

Labels become codes by their order; rows are dealt to stretches of users in one pass and each stretch is sorted. What works
on the table goes through it in chunks that never cut a user.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

CHUNK_ROWS = 1 << 21


@dataclass(frozen=True)
class Table:
    """Four columns of one length, in (user, moment, row) order.

    Attributes:
        user: int32, codes from 0 in the labels' order.
        item: int32, codes from 0 in the labels' order.
        moment: int64, microseconds since 1970.
        row: uint32, the row in the log, which orders equal moments.
        n_users: Number of user codes; some may have no interaction left.
        n_items: Number of item codes.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    moment: NDArray[np.int64]
    row: NDArray[np.uint32]
    n_users: int
    n_items: int

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
            for column in (self.user, self.item, self.moment, self.row):
                column[kept] = column[chunk][chosen]
            n_kept = kept.stop
        columns = (self.user[:n_kept], self.item[:n_kept], self.moment[:n_kept], self.row[:n_kept])
        return Table(*columns, self.n_users, self.n_items)


@dataclass(frozen=True)
class Labels:
    """What the codes stand for: `users[code]` and `items[code]`, each sorted."""

    users: pl.Series
    items: pl.Series


def build_table(staged: Path, folder: Path) -> tuple[Table, Labels]:
    """Turns a staged file (`nsbench.data.ingest`) into a table; rows with a missing value are left out.

    Args:
        staged: Parquet with user, item, moment and row.
        folder: Where the table's files go.
    """
    rows = pl.scan_parquet(staged).drop_nulls()
    rows = rows.with_columns(_as_label(rows, "user"), _as_label(rows, "item"))
    users, items = _count_labels(rows, "user"), _count_labels(rows, "item")
    coded = folder / "coded.parquet"
    rows.join(users.select("user", "user_code").lazy(), on="user").join(
        items.select("item", "item_code").lazy(), on="item"
    ).select("row", "moment", user="user_code", item="item_code").sink_parquet(
        coded, compression="lz4", engine="streaming", row_group_size=CHUNK_ROWS // 4
    )
    table = _empty_table(folder, users, len(items))
    _order(table, users["len"].to_numpy().astype(np.int64), coded)
    coded.unlink()
    return table, Labels(users["user"], items["item"])


def _as_label(rows: pl.LazyFrame, name: str) -> pl.Expr:
    """The column as integers where that loses nothing (007 stays text), else as text."""
    column, kind = pl.col(name), rows.collect_schema()[name]
    if kind.is_integer():
        return column
    if kind == pl.String or kind.is_float():
        as_integer = column.cast(pl.Int64, strict=False)
        loses_nothing = as_integer.cast(kind, strict=False).eq_missing(column).all()
        if rows.select(loses_nothing).collect(engine="streaming").item():
            return as_integer
    return column.cast(pl.String)


def _count_labels(rows: pl.LazyFrame, name: str) -> pl.DataFrame:
    counts = rows.group_by(name).agg(pl.len()).collect(engine="streaming").sort(name)
    return counts.with_row_index(f"{name}_code")


def _empty_table(folder: Path, users: pl.DataFrame, n_items: int) -> Table:
    n_rows = int(users["len"].sum())

    def column(name: str, kind: type[np.integer]) -> NDArray[Any]:
        return open_memmap(folder / f"table-{name}.npy", mode="w+", dtype=kind, shape=(n_rows,))

    return Table(
        user=column("user", np.int32),
        item=column("item", np.int32),
        moment=column("moment", np.int64),
        row=column("row", np.uint32),
        n_users=len(users),
        n_items=n_items,
    )


def _order(table: Table, lengths: NDArray[np.int64], coded: Path) -> None:
    """Fills the table: deals the rows to stretches of whole users, then sorts each stretch.

    Rows reach a stretch one after the other, so that a table larger than memory is written in passes rather than at
    random.
    """
    first_rows = np.cumsum(lengths) - lengths
    stretches, stretch_of_user = np.unique(first_rows // CHUNK_ROWS, return_inverse=True)
    starts = first_rows[np.searchsorted(stretch_of_user, np.arange(len(stretches)))]
    columns: dict[str, NDArray[Any]] = {
        "user": table.user,
        "item": table.item,
        "moment": table.moment,
        "row": table.row,
    }
    free = starts.copy()
    for batch in pq.ParquetFile(coded).iter_batches(batch_size=CHUNK_ROWS):
        stretch = stretch_of_user[batch.column("user").to_numpy()]
        order = np.argsort(stretch, kind="stable")
        counts = np.bincount(stretch, minlength=len(starts))
        target = np.repeat(free - (np.cumsum(counts) - counts), counts) + np.arange(len(order))
        free += counts
        for name, column in columns.items():
            column[target] = batch.column(name).to_numpy()[order]
    for start, end in zip(starts, [*starts[1:], len(table)], strict=True):
        chunk = slice(int(start), int(end))
        order = np.lexsort((table.row[chunk], table.moment[chunk], table.user[chunk]))
        for column in columns.values():
            column[chunk] = column[chunk][order]

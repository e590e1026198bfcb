"""The rows of a log as a file of plain integers: the one thing that is written while the log is read.

The staged file is an uncompressed Arrow file with the columns `user` and `item` (uint32 codes), `timestamp_us` (int64
microseconds since 1970) and `row` (uint32), in the log's order; null where the log's row is bad.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from nsbench.data.log.columns.label import LARGEST_SPAN, Coding, DictionaryCoding, guess_coding
from nsbench.data.log.parallel import map_in_order

SAMPLE_ROWS = 1_000

STAGED_SCHEMA = pa.schema(
    [("user", pa.uint32()), ("item", pa.uint32()), ("timestamp_us", pa.int64()), ("row", pa.uint32())]
)

SPAN_PER_ROW = 8
SMALL_SPAN = 1 << 20
"""Numbers may span so many times the log's rows and so much more: the table over all of them is of the log's own size."""

Clean = Callable[[pl.DataType, pl.Expr], pl.Expr]
"""A column of a type without blanks and words for a missing value."""


@dataclass(frozen=True)
class Rows:
    """Some staged rows, in the log's order: columns of one length."""

    user: NDArray[np.uint32]
    item: NDArray[np.uint32]
    timestamp_us: NDArray[np.int64]
    row: NDArray[np.uint32]


@dataclass(frozen=True)
class CodedLabels:
    """A staged column of users or items.

    Attributes:
        coding: How the labels are coded.
        low: The smallest code.
        high: The largest code.
        n_missing: Rows without a label.
    """

    coding: Coding
    low: int
    high: int
    n_missing: int

    @property
    def span(self) -> int:
        """How many codes there can be."""
        return self.high - self.low + 1

    def fits(self, n_rows: int) -> bool:
        """Whether the coding could hold the column: labels are missing, too, where they are no plain numbers."""
        if isinstance(self.coding, DictionaryCoding):
            return True
        return self.n_missing == 0 and self.span <= min(LARGEST_SPAN, SPAN_PER_ROW * n_rows + SMALL_SPAN)


@dataclass(frozen=True)
class Staged:
    """A staged file, and what is in it.

    Attributes:
        path: The file.
        users: Its column of users.
        items: Its column of items.
        n_rows: Rows, bad ones included.
        n_without_timestamp: Rows without a time.
    """

    path: Path
    users: CodedLabels
    items: CodedLabels
    n_rows: int
    n_without_timestamp: int

    def batches(self, n_rows: int) -> Iterator[Rows]:
        """The good rows, from `n_rows` rows at a time."""
        frame = pl.scan_ipc(self.path, glob=False)
        for start in range(0, self.n_rows, n_rows):
            part = frame.slice(start, n_rows).collect().drop_nulls()
            yield Rows(*(part[name].to_numpy() for name in ("user", "item", "timestamp_us", "row")))


def stage(rows: Callable[[], Iterable[pl.LazyFrame]], sample: pl.DataFrame, path: Path, clean: Clean) -> Staged:
    """Writes the staged file of a log, in one pass over it; in two where labels begin as plain numbers and don't go on so.

    Args:
        rows: Gives the rows, some at a time: `user` and `item` as they stand in the log, `timestamp_us` (int64) and `row`.
        sample: The first users and items, from which the way to code them is guessed.
        path: Where the staged file goes.
        clean: Takes blanks and words for a missing value out of labels.
    """
    users, items = guess_coding(sample["user"]), guess_coding(sample["item"])
    while True:
        staged = _write(rows(), path, clean, users, items)
        if staged.users.fits(staged.n_rows) and staged.items.fits(staged.n_rows):
            return staged
        if not staged.users.fits(staged.n_rows):
            users = DictionaryCoding(sample["user"].dtype, "user")
        if not staged.items.fits(staged.n_rows):
            items = DictionaryCoding(sample["item"].dtype, "item")


def _write(rows: Iterable[pl.LazyFrame], path: Path, clean: Clean, users: Coding, items: Coding) -> Staged:
    def encode(part: pl.LazyFrame) -> pa.Table:
        schema = part.collect_schema()
        codes = [
            coding.encode(pl.col(name), clean(schema[name], pl.col(name))).alias(name)
            for name, coding in (("user", users), ("item", items))
        ]
        return part.select(*codes, "timestamp_us", pl.col("row").cast(pl.UInt32)).collect().to_arrow()

    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, STAGED_SCHEMA) as writer:
        for table in map_in_order(encode, rows):
            writer.write_table(table)
    labels = pl.col("user", "item")
    found = (
        pl.scan_ipc(path, glob=False)
        .select(
            pl.len(),
            pl.col("user", "item", "timestamp_us").null_count().name.suffix("_missing"),
            labels.min().name.suffix("_low"),
            labels.max().name.suffix("_high"),
        )
        .collect(engine="streaming")
        .row(0, named=True)
    )

    def labels_of(name: str, coding: Coding) -> CodedLabels:
        return CodedLabels(coding, found[f"{name}_low"] or 0, found[f"{name}_high"] or 0, found[f"{name}_missing"])

    return Staged(path, labels_of("user", users), labels_of("item", items), found["len"], found["timestamp_us_missing"])

"""Reads histories from a file: item ids as the log has them become numbers of the model's items.

Two forms. One row per interaction: a column of users and one of items, in the order of a column of times, if there is one,
else of the file. One row per history: a column of ids (or of users), and `items` (or `history`), a list, or a text of ids
between commas. A file of the second form is read batch by batch; of the first, users and items of all rows are held.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.dataset import Histories
from nsbench.data.item_label import ItemLabels
from nsbench.data.log.columns.column_name import ITEM_NAMES, TIME_NAMES, USER_NAMES, plain_name
from nsbench.errors import LogError
from nsbench.files.table_file import TableFile, one_per_row
from nsbench.trained.history_text import FORMS, as_lists, check_no_printed_list

_log = logging.getLogger(__name__)

BATCH = 1 << 14
"""Histories that are handed on at a time."""

LIST_NAMES = ("items", "history", "itemids", "itemlist", "sequence")
"""Columns that hold a whole history."""

KEY_NAMES = ("id", *USER_NAMES)
"""Columns that say whose history it is, by falling preference."""


@dataclass(frozen=True)
class HistoryBatch:
    """Some histories.

    Attributes:
        keys: Whose they are, as the file has it.
        histories: Of the items that the model knows.
        n_given: Ids in them, unknown ones included.
        n_unknown: Those of them that are no item of the model.
    """

    keys: pl.Series
    histories: Histories
    n_given: int
    n_unknown: int


class FrameSource(Protocol):
    """A table with named columns, read in batches."""

    @property
    def path(self) -> Path:
        """What messages call it."""

    @property
    def names(self) -> Sequence[str]:
        """Its columns."""

    def frames(self, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows in batches, with the columns that are wanted."""


@final
class HistoryTable:
    """Histories in a file.

    Args:
        source: CSV, TSV, JSON lines or Parquet; or what gives frames, as such a file does.
        items: The model's items.

    Raises:
        LogError: The file can't be read, or has no columns of histories.
    """

    def __init__(self, source: "Path | FrameSource", items: ItemLabels) -> None:
        self._file: FrameSource = TableFile.open(source) if isinstance(source, Path) else source
        self._items = items
        names = {plain_name(name): name for name in reversed(self._file.names)}
        whole = next((names[name] for name in LIST_NAMES if name in names), None)
        item = next((names[name] for name in ITEM_NAMES if name in names), None)
        keys = KEY_NAMES if whole is not None else USER_NAMES
        key = next((names[name] for name in keys if name in names), None)
        if key is None or (whole is None and item is None):
            raise LogError(f"{self._file.path} has the columns {', '.join(self._file.names)}; {FORMS}")
        self.key_name = key
        self._whole = whole
        self._item = item or ""
        self._time = next((names[name] for name in TIME_NAMES if name in names), None)
        others = [name for name in self._file.names if name not in (key, item)]
        if whole is None and self._time is None and others:
            _log.warning(
                "%s: none of the columns %s is recognised as the time, so each user's rows are taken in the order in which they "
                "stand; if one holds the time, call it timestamp",
                self._file.path,
                ", ".join(others),
            )

    def batches(self) -> Iterator[HistoryBatch]:
        """The histories, in the file's order; of one row per interaction, in the order of each user's first row.

        Raises:
            LogError: An id is missing, or a time can't be read.
        """
        yield from self._of_rows() if self._whole is not None else self._of_interactions()

    def _of_rows(self) -> Iterator[HistoryBatch]:
        n_before = 0
        for frame in self._file.frames([self.key_name, str(self._whole)]):
            for part in frame.iter_slices(BATCH) if len(frame) else ():
                keys, column = one_per_row(part[self.key_name], self._file.path), part[str(self._whole)]
                if column.dtype == pl.String:
                    check_no_printed_list(column, self._items, f"{self._file.path}: {column.name}", n_before)
                lists = as_lists(column, self._file.path)
                self._check_keys(keys, n_before)
                lengths = lists.list.len().fill_null(0).cast(pl.Int64).to_numpy()
                ids = lists.filter(pl.Series(lengths > 0)).explode()
                texts = self._items.texts(ids)
                if texts.null_count():
                    place = int(texts.is_null().arg_true()[0])
                    row = int(np.searchsorted(np.cumsum(lengths), place, side="right"))
                    raise self._missing("an item id", n_before + row)
                yield batch_of(keys, self._items.numbers(texts), lengths)
                n_before += len(part)

    def _of_interactions(self) -> Iterator[HistoryBatch]:
        wanted = [self.key_name, self._item, *([self._time] if self._time else [])]
        n_before = 0
        frames = []
        for frame in self._file.frames(list(dict.fromkeys(wanted))):
            for column in frame:
                one_per_row(column, self._file.path)
            self._check_keys(frame[self.key_name], n_before)
            texts = self._items.texts(frame[self._item])
            if texts.null_count():
                raise self._missing("an item id", n_before + int(texts.is_null().arg_true()[0]))
            columns = [frame[self.key_name].alias("key"), pl.Series("item", self._items.numbers(texts))]
            if self._time:
                columns.append(frame[self._time].alias("time"))
            frames.append(pl.DataFrame(columns))
            n_before += len(frame)
        if not n_before:
            return
        rows = pl.concat(frames).with_row_index("row")
        del frames
        if self._time:
            rows = rows.with_columns(_as_order(rows["time"], self._file.path, self._time)).sort("time", "row")
        users = rows.group_by("key", maintain_order=True).agg("item", pl.col("row").min()).sort("row")
        for part in users.iter_slices(BATCH):
            lengths = part["item"].list.len().cast(pl.Int64).to_numpy()
            yield batch_of(part["key"].alias(self.key_name), part["item"].explode().to_numpy(), lengths)

    def _check_keys(self, keys: pl.Series, n_before: int) -> None:
        missing = keys.is_null() | (keys.cast(pl.String).str.strip_chars() == "")
        if keys.dtype.is_float():
            missing |= keys.is_nan()
        if missing.any():
            raise self._missing(f"the {self.key_name}", n_before + int(missing.arg_true()[0]))

    def _missing(self, what: str, row: int) -> LogError:
        return LogError(
            f"{self._file.path}: {what} is missing in row {row + 1:,} (counted from 1, without the line of names); leave the row "
            "out, or write the id"
        )


def batch_of(keys: pl.Series, numbers: NDArray[np.int32], lengths: NDArray[np.int64]) -> HistoryBatch:
    """A batch of histories.

    Args:
        keys: One per history.
        numbers: Items of all histories one after the other; 0 where an id is no item of the model.
        lengths: int64[n_histories], ids of each.
    """
    known = numbers > 0
    n_known = np.concatenate([[0], np.cumsum(known)])
    ends = np.cumsum(lengths)
    histories = Histories(numbers[known].astype(np.int32), n_known[ends - lengths], n_known[ends])
    return HistoryBatch(keys, histories, len(numbers), int(np.count_nonzero(~known)))


def _as_order(times: pl.Series, path: Path, name: str) -> pl.Series:
    """What sorts as the times do: numbers, or dates as ISO text."""
    if times.dtype.is_numeric() or times.dtype.is_temporal():
        found = times
    else:
        texts = times.cast(pl.String).str.strip_chars()
        are_numbers = texts.head(1).str.contains(r"^-?\d+(\.\d+)?$").all()
        found = texts.cast(pl.Float64, strict=False) if are_numbers else _dates(texts)
    if found.dtype.is_float():
        found = found.fill_nan(None)  # Else it would come after every time.
    if found.null_count():
        row = int(found.is_null().arg_true()[0])
        raise LogError(
            f"{path}: the {name} {times[row]!r} of row {row + 1:,} is neither a number nor a date in ISO form, as those of other "
            "rows are; leave the column out where the rows are in order"
        )
    return found.alias("time")


def _dates(texts: pl.Series) -> pl.Series:
    return texts.str.replace("T", " ").str.replace("Z$", "").str.to_datetime(strict=False)

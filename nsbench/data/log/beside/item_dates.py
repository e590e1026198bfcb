"""From a table of items and their dates, or from the log alone, to the times at which each item is available."""

import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.availability import ALWAYS_FROM, ALWAYS_UNTIL, AvailabilityCounts
from nsbench.data.item_label import ItemLabels
from nsbench.data.log.columns.column_name import ITEM_NAMES, TIME_NAMES, plain_name
from nsbench.data.log.columns.iso_time import DAY
from nsbench.data.log.columns.missing import clean
from nsbench.data.log.columns.timestamp import find_clock
from nsbench.data.log.formats.excerpt import excerpt, listing
from nsbench.data.log.option_value import FIRST_SEEN
from nsbench.data.log.table import CHUNK_ROWS
from nsbench.data.store import AVAILABILITY_ARRAYS, ITEMS
from nsbench.errors import LogError, SettingsError
from nsbench.files.table_file import TableFile
from nsbench.suggestion import did_you_mean

FROM_NAMES = (
    "first",
    "firstdate",
    "from",
    "availablefrom",
    "start",
    "startdate",
    "published",
    "release",
    "releasedate",
)
UNTIL_NAMES = ("last", "lastdate", "until", "availableuntil", "to", "end", "enddate", "removed", "expires")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Dates:
    """What a file says.

    Attributes:
        first: int64[n_items + 1], ALWAYS_FROM where it says nothing.
        last: int64[n_items + 1], ALWAYS_UNTIL where it says nothing.
        n_unknown: Rows of items that aren't in the log.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    n_unknown: int


def check_dates(source: str | None, *, is_order: bool) -> None:
    """Refuses dates before a log is read for them.

    Args:
        source: As of `write_item_dates`; None: nothing is asked for.
        is_order: Whether only the order is known of the log's times.

    Raises:
        LogError: There is no such file, or it has no such columns.
        SettingsError: There are dates, and the log has none.
    """
    if source in {None, FIRST_SEEN}:
        return
    if is_order:
        raise SettingsError(
            f"--available {source} gives dates, and of the log's times only the order is known. Leave it out, take --available "
            f"{FIRST_SEEN}, or name a column of times with --time-column."
        )
    if not Path(str(source)).is_file():
        raise LogError(
            f"--available {source}: there is no such file{did_you_mean(str(source), [FIRST_SEEN])}; give a table of items and "
            f"their dates (CSV, TSV, JSON lines or Parquet), or {FIRST_SEEN}."
        )
    _columns(TableFile.open(Path(str(source))))


def write_item_dates(source: str, folder: Path, tick: int) -> AvailabilityCounts:
    """Writes when items are available, beside a dataset's other arrays, and says what is known of it.

    An item that has no date is always available. Where an interaction lies outside its item's dates, the dates are widened:
    what was chosen was available.

    Args:
        source: A file of items with a first date, and a last one if there are any; or FIRST_SEEN.
        folder: Holds the dataset's item_ids, timestamps and items.
        tick: Microseconds of one of its timestamps.

    Raises:
        LogError: The file can't be read, has no such columns, holds no dates, or none of an item of the log.
    """
    item_ids, timestamps = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("item_ids", "timestamps"))
    labels = pl.read_parquet(folder / ITEMS, glob=False)["label"]
    seen = np.full(len(labels) + 1, ALWAYS_UNTIL), np.full(len(labels) + 1, ALWAYS_FROM)
    if source == FIRST_SEEN:
        found = _Dates(seen[0], np.full(len(labels) + 1, ALWAYS_UNTIL), 0)
    else:
        found = _read(Path(source), ItemLabels(labels), tick)
    n_outside = 0
    for start in range(0, len(item_ids), CHUNK_ROWS):
        items, times = (column[start : start + CHUNK_ROWS] for column in (item_ids, timestamps))
        if source != FIRST_SEEN:
            n_outside += int(np.count_nonzero((times < found.first[items]) | (times > found.last[items])))
        np.minimum.at(seen[0], items, times)
        np.maximum.at(seen[1], items, times)
    for name, array in zip(
        AVAILABILITY_ARRAYS, (np.minimum(found.first, seen[0]), np.maximum(found.last, seen[1])), strict=True
    ):
        np.save(folder / f"{name}.npy", array)
    return AvailabilityCounts(
        source=source if source == FIRST_SEEN else Path(source).name,
        n_from=int(np.count_nonzero(found.first[1:] > ALWAYS_FROM)),
        n_until=int(np.count_nonzero(found.last[1:] < ALWAYS_UNTIL)),
        n_unknown_rows=found.n_unknown,
        n_outside=n_outside,
    )


def _read(path: Path, items: ItemLabels, tick: int) -> _Dates:
    file = TableFile.open(path)
    item, begins, ends = _columns(file)
    wanted = [name for name in (item, begins, ends) if name is not None]
    frames = list(file.frames(wanted))
    rows = pl.concat(frames) if frames else pl.DataFrame({name: [] for name in wanted})
    numbers = items.numbers(items.texts(rows[item])) if len(rows) else np.empty(0, dtype=np.int32)
    if not (numbers > 0).any():
        raise LogError(
            f"{path}: no row of its {len(rows):,} is of an item of the log, whose items are called such as "
            f"{listing(items.labels.head(3))}; its columns were taken to be {', '.join(map(repr, wanted))}"
        )
    first, last = np.full(len(items) + 1, ALWAYS_UNTIL), np.full(len(items) + 1, ALWAYS_FROM)
    has_from, has_until = np.zeros(len(first), dtype=bool), np.zeros(len(first), dtype=bool)
    for column, times, has, widen in ((begins, first, has_from, np.minimum), (ends, last, has_until, np.maximum)):
        if column is None:
            continue
        read = _times(path, rows, item, column)
        dated = read.is_not_null().to_numpy()
        values = read.filter(pl.Series(dated)).to_numpy()
        if column == ends and len(values) and not (values % DAY).any():
            values = values + DAY - 1  # A last day is available until it is over.
        widen.at(times, numbers[dated], values // tick)
        has[numbers[dated]] = True
    first[~has_from], last[~has_until] = ALWAYS_FROM, ALWAYS_UNTIL
    wrong = np.flatnonzero(first[1:] > last[1:])
    if len(wrong):
        raise LogError(
            f"{path}: the last date of item {excerpt(items.labels[int(wrong[0])])} lies before its first one, as of "
            f"{len(wrong):,} item{'s' * (len(wrong) > 1)}; its columns were taken to be {', '.join(map(repr, wanted))}"
        )
    n_unknown = int(np.count_nonzero(numbers == 0))
    if n_unknown:
        _log.warning("%s: %s of %s rows are of no item of the log", path, f"{n_unknown:,}", f"{len(rows):,}")
    return _Dates(first, last, n_unknown)


def _times(path: Path, rows: pl.DataFrame, item: str, column: str) -> pl.Series:
    """int64 microseconds since 1970, null where there is no date.

    Raises:
        LogError: A value is no date.
    """
    written = rows.select(clean(rows.schema[column], pl.col(column))).to_series()
    if not written.count():
        return pl.Series([None] * len(rows), dtype=pl.Int64)
    try:
        clock = find_clock(written.drop_nulls().head(CHUNK_ROWS), "auto", column)
    except LogError as error:
        raise LogError(f"{path}: {error}") from None
    read = pl.select(clock.timestamp_us(pl.lit(written))).to_series()
    bad = written.is_not_null() & read.is_null()
    if bad.any():
        row = int(bad.arg_max() or 0)
        raise LogError(
            f"{path}: {column}={excerpt(written[row])} of item {excerpt(rows[item][row])} is no {clock.reading}; "
            f"{int(bad.sum()):,} of its values can't be read so: correct them, or leave them empty where a date isn't known"
        )
    return read


def _columns(file: TableFile) -> tuple[str, str | None, str | None]:
    """The columns of items, first dates and last dates; the latter two go by their place where their names say nothing."""
    by_name = {plain_name(name): name for name in reversed(file.names)}

    def named(names: tuple[str, ...]) -> str | None:
        return next((by_name[name] for name in names if name in by_name), None)

    item = named((*ITEM_NAMES, "id")) or (file.names[0] if 2 <= len(file.names) <= 3 else None)
    begins, ends = named(FROM_NAMES), named(UNTIL_NAMES)
    if begins is None and ends is None:
        others = [name for name in file.names if name != item]
        begins = named(TIME_NAMES) or (others[0] if len(others) in (1, 2) else None)
        ends = others[1] if len(others) == 2 and begins == others[0] else None
    if item is None or (begins is None and ends is None):
        raise LogError(
            f"{file.path} has the columns {listing(file.names)}; a file of dates needs one of items, such as item_id, and one of "
            "first dates, such as available_from; a third one, such as available_until, may hold last dates"
        )
    return item, begins, ends

"""What is noticed about a log's rows once they are staged: rows that lack something, and times that can't be right."""

import logging
from collections import Counter
from collections.abc import Sequence

import polars as pl

from nsbench.data.log.columns.column import Columns
from nsbench.data.log.columns.column_form import EARLIEST_S
from nsbench.data.log.columns.compact_date import tomorrow
from nsbench.data.log.columns.iso_time import SECOND
from nsbench.data.log.columns.missing import clean
from nsbench.data.log.columns.timestamp import Clock
from nsbench.data.log.formats.excerpt import excerpt, listing
from nsbench.data.log.formats.log import ROW, Log
from nsbench.data.log.staging import Staged
from nsbench.errors import LogError

MOST_WORDS = 5

_SMALL_NUMBERS = (
    " Minutes since 1970 are read with --time-unit min, and numbers that only give the order (row numbers, positions, ranks) "
    "with --time-unit order"
)

logger = logging.getLogger(__name__)


def values_at(log: Log, columns: Sequence[str], row: int) -> tuple[object, ...]:
    """What stands in some columns of a row, for messages."""
    for frame in log.frames({str(place): name for place, name in enumerate(columns)}):
        if len(frame) and frame[ROW][-1] >= row:
            return frame.filter(pl.col(ROW) == row).drop(ROW).row(0)
    raise AssertionError(row)


def missing_words(log: Log, column: str) -> str:
    """Which words of a column count as no label, for messages; nothing where it has gaps only."""
    words = Counter[object]()
    for frame in log.frames({"label": column}):
        cleaned = clean(frame.schema["label"], pl.col("label"))
        words.update(frame.filter(pl.col("label").is_not_null() & cleaned.is_null())["label"].to_list())
    if not any(str(word).strip() for word in words):
        return ""
    return f" ({listing(word for word, _ in words.most_common(MOST_WORDS))}: read as missing)"


def check_rows(log: Log, columns: Columns, clock: Clock | None, staged: Staged, *, skip: bool) -> int:
    """Refuses bad rows, or gives the number of those that are to be skipped.

    Raises:
        LogError: There are bad rows, and they are not to be skipped or nothing else is there.
    """
    missing = staged.users.n_missing, staged.items.n_missing, staged.n_without_timestamp
    without_user, without_item, without_time = missing
    if not any(missing):
        return 0
    bad = pl.any_horizontal(pl.col("user", "item", "timestamp_us").is_null())
    counted = pl.scan_ipc(staged.path, glob=False).select(n_bad=bad.sum(), first=pl.col("row").filter(bad).min())
    n_bad, first = counted.collect(engine="streaming").row(0)
    user_words = missing_words(log, str(columns.user)) if without_user else ""
    item_words = missing_words(log, str(columns.item)) if without_item else ""
    counts = [
        f"{without_user:,} without a user in {columns.user!r}{user_words}" if without_user else "",
        f"{without_item:,} without an item in {columns.item!r}{item_words}" if without_item else "",
        f"{without_time:,} whose {columns.time!r} is no {clock.reading}" if clock is not None and without_time else "",
    ]
    what = f"{n_bad:,} of {staged.n_rows:,} rows are bad: {', '.join(filter(None, counts))}"
    if skip and n_bad < staged.n_rows:
        logger.warning("%s: left out, %s", log.path, what)
        return int(n_bad)
    names = [name for name in (columns.user, columns.item, columns.time) if name is not None]
    values = zip(names, values_at(log, names, first), strict=True)
    written = ", ".join(f"{name}={excerpt(value)}" for name, value in values)
    todo = "Correct them, or leave them out with --skip-bad-rows" if not skip else "No good row is left"
    if user_words or item_words:
        todo += ". A label that reads like a word for a missing value must be written in another way"
    raise LogError(f"{log.path}, {log.line_of(first)}: {written}. {what}. {todo}.")


def warn_of_odd_times(log: Log, column: str, kind: pl.DataType, clock: Clock, staged: Staged) -> None:
    """Warns of times before 1990 or later than tomorrow, with their number and the first, and of floats too short.

    Args:
        log: The log.
        column: Its column of times.
        kind: The column's type.
        clock: How it was read; numbers that only give an order can't be odd.
        staged: The log's staged rows.
    """
    is_order = clock.unit == "order"
    if kind == pl.Float32:
        logger.warning(
            "%s: the times in %r are 32-bit floats, which %s: their order is lost below that. Write them as 64-bit numbers",
            log.path,
            column,
            "tell whole numbers apart up to 16,777,216" if is_order else "hold unix seconds to 64 or 128 s",
        )
    if is_order:
        return
    rows = pl.scan_ipc(staged.path, glob=False)
    timestamp_us = pl.col("timestamp_us")
    for what, odd in (
        ("before 1990", timestamp_us < EARLIEST_S * SECOND),
        ("later than tomorrow", timestamp_us > tomorrow() * SECOND),
    ):
        counted = rows.select(n=odd.sum(), row=pl.col("row").filter(odd).min()).collect(engine="streaming")
        n_odd, first = counted.row(0)
        if not n_odd:
            continue
        read_as = (
            rows.filter(pl.col("row") == first).select(pl.from_epoch("timestamp_us", "us").dt.to_string()).collect()
        )
        logger.warning(
            "%s: %s of %s times in %r are %s; the first is in %s: %s, read as %s. Are column and unit the right ones "
            "(--time-column, --time-unit)?%s",
            log.path,
            f"{n_odd:,}",
            f"{staged.n_rows:,}",
            column,
            what,
            log.line_of(first),
            excerpt(values_at(log, [column], first)[0]),
            read_as.item(),
            _SMALL_NUMBERS if clock.kind == "number" and what == "before 1990" else "",
        )

"""What is noticed about a log's rows once they are staged: words taken for missing labels, and times that can't be right."""

import logging
from collections import Counter
from collections.abc import Sequence

import polars as pl

from nsbench.data.log.columns.column_form import EARLIEST_S
from nsbench.data.log.columns.compact_date import tomorrow
from nsbench.data.log.columns.iso_time import SECOND
from nsbench.data.log.columns.missing import clean
from nsbench.data.log.columns.timestamp import Clock
from nsbench.data.log.formats.excerpt import excerpt, listing
from nsbench.data.log.formats.log_format import ROW, LogFile
from nsbench.data.log.staging import Staged

MOST_WORDS = 5

_SMALL_NUMBERS = (
    " Minutes since 1970 are read with --time-unit min, and numbers that only give the order (row numbers, positions, ranks) "
    "with --time-unit order"
)

logger = logging.getLogger(__name__)


def values_at(log: LogFile, columns: Sequence[str], row: int) -> tuple[object, ...]:
    """What stands in some columns of a row, for messages."""
    for frame in log.frames({str(place): name for place, name in enumerate(columns)}):
        if len(frame) and frame[ROW][-1] >= row:
            return frame.filter(pl.col(ROW) == row).drop(ROW).row(0)
    raise AssertionError(row)


def missing_words(log: LogFile, column: str) -> str:
    """Which words of a column count as no label, for messages; nothing where it has gaps only."""
    words = Counter[object]()
    for frame in log.frames({"label": column}):
        cleaned = clean(frame.schema["label"], pl.col("label"))
        words.update(frame.filter(pl.col("label").is_not_null() & cleaned.is_null())["label"].to_list())
    if not any(str(word).strip() for word in words):
        return ""
    return f" ({listing(word for word, _ in words.most_common(MOST_WORDS))}: read as missing)"


def warn_of_odd_times(log: LogFile, column: str, kind: pl.DataType, clock: Clock, staged: Staged) -> None:
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

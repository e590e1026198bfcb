"""What the first values of a column look like: times, and of what kind, or ratings."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from nsbench.data.log.columns.compact_date import tomorrow
from nsbench.data.log.columns.iso_time import DAY, SECOND
from nsbench.data.log.columns.missing import clean
from nsbench.data.log.columns.timestamp import find_clock
from nsbench.data.log.formats.log import ROW, Log
from nsbench.errors import LogError

SAMPLE_ROWS = 1_000
EARLIEST_S = 631_152_000
"""1990 in unix seconds: interactions before are rarer than numbers that aren't times."""

LARGEST_RATING = 1000.0
USUAL_RATING = 10.0


@dataclass(frozen=True)
class TimeForm:
    """How a column's values look as times.

    Attributes:
        is_written_out: Whether they are dates rather than numbers since 1970.
        is_recent: Whether half of them lie between 1990 and tomorrow.
        is_days: Whether they tell the day only.
    """

    is_written_out: bool
    is_recent: bool
    is_days: bool


def read_sample(log: Log, columns: Sequence[str]) -> dict[str, pl.Series]:
    """The first values of some columns without blanks and words for a missing value, by the columns' names."""
    rows = log.head({str(place): name for place, name in enumerate(columns)}, SAMPLE_ROWS)
    cleaned = (pl.select(clean(values.dtype, pl.lit(values))).to_series() for values in rows.drop(ROW))
    return dict(zip(columns, cleaned, strict=True))


def time_form(values: pl.Series) -> TimeForm | None:
    """How values look as times; None where most of them are none.

    Args:
        values: From `read_sample`.
    """
    try:
        clock = find_clock(values, "auto")
    except LogError:
        return None
    timestamps_us = pl.select(clock.timestamp_us(pl.lit(values))).to_series()
    if not timestamps_us.count() or 2 * timestamps_us.count() <= values.count():
        return None
    median = timestamps_us.sort()[timestamps_us.null_count() + timestamps_us.count() // 2]
    return TimeForm(
        is_written_out=clock.kind != "number",
        is_recent=EARLIEST_S * SECOND <= median <= tomorrow() * SECOND,
        is_days=bool((timestamps_us.drop_nulls() % DAY == 0).all()),
    )


def is_rating(values: pl.Series) -> bool:
    """Whether all values are numbers as small as ratings are."""
    numbers = values.drop_nulls().cast(pl.Float64, strict=False)
    return bool((numbers.abs() < LARGEST_RATING).all(ignore_nulls=False)) and bool(len(numbers))


def is_likelier_rating(values: pl.Series, than: pl.Series) -> bool:
    """Whether of two columns that could be ratings this is the likelier: small numbers, and fewer different ones."""
    numbers = values.drop_nulls().cast(pl.Float64, strict=False)
    is_small = bool(numbers.is_between(0, USUAL_RATING).all(ignore_nulls=False))
    return is_small and numbers.n_unique() < than.drop_nulls().n_unique()

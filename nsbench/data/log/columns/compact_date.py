"""Reads dates that are written as one whole number: 20200914, 2020091412, 202009141230, 20200914123059, and with
milliseconds 20200914123059250 or a fraction 20200914123059.25.

Such a number is told from a unix time by its size: as seconds 20200914 would be August 1970, and 20200914123059 as
milliseconds the year 2610.
"""

from datetime import UTC, datetime, timedelta

import polars as pl

from nsbench.data.log.columns.iso_time import DAY, SECOND

FIRST_YEAR, LAST_YEAR = 1900, 2100
SCALES = (1, 100, 10_000, 1_000_000, 1_000_000_000)
"""How far the day stands to the left: nothing after it, the hour, the minute, the second, the millisecond."""


FRACTION = r"^(?P<whole>[0-9]{14})\.(?P<fraction>[0-9]+)$"
"""A date and time to the second as one number, and a fraction of the second."""


def tomorrow() -> int:
    """Unix seconds a day from now: no interaction has happened later."""
    return int((datetime.now(UTC) + timedelta(days=1)).timestamp())


def read_compact(whole: pl.Series) -> pl.Series:
    """int64 microseconds since 1970, in UTC; null where a number is no date of the years 1900 to 2100.

    Ten digits are day and hour only where they can't be unix seconds, for these would lie in the future.

    Args:
        whole: int64.
    """
    number = pl.col("number")
    day = time = pl.lit(None, dtype=pl.Int64)
    for scale, padding in zip(SCALES, (10**9, 10**7, 10**5, 10**3, 1), strict=True):
        fits = number.is_between(FIRST_YEAR * 10_000 * scale, (LAST_YEAR + 1) * 10_000 * scale - 1)
        if scale == SCALES[1]:
            fits &= number > tomorrow()
        day = pl.when(fits).then(number // scale).otherwise(day)
        time = pl.when(fits).then(number % scale * padding).otherwise(time)
    date = day.cast(pl.String).str.to_date("%Y%m%d", strict=False).cast(pl.Int64)
    hour, minute, second = time // 10**7, time // 10**5 % 100, time // 1_000 % 100
    timestamp_us = date * DAY + (hour * 3_600 + minute * 60 + second) * SECOND + time % 1_000 * 1_000
    exists = (hour < 24) & (minute < 60) & (second < 60)
    frame = pl.DataFrame([whole.cast(pl.Int64).alias("number")])
    return frame.select(pl.when(exists).then(timestamp_us)).to_series()


def read_compact_fractions(values: pl.Series) -> pl.Series:
    """int64 microseconds since 1970 of 20200914123059.25, as MySQL's NOW(6) + 0 gives it; null where a number is none such.

    Args:
        values: Text, floats or decimals; digits after the sixth are cut.
    """
    if values.dtype.is_float():
        # As many digits as a float of this size has: the rest is what its binary form adds.
        texts = pl.Series([f"{value:.6f}" for value in values], dtype=pl.String)
    else:
        texts = values.cast(pl.String)
    parts = texts.str.strip_chars().str.extract_groups(FRACTION).struct.unnest()
    timestamps_us = read_compact(parts["whole"].cast(pl.Int64))
    return timestamps_us + parts["fraction"].str.slice(0, 6).str.pad_end(6, "0").cast(pl.Int64)

"""Reads a column of times, however they are written, as microseconds since 1970.

Numbers are seconds, milliseconds, microseconds or nanoseconds by their size, or dates such as 20200914; text is an ISO
date or datetime, in UTC unless it names an offset. What the column mostly holds is found out from a sample; what can't be
read so is tried as the other forms, and null where it is none of them. Whole numbers and ISO text are cut to the
microsecond, numbers with a fraction are the nearest one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import polars as pl

from nsbench.data.log.columns.compact_date import read_compact, read_compact_fractions
from nsbench.data.log.columns.iso_time import (
    DAY,
    FIRST_TIMESTAMP_US,
    LAST_TIMESTAMP_US,
    ExactFormat,
    find_exact_formats,
    read_dates,
)
from nsbench.data.log.columns.time_unit import (
    ACCEPTED,
    FACTORS,
    LARGEST_EXACT_FLOAT,
    LARGEST_NUMBER,
    LIMITS,
    SMALLEST_SECONDS,
    guess_unit,
)
from nsbench.data.log.formats.excerpt import excerpt
from nsbench.data.log.option_value import TimeUnit
from nsbench.errors import LogError

MICROSECONDS = 1_000_000
"""Microseconds in a second."""


@dataclass(frozen=True)
class Clock:
    """How most of a column of times is written.

    Attributes:
        kind: Numbers since 1970 or numbers made of date and time (both also as text), ISO text, or a frame's own date type.
        unit: What a number since 1970 stands for; unused otherwise.
        guessed: Whether the unit was taken from the numbers' size, so that a number of another size is refused.
        is_large: Whether the numbers of an order are so large that only whole ones are told apart.
        formats: Exact formats of ISO text, the first ones to try; unused otherwise.
    """

    kind: Literal["number", "compact", "iso", "native"]
    unit: TimeUnit = "seconds"
    guessed: bool = True
    is_large: bool = False
    formats: tuple[ExactFormat, ...] = ()

    def timestamp_us(self, column: pl.Expr) -> pl.Expr:
        """int64 microseconds since 1970, in the years 1 to 9999; null where the value isn't a time.

        Args:
            column: The log's column, of strings where it holds text.
        """
        return column.map_batches(partial(_read, self), return_dtype=pl.Int64, is_elementwise=True)

    @property
    def reading(self) -> str:
        """What a value is read as, for messages."""
        if self.unit == "order" and self.kind == "number":
            return "number" if self.is_large else f"number, or one beyond {LARGEST_NUMBER / self.factor:g}"
        labels = {"native": "dates", "iso": "ISO dates", "compact": "dates as 20150407 or 20150407105109"}
        return f"time in {labels.get(self.kind, self.unit)}"

    @property
    def factor(self) -> float:
        """What a number is multiplied by."""
        return 1.0 if self.is_large else FACTORS[self.unit]

    @property
    def bounds(self) -> tuple[int, int]:
        """The first and the last time: the years 1 to 9999, or whatever 64 bits hold of a mere order."""
        return (
            (-int(LARGEST_NUMBER), int(LARGEST_NUMBER))
            if self.unit == "order"
            else (FIRST_TIMESTAMP_US, LAST_TIMESTAMP_US)
        )


def find_clock(sample: pl.Series, unit: TimeUnit, column: str = "time") -> Clock:
    """Finds out how times are written.

    Args:
        sample: The first values; text stripped.
        unit: What the caller says numbers are.
        column: The column's name, for messages.

    Raises:
        LogError: No value of the sample can be read as a time, or it can't be told what its numbers count.
    """
    values = sample.drop_nulls()
    if values.dtype.is_temporal() and values.dtype not in (pl.Time, pl.Duration):
        return Clock("native")
    if not values.dtype.is_numeric() and values.dtype not in (pl.String, pl.Null):
        raise LogError(
            f"Column {excerpt(column)} holds no times but {kind_name(values.dtype)}; accepted are {ACCEPTED}."
        )
    numbers = values.cast(pl.Float64, strict=False).drop_nulls()
    numbers = numbers.filter(numbers.is_finite())
    formats: tuple[ExactFormat, ...] = ()
    n_dates = 0
    if values.dtype == pl.String:
        texts = values.filter(values.cast(pl.Float64, strict=False).is_null())
        formats = find_exact_formats(texts)
        n_dates = read_dates(texts, formats).count()
    if not len(numbers) and not n_dates:
        first = excerpt(values[0]) if len(values) else "nothing"
        accepted = f"numbers in order, or times: {ACCEPTED}" if unit == "order" else ACCEPTED
        raise LogError(
            f"Column {excerpt(column)} holds no times: it starts with {first}{_advice(values)}; accepted are {accepted}."
        )
    if n_dates > len(numbers):
        return Clock("iso", formats=formats)
    if unit != "auto":
        is_large = unit == "order" and float(np.median(np.abs(numbers.to_numpy()))) > LARGEST_NUMBER / FACTORS["order"]
        return Clock("number", unit, guessed=False, is_large=is_large)
    if 2 * _read_compact_numbers(values).count() > len(numbers):
        return Clock("compact")
    return Clock("number", guess_unit(column, numbers))


def kind_name(kind: pl.DataType) -> str:
    """A column's type, for messages; nested ones can be long."""
    return str(kind) if len(str(kind)) <= 60 else f"{str(kind)[:60]}..."


def _advice(values: pl.Series) -> str:
    """What to do about a form that can't be read safely."""
    if values.dtype != pl.String or not len(values):
        return ""
    for pattern, what in (
        (r"^\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b", "day and month could be meant either way: write 2020-02-01"),
        (r"^\d{4}[./]\d{1,2}[./]\d{1,2}\b", "write 2020-02-01"),
        (r"^\d{1,2}:\d{2}", "a time of day without its date: join the two as 2020-02-01 12:30:59"),
    ):
        if values.head(1).str.contains(pattern).item():
            return f" ({what})"
    return ""


def _read(clock: Clock, values: pl.Series) -> pl.Series:
    """Reads a column, in its main form first and the rest in the others."""
    if clock.kind == "native":
        return _read_native(values)
    if clock.kind == "iso":
        timestamps_us = read_dates(values, clock.formats)
        return _fill(timestamps_us, values, _read_any_number)
    read = _read_compact_numbers if clock.kind == "compact" else partial(_read_numbers, clock)
    timestamps_us = read(values)
    # Among numbers without a unit a date has no place.
    is_mixable = values.dtype == pl.String and clock.unit != "order"
    return _fill(timestamps_us, values, _read_other_text) if is_mixable else timestamps_us


def _fill(timestamps_us: pl.Series, values: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Reads what isn't read yet in another way."""
    unread = (timestamps_us.is_null() & values.is_not_null()).arg_true()
    return timestamps_us.scatter(unread, read(values.gather(unread))) if len(unread) else timestamps_us


def _read_numbers(clock: Clock, values: pl.Series) -> pl.Series:
    """Whole numbers are multiplied as they are; only where others stand between them are all read as floats too."""
    low, high = LIMITS[clock.unit] if clock.guessed else (-LARGEST_NUMBER, LARGEST_NUMBER)
    factor, (first, last) = clock.factor, clock.bounds
    low, high = max(low, -LARGEST_NUMBER / factor), min(high, LARGEST_NUMBER / factor, LARGEST_NUMBER)
    whole = _whole(values)
    exact = pl.col("whole") * int(factor) if factor >= 1 else pl.col("whole").floordiv(round(1 / factor))
    fits = pl.col("whole").is_between(int(low), int(high)) & exact.is_between(first, last)
    frame = pl.DataFrame([values.alias("value"), whole.alias("whole")])
    if whole.null_count() == values.null_count():
        return frame.select(pl.when(fits).then(exact)).to_series()
    stripped = pl.col("value").str.strip_chars() if values.dtype == pl.String else pl.col("value")
    number = stripped.cast(pl.Float64, strict=False)
    nearest = (number * factor if factor >= 1 else number / round(1 / factor)).round().cast(pl.Int64, strict=False)
    near = number.is_between(low, high) & nearest.is_between(first, last)
    other = pl.when(pl.col("whole").is_null() & near).then(nearest)
    return frame.select(pl.when(fits).then(exact).otherwise(other)).to_series()


def _whole(values: pl.Series) -> pl.Series:
    """int64 of numbers, also as text; null where one isn't a whole number, or is a float or too large."""
    if values.dtype.is_float() or (isinstance(values.dtype, pl.Decimal) and values.dtype.scale):
        # A cast would cut the fraction off. Floats of nanoseconds aren't exact: they are left to rounding.
        number = values.cast(pl.Float64)
        return number.set(~(number.round() == number) | (number.abs() > LARGEST_EXACT_FLOAT), None).cast(pl.Int64)
    whole = values.cast(pl.Int64, strict=False)
    if values.dtype == pl.String and whole.null_count() > values.null_count():
        return values.str.strip_chars().cast(pl.Int64, strict=False)
    return whole


def _read_compact_numbers(values: pl.Series) -> pl.Series:
    """Text as 20200914.0, which pandas writes where a column has gaps, is the whole number; seconds may have a fraction."""
    if values.dtype.is_integer():
        return read_compact(_whole(values))
    if values.dtype != pl.String:
        # A decimal's fraction could get lost on the way through a float.
        return _fill(read_compact_fractions(values), values, lambda unread: read_compact(_whole(unread)))
    timestamps_us = _fill(read_compact(_whole(values)), values, read_compact_fractions)
    return _fill(
        timestamps_us,
        values,
        lambda unread: read_compact(_whole(unread.str.strip_chars().cast(pl.Float64, strict=False))),
    )


def _read_other_text(values: pl.Series) -> pl.Series:
    """Dates between numbers; numbers that the clock refuses are none."""
    stripped = values.str.strip_chars()
    is_number = stripped.cast(pl.Float64, strict=False).is_not_null()
    return read_dates(stripped.set(is_number, None), ())


def _read_any_number(values: pl.Series) -> pl.Series:
    """Numbers between dates: dates as one number, or unix times by the size of each."""
    timestamps_us = _read_compact_numbers(values)
    size = values.str.strip_chars().cast(pl.Float64, strict=False)
    unix = values.set(~(size >= SMALLEST_SECONDS), None)
    for unit in LIMITS:
        timestamps_us = timestamps_us.fill_null(_read_numbers(Clock("number", unit), unix))
    return timestamps_us


def _read_native(values: pl.Series) -> pl.Series:
    """A date type's own numbers, held against the calendar before they are multiplied, which could overflow."""
    kind = values.dtype
    whole = values.to_physical().cast(pl.Int64)
    unit = kind.time_unit if isinstance(kind, pl.Datetime) else None
    if unit == "ns":
        return whole // 1_000
    factor = {"ms": 1_000, "us": 1}[unit] if unit is not None else DAY
    frame = pl.DataFrame([whole.alias("whole")])
    fits = pl.col("whole").is_between(FIRST_TIMESTAMP_US // factor, LAST_TIMESTAMP_US // factor)
    return frame.select(pl.when(fits).then(pl.col("whole") * factor)).to_series()

"""Reads a column of times, however they are written, as microseconds since 1970.

Numbers are seconds, milliseconds, microseconds or nanoseconds by their size; text is an ISO date or datetime, in UTC
unless it names an offset. What the column holds is decided from a sample; values that don't fit it become null.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import polars as pl

from nsbench.data.choice import TimeUnit
from nsbench.errors import LogError

MICROSECONDS = 1_000_000
"""Microseconds in a second."""

LIMITS: dict[TimeUnit, tuple[float, float]] = {
    "seconds": (-1e11, 1e11),
    "milliseconds": (1e11, 1e14),
    "microseconds": (1e14, 1e17),
    "nanoseconds": (1e17, 9.2e18),
}
"""Where a number of each unit lies between 1973 and 5138; smaller numbers are seconds."""

FACTORS: dict[TimeUnit, float] = {"seconds": 1e6, "milliseconds": 1e3, "microseconds": 1.0, "nanoseconds": 1e-3}
LARGEST_MOMENT = 9e18

ISO_FORMATS = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f%z")
"""After a blank has become a T, and a final Z is gone."""

EXACT_FORMATS = (
    *(
        f"%Y-%m-%d{between}%H:%M:%S{fraction}{end}"
        for between in ("T", " ")
        for fraction in ("", ".%3f", ".%6f")
        for end in ("Z", "")
    ),
    "%Y-%m-%d",
)
"""Formats of one width, as they are."""

ACCEPTED = (
    "seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO dates and datetimes (2015-04-07T10:51:09Z)"
)


@dataclass(frozen=True)
class Clock:
    """How a column of times is written.

    Attributes:
        kind: Numbers (also as text), ISO text, or a frame's own date type.
        unit: What a number stands for; unused otherwise.
        guessed: Whether the unit was taken from the numbers' size, so that a number of another size is refused.
        formats: Those of ISO_FORMATS that the text is written in; unused otherwise.
        exact_format: The one of EXACT_FORMATS that all text seen is written in; None where there is none.
    """

    kind: Literal["number", "iso", "native"]
    unit: TimeUnit = "seconds"
    guessed: bool = True
    formats: tuple[str, ...] = ()
    exact_format: str | None = None

    def moment(self, column: pl.Expr) -> pl.Expr:
        """int64 microseconds since 1970; null where the value isn't a time of this clock."""
        if self.kind == "native":
            return column.dt.epoch("us")
        read = _read_iso if self.kind == "iso" else _read_numbers
        return column.map_batches(partial(read, self), return_dtype=pl.Int64, is_elementwise=True)

    @property
    def label(self) -> str:
        """What the column is read as, for messages."""
        return {"native": "dates", "iso": "ISO dates"}.get(self.kind, self.unit)


def find_clock(sample: pl.Series, unit: TimeUnit) -> Clock:
    """Finds out how times are written.

    Args:
        sample: The first values, with the column's name; text stripped.
        unit: What the caller says numbers are.

    Raises:
        LogError: No value of the sample can be read as a time.
    """
    values = sample.drop_nulls()
    if values.dtype.is_temporal() and values.dtype not in (pl.Time, pl.Duration):
        return Clock("native")
    if not values.dtype.is_numeric() and values.dtype != pl.String:
        raise LogError(f"Column {sample.name!r} holds no times but {values.dtype}; accepted are {ACCEPTED}.")
    numbers = values.cast(pl.Float64, strict=False).drop_nulls()
    numbers = numbers.filter(numbers.is_finite())
    n_dates = _count_iso(values) if values.dtype == pl.String else {}
    if not len(numbers) and not n_dates:
        first = repr(values[0]) if len(values) else "nothing"
        raise LogError(f"Column {sample.name!r} holds no times: it starts with {first}; accepted are {ACCEPTED}.")
    if sum(n_dates.values()) > len(numbers):
        exact = (written for written in EXACT_FORMATS if not _exact_moments(values, written).null_count())
        return Clock("iso", formats=tuple(n_dates), exact_format=next(exact, None))
    if unit != "auto":
        return Clock("number", unit, guessed=False)
    size = float(np.median(numbers.to_numpy()))
    fitting: list[TimeUnit] = [name for name, (low, high) in LIMITS.items() if low <= size < high]
    if not fitting:
        raise LogError(f"Column {sample.name!r} holds no times: {size:.4g} is out of range; accepted are {ACCEPTED}.")
    return Clock("number", fitting[0])


def _count_iso(values: pl.Series) -> dict[str, int]:
    """How many values are written in each of ISO_FORMATS, those with none left out."""
    parsed = pl.select(_iso_moment(pl.lit(values), written).count().alias(written) for written in ISO_FORMATS)
    return {written: count for written, count in parsed.row(0, named=True).items() if count}


def _read_numbers(clock: Clock, values: pl.Series) -> pl.Series:
    """Whole numbers are multiplied as they are; only where others stand between them are all read as floats too."""
    low, high = LIMITS[clock.unit] if clock.guessed else (-LARGEST_MOMENT, LARGEST_MOMENT)
    factor = FACTORS[clock.unit]
    whole = values.cast(pl.Int64, strict=False)
    if whole.null_count() > values.null_count():
        values = values.str.strip_chars() if values.dtype == pl.String else values
        whole = values.cast(pl.Int64, strict=False)
    frame = pl.DataFrame([values.alias("value"), whole.alias("whole")])
    exact = pl.col("whole") * int(factor) if factor >= 1 else pl.col("whole").floordiv(round(1 / factor))
    low, high = max(low, -LARGEST_MOMENT / factor), min(high, LARGEST_MOMENT / factor)
    if whole.null_count() == values.null_count():
        fits = pl.col("whole").is_between(int(low), int(high))
        return frame.select(pl.when(fits).then(exact)).to_series()
    number = pl.col("value").cast(pl.Float64, strict=False)
    moment = (number * factor).floor().cast(pl.Int64, strict=False)
    return frame.select(pl.when(number.is_between(low, high)).then(pl.coalesce(exact, moment))).to_series()


def _read_iso(clock: Clock, values: pl.Series) -> pl.Series:
    """The exact format is read ten times faster than one with parts that may be missing."""
    if clock.exact_format is not None:
        moments = _exact_moments(values, clock.exact_format)
        if moments.null_count() == values.null_count():
            return moments
    stripped = pl.lit(values.str.strip_chars())
    return pl.select(pl.coalesce(*(_iso_moment(stripped, written) for written in clock.formats))).to_series()


def _exact_moments(values: pl.Series, written: str) -> pl.Series:
    return values.str.to_datetime(written, time_unit="us", strict=False, cache=False).dt.epoch("us")


def _iso_moment(column: pl.Expr, written: str) -> pl.Expr:
    """Only the formats that a log uses are tried: each costs a pass over the column."""
    if written == "%Y-%m-%d":
        return column.str.to_date(written, strict=False).dt.epoch("us")
    text = column.str.replace(" ", "T", literal=True, n=1).str.strip_suffix("Z")
    return text.str.to_datetime(written, time_unit="us", strict=False).dt.epoch("us")

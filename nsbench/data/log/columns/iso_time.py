"""Reads dates and datetimes in ISO 8601 and its everyday relatives as microseconds since 1970.

A log mostly keeps to one exact format, which is read quickly; whatever that one can't read goes through a pattern that
knows all of them. What is read is what Python's `datetime.fromisoformat` makes of it, in UTC where no offset is named.
"""

import re
from dataclasses import dataclass

import polars as pl

SECOND = 1_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
"""In microseconds."""

FIRST_TIMESTAMP_US = -719_162 * DAY
LAST_TIMESTAMP_US = 2_932_897 * DAY - 1
"""From the year 1 to the end of the year 9999: the times that Python's datetime has."""

YEAR_1000 = -354_285 * DAY
"""A year of four digits without a sign may be earlier, but the quick formats would read signs too."""

MOST_FORMATS = 4

PATTERN = (
    r"^(?:(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})|(?P<date>[0-9]{8}))"
    r"(?:(?:[Tt]| +)"
    r"(?:(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]+))?)?"
    r"|(?P<clock>[0-9]{2}(?:[0-9]{2})?)|(?P<whole_clock>[0-9]{6})(?:[.,](?P<clock_fraction>[0-9]+))?)"
    r" *(?:[Zz]|UTC|utc|GMT|gmt|(?P<sign>[+-])(?P<off_hour>[0-9]{2})"
    r"(?::?(?P<off_minute>[0-9]{2})(?::?(?P<off_second>[0-9]{2}))?)?)?)?$"
)
"""Extended (2020-09-14T12:30:59.5+02:00) or basic (20200914T123059Z) form, or a bare date."""

_OFFSET = r"([+-])([0-9]{2}):?([0-9]{2})?$"
_UTC_ENDS = ("Z", "", " UTC", "+00:00", "+00", " +00:00", "+0000", " +0000")
_CLOCKS = tuple(
    f"%Y-%m-%d{between}%H:%M:%S{fraction}" for between in ("T", " ") for fraction in ("", ".%3f", ".%6f", ".%9f")
)


@dataclass(frozen=True)
class ExactFormat:
    """A format of one width.

    Attributes:
        written: For polars, with an offset as it stands in the text.
        offset: Microseconds that its times are ahead of UTC.
    """

    written: str
    offset: int = 0

    @property
    def width(self) -> int:
        """Characters of each value.

        >>> ExactFormat("%Y-%m-%dT%H:%M:%S.%3fZ").width == len("2015-04-07T10:51:09.000Z")
        True
        """
        digits = re.sub(r"%([0-9])f", lambda fraction: "0" * int(fraction[1]), self.written.replace("%Y", "0000"))
        return len(digits)  # Of the others, a sign and its letter are as wide as the two digits.

    def read(self, values: pl.Series) -> pl.Series:
        """int64 microseconds since 1970; null where a value is written otherwise, or isn't sure to be read rightly."""
        timestamps_us = values.str.to_datetime(self.written, time_unit="us", strict=False, cache=False).dt.epoch("us")
        doubtful = ((timestamps_us < YEAR_1000) | (timestamps_us > LAST_TIMESTAMP_US + self.offset)).arg_true()
        if "%S" in self.written:
            # A leap second is read as the first second of the next minute.
            at_minute = (timestamps_us % MINUTE < SECOND).arg_true()
            doubtful = doubtful.append(at_minute.filter(values.gather(at_minute).str.slice(17, 2) == "60"))
        if len(doubtful):
            timestamps_us = timestamps_us.scatter(doubtful, None)
        return timestamps_us - self.offset if self.offset else timestamps_us


def find_exact_formats(sample: pl.Series) -> tuple[ExactFormat, ...]:
    """The few exact formats that most of a sample of texts are written in, for `read_dates`."""
    ends = [(end, 0) for end in _UTC_ENDS]
    tails = pl.select(pl.lit(sample).str.extract(r":[0-9]{2}.*[0-9]( *[+-][0-9:]+)$")).to_series().drop_nulls()
    for tail in tails.unique(maintain_order=True).head(MOST_FORMATS):
        offset = _offset_of(tail.strip())
        ends += [(tail, offset)] if offset else []
    candidates = [ExactFormat(clock + end, offset) for clock in _CLOCKS for end, offset in ends]
    found = []
    widths = set(sample.str.len_chars().unique())
    for candidate in [*candidates, ExactFormat("%Y-%m-%d")]:
        if candidate.width not in widths:
            continue
        read = candidate.read(sample).is_not_null()
        if read.any():
            found.append(candidate)
            sample = sample.filter(~read)
        if len(found) == MOST_FORMATS or not len(sample):
            break
    return tuple(found)


def read_dates(values: pl.Series, formats: tuple[ExactFormat, ...]) -> pl.Series:
    """int64 microseconds since 1970 of texts; null where one is no date or datetime.

    Args:
        values: The texts.
        formats: What most of them are written in; each is tried on what those before it can't read.
    """
    timestamps_us = pl.repeat(None, len(values), dtype=pl.Int64, eager=True)
    readers = (*(written.read for written in formats), read_iso)
    for read in readers:
        if timestamps_us.null_count() == len(values):
            timestamps_us = read(values)
            continue
        unread = (timestamps_us.is_null() & values.is_not_null()).arg_true()
        if not len(unread):
            break
        timestamps_us = timestamps_us.scatter(unread, read(values.gather(unread)))
    return timestamps_us


def read_iso(values: pl.Series) -> pl.Series:
    """int64 microseconds since 1970; null where a text is no date or datetime.

    A fraction of more than six digits is cut. Dates that no calendar has, hours from 24 and seconds from 60 are none.
    """
    parts = values.str.strip_chars().str.extract_groups(PATTERN).struct.unnest()
    pad = pl.concat_str("year", pl.col("month").str.zfill(2), pl.col("day").str.zfill(2))
    day = pl.coalesce("date", pad).str.to_date("%Y%m%d", strict=False)
    clock = pl.coalesce("whole_clock", "clock")
    hour = pl.coalesce("hour", clock.str.slice(0, 2)).cast(pl.Int64).fill_null(0)
    minute = _number(pl.coalesce("minute", clock.str.slice(2, 2)))
    second = _number(pl.coalesce("second", clock.str.slice(4, 2)))
    fraction = pl.coalesce("fraction", "clock_fraction").str.slice(0, 6).str.pad_end(6, "0")
    off_hour, off_minute, off_second = (_number(pl.col(f"off_{part}")) for part in ("hour", "minute", "second"))
    offset = (off_hour * 3_600 + off_minute * 60 + off_second) * SECOND
    timestamp_us = (
        day.cast(pl.Int64) * DAY
        + (hour * 3_600 + minute * 60 + second) * SECOND
        + _number(fraction)
        - pl.when(pl.col("sign") == "-").then(-offset).otherwise(offset)
    )
    exists = (hour < 24) & (minute < 60) & (second < 60) & (off_hour < 24) & (off_minute < 60) & (off_second < 60)
    inside = timestamp_us.is_between(FIRST_TIMESTAMP_US, LAST_TIMESTAMP_US)
    return parts.select(pl.when(exists & inside).then(timestamp_us)).to_series()


def _number(text: pl.Expr) -> pl.Expr:
    """A part that may be absent, or empty, as a number."""
    return text.cast(pl.Int64, strict=False).fill_null(0)


def _offset_of(tail: str) -> int | None:
    """Microseconds ahead of UTC.

    >>> _offset_of("+05:30") == 330 * MINUTE
    True
    """
    matched = re.fullmatch(_OFFSET, tail)
    if matched is None or int(matched[2]) > 23 or int(matched[3] or 0) > 59:
        return None
    size = (int(matched[2]) * 60 + int(matched[3] or 0)) * MINUTE
    return -size if matched[1] == "-" else size

"""ISO dates and datetimes, beside Python's own reader."""

import itertools
from datetime import UTC, datetime, timedelta

import polars as pl

from nsbench.data.log.columns.iso_time import find_exact_formats, read_dates, read_iso

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def python_reads(text: str) -> int | None:
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return None
    return ((read if read.tzinfo else read.replace(tzinfo=UTC)) - EPOCH) // timedelta(microseconds=1)


def test_whatever_form_python_reads_is_read_as_the_same_time() -> None:
    days = ("2020-02-29", "2021-02-29", "0001-01-02", "9999-12-30", "20200229", "1969-12-31")
    clocks = (
        "00:00:00",
        "23:59:59.9",
        "12:30:59.000001",
        "12:30:59,25",
        "12:30",
        "12",
        "1230",
        "123059",
        "24:00:00",
        "12:3",
    )
    ends = ("", "Z", "+00:00", "+02:00", "-0530", "+02", "-23:59", "+05:53:28", "+24:00")
    texts = [day + "T" + clock + end for day, clock, end in itertools.product(days, clocks, ends)] + list(days)
    read = read_iso(pl.Series(texts)).to_list()
    # An offset of more than a day is where the two differ: Python names none either.
    assert read == [python_reads(text) for text in texts]
    assert sum(timestamp_us is not None for timestamp_us in read) > len(texts) / 2


def test_the_quick_way_reads_what_the_thorough_one_reads() -> None:
    """Formats are taken from the first values alone; what comes later is in others, or in none."""
    texts = pl.Series(
        [
            "2020-09-14T12:30:59Z",
            "2020-09-14T12:30:59.250Z",
            "2020-09-14 12:30:59+02:00",
            "2020-09-14T12:31:00Z",
            "2020-09-14",
            "2020-09-14T12:30:60Z",
            "-202-09-14T12:30:59Z",
            "2020-9-14T1:30:59Z",
            "nothing",
            None,
        ]
    )
    for n_seen in range(1, 6):
        formats = find_exact_formats(texts.head(n_seen))
        assert formats
        assert read_dates(texts, formats).to_list() == read_iso(texts).to_list()
    assert read_iso(texts).is_null().sum() == 4

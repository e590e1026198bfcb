"""Times as seconds, milliseconds, dates and datetimes."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from nsbench.data.choice import TimeUnit
from nsbench.data.timestamp import find_clock
from nsbench.errors import LogError

SECOND = 1_428_403_869
"""2015-04-07T10:51:09Z: 16,532 days and 10 h 51 min 9 s, 16532 * 86400 + 39069."""
DAY = 16_532 * 86_400


def moments(values: list[object], unit: TimeUnit = "auto") -> list[int | None]:
    series = pl.Series("time", values)
    clock = find_clock(series, unit)
    return pl.select(clock.moment(pl.lit(series))).to_series().to_list()


@pytest.mark.parametrize(
    ("value", "microseconds"),
    [
        (SECOND, SECOND * 10**6),
        (str(SECOND), SECOND * 10**6),
        (f"{SECOND}.5", SECOND * 10**6 + 500_000),
        (SECOND * 1_000 + 277, SECOND * 10**6 + 277_000),
        (f"{SECOND * 1_000 + 277}", SECOND * 10**6 + 277_000),
        (f"{SECOND * 10**6 + 1}", SECOND * 10**6 + 1),
        (f"{SECOND * 10**9 + 1_999}", SECOND * 10**6 + 1),
        ("2015-04-07T10:51:09Z", SECOND * 10**6),
        ("2015-04-07T10:51:09.277Z", SECOND * 10**6 + 277_000),
        ("2015-04-07 10:51:09", SECOND * 10**6),
        ("2015-04-07T12:51:09+02:00", SECOND * 10**6),
        ("2015-04-07T10:51", (SECOND - 9) * 10**6),
        ("2015-04-07", DAY * 10**6),
        (datetime(2015, 4, 7, 10, 51, 9, tzinfo=UTC), SECOND * 10**6),
        (date(2015, 4, 7), DAY * 10**6),
        ("12", 12 * 10**6),
    ],
)
def test_every_way_to_write_a_time_is_read(value: object, microseconds: int) -> None:
    assert moments([value]) == [microseconds]


def test_a_late_time_in_another_format_is_read_as_the_sample_allows() -> None:
    """The sample's format is exact, without a fraction; a later value with one is read all the same, a word isn't."""
    clock = find_clock(pl.Series(["2015-04-07T10:51:09Z"]), "auto")
    later = pl.Series(["2015-04-07T10:51:09Z", " 2015-04-07 10:51:09.5", "soon", None])
    assert pl.select(clock.moment(pl.lit(later))).to_series().to_list() == [
        SECOND * 10**6,
        SECOND * 10**6 + 500_000,
        None,
        None,
    ]


def test_a_late_time_with_a_fraction_or_blanks_is_read() -> None:
    values: list[object] = [str(SECOND), f" {SECOND} ", f"{SECOND}.25"]
    assert moments(values) == [SECOND * 10**6, SECOND * 10**6, SECOND * 10**6 + 250_000]


def test_a_time_of_another_size_than_most_is_no_time() -> None:
    """Half the log in seconds and half in milliseconds would be 40 years apart."""
    assert moments([str(SECOND), str(SECOND), str(SECOND * 1_000)])[2] is None
    assert moments([str(SECOND * 1_000), str(SECOND * 1_000), str(SECOND)])[2] is None


def test_a_named_unit_goes_before_the_size() -> None:
    assert moments([SECOND], "milliseconds") == [SECOND * 1_000]


def test_words_and_not_a_number_among_times_are_null() -> None:
    assert moments(["1", "1", "1", "nan", "yesterday", "inf", "9" * 30]) == [*[10**6] * 3, *[None] * 4]


def test_a_column_without_times_is_refused_with_its_first_value() -> None:
    with pytest.raises(LogError, match="'time' holds no times: it starts with 'soon'"):
        moments(["soon", "later"])

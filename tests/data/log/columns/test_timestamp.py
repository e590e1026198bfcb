"""Times as seconds, milliseconds, dates and datetimes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest

from nsbench.data.log.columns.timestamp import find_clock
from nsbench.data.log.option_value import TimeUnit
from nsbench.errors import LogError

SECOND = 1_428_403_869
"""2015-04-07T10:51:09Z: 16,532 days and 10 h 51 min 9 s, 16532 * 86400 + 39069."""
DAY = 16_532 * 86_400


def timestamps_us(values: "list[object] | pl.Series", unit: TimeUnit = "auto") -> list[int | None]:
    series = pl.Series("time", values)
    clock = find_clock(series, unit)
    return pl.select(clock.timestamp_us(pl.lit(series))).to_series().to_list()


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
        ("1.428403869e9", SECOND * 10**6),
        ("2015-04-07T10:51:09Z", SECOND * 10**6),
        ("2015-04-07T10:51:09.277Z", SECOND * 10**6 + 277_000),
        ("2015-04-07T10:51:09.2Z", SECOND * 10**6 + 200_000),
        ("2015-04-07T10:51:09,277", SECOND * 10**6 + 277_000),
        ("2015-04-07T10:51:09.123456789Z", SECOND * 10**6 + 123_456),
        ("2015-04-07 10:51:09", SECOND * 10**6),
        ("2015-04-07 10:51:09 UTC", SECOND * 10**6),
        ("2015-04-07 10:51:09 GMT", SECOND * 10**6),
        ("2015-04-07 10:51:09+00", SECOND * 10**6),
        ("2015-04-07t10:51:09z", SECOND * 10**6),
        ("2015-04-07T12:51:09+02:00", SECOND * 10**6),
        ("2015-04-07 12:51:09.5+02", SECOND * 10**6 + 500_000),
        ("2015-04-07 05:21:09 -0530", SECOND * 10**6),
        ("2015-04-07T10:51", (SECOND - 9) * 10**6),
        ("2015-04-07T10", DAY * 10**6 + 10 * 3_600 * 10**6),
        ("20150407T105109Z", SECOND * 10**6),
        ("20150407T125109+0200", SECOND * 10**6),
        ("2015-4-7 10:51:09", SECOND * 10**6),
        ("2015-04-07", DAY * 10**6),
        (20150407, DAY * 10**6),
        ("20150407", DAY * 10**6),
        (20150407.0, DAY * 10**6),
        ("20150407.0", DAY * 10**6),
        (201504071051, (SECOND - 9) * 10**6),
        (20150407105109, SECOND * 10**6),
        ("20150407105109", SECOND * 10**6),
        (20150407105109277, SECOND * 10**6 + 277_000),
        (datetime(2015, 4, 7, 10, 51, 9, tzinfo=UTC), SECOND * 10**6),
        (date(2015, 4, 7), DAY * 10**6),
    ],
)
def test_every_way_to_write_a_time_is_read(value: object, microseconds: int) -> None:
    assert timestamps_us([value]) == [microseconds]


@pytest.mark.parametrize(
    "values",
    [
        [SECOND + 0.25, SECOND + 0.000_001, float(SECOND), None],
        [f"{SECOND}.25", f"{SECOND}.000001", f"{SECOND}", None],
        [Decimal(f"{SECOND}.25"), Decimal(f"{SECOND}.000001"), Decimal(f"{SECOND}.000000"), None],
        [SECOND * 1e3 + 250, SECOND * 1e3 + 0.001, SECOND * 1e3, None],
    ],
)
def test_a_fraction_is_kept_to_the_microsecond_in_every_type(values: list[object]) -> None:
    assert timestamps_us(values) == [SECOND * 10**6 + 250_000, SECOND * 10**6 + 1, SECOND * 10**6, None]


def test_nanoseconds_as_floats_are_the_nearest_microsecond() -> None:
    """Floats of this size are 256 apart: 1,600,000,000,123,451,000 is held as ...450,880, which must not be cut."""
    assert int(float(1_600_000_000_123_451_000)) == 1_600_000_000_123_450_880
    assert timestamps_us([1.600000000123451e18]) == [1_600_000_000_123_451]


def test_not_a_number_among_floats_is_no_time() -> None:
    assert timestamps_us([float("nan"), float(SECOND), float("inf")]) == [None, SECOND * 10**6, None]


def test_a_late_time_in_another_format_is_read() -> None:
    """The sample's format is exact; later values in others are read all the same, words and impossible ones aren't."""
    clock = find_clock(pl.Series(["2015-04-07T10:51:09Z"]), "auto")
    later = [
        ("2015-04-07T10:51:09Z", SECOND * 10**6),
        (" 2015-04-07 10:51:09.5", SECOND * 10**6 + 500_000),
        ("2015-04-07T12:51:09+02:00", SECOND * 10**6),
        ("2015-04-07 10:51:09 UTC", SECOND * 10**6),
        ("2015-04-07", DAY * 10**6),
        ("20150407105109", SECOND * 10**6),
        (str(SECOND), SECOND * 10**6),
        (str(SECOND * 1_000), SECOND * 10**6),
        ("soon", None),
        ("42", None),
        (None, None),
    ]
    texts, expected = zip(*later, strict=True)
    assert pl.select(clock.timestamp_us(pl.lit(pl.Series(texts)))).to_series().to_list() == list(expected)


@pytest.mark.parametrize("first", [str(SECOND), "20150407"])
def test_a_date_is_read_among_numbers_too(first: str) -> None:
    assert timestamps_us([first, first, " 2015-04-07T10:51:09+00 "])[2] == SECOND * 10**6


def test_a_late_time_with_a_fraction_or_blanks_is_read() -> None:
    values: list[object] = [str(SECOND), f" {SECOND} ", f"{SECOND}.25"]
    assert timestamps_us(values) == [SECOND * 10**6, SECOND * 10**6, SECOND * 10**6 + 250_000]


@pytest.mark.parametrize(
    "impossible",
    [
        "2016-12-31T23:59:60Z",
        "2015-04-07T24:00:00Z",
        "2015-04-07T10:60:00Z",
        "2015-02-29T10:51:09Z",
        "2015-13-01T10:51:09Z",
        "2015-04-07T10:51:09+24:00",
        "0000-04-07T10:51:09Z",
        "-202-04-07T10:51:09Z",
        "+020-04-07T10:51:09Z",
        "10000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "2015-04-07T10:51:09 CEST",
        "04/07/2015",
    ],
)
def test_a_time_that_no_calendar_has_is_none(impossible: str) -> None:
    assert timestamps_us(["2015-04-07T10:51:09Z", impossible, "2015-04-07T10:51:00Z"])[1] is None


def test_a_leap_second_is_no_time_whatever_the_format_of_the_others() -> None:
    """The quick reader would take 23:59:60 for midnight, which 00:00:00 is and stays."""
    assert timestamps_us(["2016-12-31 23:59:59 UTC", "2016-12-31 23:59:60 UTC", "2017-01-01 00:00:00 UTC"]) == [
        1_483_228_799 * 10**6,
        None,
        1_483_228_800 * 10**6,
    ]


@pytest.mark.parametrize(
    ("values", "unit"),
    [
        ([SECOND, 253_402_300_800, -62_135_596_801, 2**63 - 1, -(2**63)], "seconds"),
        ([float(SECOND), 253_402_300_800.0, -62_135_596_801.0, 1e300, -1e300], "seconds"),
        ([SECOND, 253_402_300_800_000, 2**63 - 1, -(2**63)], "milliseconds"),
        ([SECOND, 253_402_300_800_000_000, 2**63 - 1, -(2**63)], "microseconds"),
    ],
)
def test_a_time_outside_the_years_1_to_9999_is_none(values: list[object], unit: TimeUnit) -> None:
    """253,402,300,800 s is the year 10000; nothing overflows into another time on the way."""
    assert timestamps_us(values, unit)[1:] == [None] * (len(values) - 1)


@pytest.mark.parametrize(
    ("physical", "kind"),
    [
        ([0, 2**63 - 1, -(2**63), 253_402_300_800_000], pl.Datetime("ms")),
        ([0, 2**63 - 1, -(2**63), 253_402_300_800_000_000], pl.Datetime("us")),
        ([0, 2**31 - 1, -(2**31), 2_932_897], pl.Date()),
    ],
)
def test_a_date_type_outside_the_years_1_to_9999_is_none(physical: list[int], kind: pl.DataType) -> None:
    values = pl.Series(physical, dtype=pl.Int32 if kind == pl.Date else pl.Int64).cast(kind)
    assert timestamps_us(values) == [0, None, None, None]


def test_dates_as_numbers_that_no_calendar_has_are_none() -> None:
    assert timestamps_us([20150407, 20150407, 20150407, 20150431, 20151301, 20150407105109, 20150407246060]) == [
        *[DAY * 10**6] * 3,
        None,
        None,
        SECOND * 10**6,
        None,
    ]


@pytest.mark.parametrize("kind", [pl.String, pl.Decimal(30, 6), pl.Float64], ids=["text", "decimal numbers", "floats"])
def test_dates_as_numbers_with_a_fraction_are_no_milliseconds_of_2610(kind: pl.DataType) -> None:
    """10:51:09 and .25, .5, 0 and .75 seconds of MySQL's NOW(6) + 0; a float of this size has steps of 1/256 s."""
    texts = [f"20150407105109.{fraction:06}" for fraction in (250_000, 500_000, 0, 750_000)]
    values = pl.Series(texts).cast(kind)
    assert timestamps_us(values) == [SECOND * 10**6 + fraction for fraction in (250_000, 500_000, 0, 750_000)]


def test_digits_of_a_dates_fraction_are_kept_to_the_microsecond() -> None:
    texts = [
        "20150407105109.000001",
        " 20150407105109.1 ",
        "20150407105109",
        "20150407105109.0",
        "20150407105109.1234567",
    ]
    right = [SECOND * 10**6 + fraction for fraction in (1, 100_000, 0, 0, 123_456)]
    assert timestamps_us(texts) == right
    assert timestamps_us([Decimal(text.strip()) for text in texts[:1] * 3]) == right[:1] * 3
    assert timestamps_us(["2015-04-07T10:51:09Z"] * 9 + texts)[9:] == right


def test_a_fraction_of_what_is_no_second_is_no_time() -> None:
    """Half a day, a second 60, a month 13."""
    odd = ["20150407.5", "20150407105160.5", "20151307105109.5"]
    assert timestamps_us(["20150407105109.5"] * 4 + odd) == [SECOND * 10**6 + 500_000] * 4 + [None] * 3


def test_ten_digits_are_an_hour_only_where_they_cannot_be_seconds() -> None:
    """2015040710 as seconds is the year 2033; 1,428,403,869 would be the 38th of a 40th month."""
    assert timestamps_us([2015040710]) == [(DAY + 10 * 3_600) * 10**6]
    assert timestamps_us([SECOND]) == [SECOND * 10**6]


@pytest.mark.parametrize(
    "values",
    [
        [1, 2, 3],
        ["1", "2", "3"],
        [2019, 2020, 2020],
        [44_000.5, 44_001.25],
        [18_519, 18_520],
        [123_059, 93_000],
        [811, 921, 1_613],
        [-1.0, -2.0],
        [20201340, 20201399],
    ],
)
def test_numbers_that_are_no_unix_times_are_refused_unless_their_unit_is_named(values: list[object]) -> None:
    """Steps, years, Excel's days, days since 1970, HHMMSS, HHMM: all would be in or before 1970."""
    with pytest.raises(LogError, match=r"'time' holds no unix times: .*--time-unit order.*--time-unit min"):
        timestamps_us(values)
    assert timestamps_us(values, "seconds") == [round(float(str(value)) * 10**6) for value in values]


def test_a_time_of_another_size_than_most_is_no_time() -> None:
    """Half the log in seconds and half in milliseconds would be 40 years apart."""
    assert timestamps_us([str(SECOND), str(SECOND), str(SECOND * 1_000)])[2] is None
    assert timestamps_us([str(SECOND * 1_000), str(SECOND * 1_000), str(SECOND)])[2] is None


def test_a_named_unit_goes_before_the_size_and_before_dates_as_numbers() -> None:
    assert timestamps_us([SECOND], "milliseconds") == [SECOND * 1_000]
    assert timestamps_us([20150407], "seconds") == [20150407 * 10**6]


def test_words_and_not_a_number_among_times_are_null() -> None:
    values: list[object] = ["1", "1", "1", "nan", "yesterday", "inf", "9" * 30]
    assert timestamps_us(values, "seconds") == [*[10**6] * 3, *[None] * 4]


@pytest.mark.parametrize(
    ("first", "advice"),
    [
        ("soon", "'soon'"),
        ("01/02/2020", "day and month could be meant either way: write 2020-02-01"),
        ("1.2.2020 10:00", "day and month"),
        ("2020/02/01", "write 2020-02-01"),
        ("12:30:59", "a time of day without its date"),
        ("x" * 300, "x{50,70}\\.\\.\\."),
    ],
)
def test_a_column_without_times_is_refused_with_its_first_value_and_advice(first: str, advice: str) -> None:
    with pytest.raises(LogError, match=f"'time' holds no times: it starts with .*{advice}"):
        timestamps_us([first, "later"])

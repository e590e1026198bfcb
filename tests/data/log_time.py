"""Times as they stand in logs, in every form that is read, that may be, and that is none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from nsbench.data.log.option_value import TimeUnit


@dataclass(frozen=True)
class TimeForm:
    """A way to write times.

    Attributes:
        name: What it is an example of.
        write: Microseconds since 1970 as text.
        step: It can write multiples of so many microseconds.
        unit: What `--time-unit` calls its numbers; None for text.
    """

    name: str
    write: Callable[[int], str]
    step: int
    unit: TimeUnit | None = None


def _datetime(timestamp_us: int, offset_minutes: int = 0) -> datetime:
    zone = timezone(timedelta(minutes=offset_minutes))
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=timestamp_us)).astimezone(zone)


def _iso(pattern: str, end: str = "", n_digits: int = 0, offset_minutes: int = 0) -> Callable[[int], str]:
    def write(timestamp_us: int) -> str:
        when = _datetime(timestamp_us, offset_minutes)
        fraction = f".{when.microsecond:06}000"[: n_digits + 1] if n_digits else ""
        return when.strftime(pattern) + fraction + end

    return write


def _number(power: int, n_digits: int | None = None) -> Callable[[int], str]:
    def write(timestamp_us: int) -> str:
        number = Decimal(timestamp_us).scaleb(-power)
        return f"{number:.{n_digits}f}" if n_digits is not None else str(int(number))

    return write


SECOND = 1_000_000
DAY = 86_400 * SECOND
T, BLANK = "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"

TIME_FORMS = (
    TimeForm("unix seconds", _number(6), SECOND, "seconds"),
    TimeForm("unix milliseconds", _number(3), 1_000, "milliseconds"),
    TimeForm("unix microseconds", _number(0), 1, "microseconds"),
    TimeForm("unix nanoseconds", _number(-3), 1, "nanoseconds"),
    TimeForm("seconds with .0", _number(6, 1), SECOND, "seconds"),
    TimeForm("seconds to the millisecond", _number(6, 3), 1_000, "seconds"),
    TimeForm("seconds to the microsecond", _number(6, 6), 1, "seconds"),
    TimeForm("milliseconds with a fraction", _number(3, 3), 1, "milliseconds"),
    TimeForm("ISO dates", _iso("%Y-%m-%d"), DAY),
    TimeForm("ISO with T", _iso(T), SECOND),
    TimeForm("ISO with a blank", _iso(BLANK), SECOND),
    TimeForm("ISO with Z", _iso(T, "Z"), SECOND),
    TimeForm("ISO with a blank and Z", _iso(BLANK, "Z"), SECOND),
    TimeForm("ISO to the minute", _iso("%Y-%m-%dT%H:%M"), 60 * SECOND),
    *(
        TimeForm(f"ISO with {n} digits{end and ' and ' + end}", _iso(T, end, n), max(10 ** (6 - n), 1))
        for n in (1, 2, 3, 4, 5, 6, 7, 8, 9)
        for end in ("", "Z")
    ),
    TimeForm("ISO with a blank and 6 digits", _iso(BLANK, "", 6), 1),
    TimeForm("ISO with +02:00", _iso(T, "+02:00", 0, 120), SECOND),
    TimeForm("ISO with -05:30 and 3 digits", _iso(T, "-05:30", 3, -330), 1_000),
    TimeForm("ISO with +0200", _iso(T, "+0200", 0, 120), SECOND),
    TimeForm("ISO with a blank and +00", _iso(BLANK, "+00"), SECOND),
    TimeForm("ISO with a blank, 6 digits and +02", _iso(BLANK, "+02", 6, 120), 1),
    TimeForm("ISO with a blank and +00:00", _iso(BLANK, "+00:00"), SECOND),
    TimeForm("ISO with UTC", _iso(BLANK, " UTC"), SECOND),
)
"""Ways that are read."""

ISO_FORMS = tuple(form for form in TIME_FORMS if form.unit is None)

COMPACT_FORMS = (
    TimeForm("compact dates", _iso("%Y%m%d"), DAY),
    TimeForm("compact datetimes", _iso("%Y%m%d%H%M%S"), SECOND),
    TimeForm("compact datetimes with 6 digits", _iso("%Y%m%d%H%M%S", "", 6), 1),
    TimeForm("compact datetimes with 1 digit", _iso("%Y%m%d%H%M%S", "", 1), 100_000),
)
"""Ways that are read or refused."""

ODD_FORMS = (
    TimeForm("small whole numbers", lambda timestamp_us: str(timestamp_us // SECOND % 1_000_000), SECOND, "seconds"),
    TimeForm("ISO in small letters", _iso("%Y-%m-%dt%H:%M:%S", "z"), SECOND),
    TimeForm("ISO with a decimal comma", lambda timestamp_us: _iso(T, "", 3)(timestamp_us).replace(".", ","), 1_000),
    TimeForm("ISO with a blank before the offset", _iso(BLANK, " +0000"), SECOND),
    TimeForm("ISO without signs", _iso("%Y%m%dT%H%M%S", "Z"), SECOND),
    TimeForm("ISO weeks", _iso("%G-W%V-%u"), DAY),
)
"""Ways that are read as Python does, or refused."""

NO_TIMES = (
    *("yesterday", "01/02/2020", "2020-13-45", "12:30", "inf", "1,400", "2020-02-30T00:00:00", "Jan 5 2020", "--"),
    *("1e999", "2020-01-05T25:00:00", "1_400_000_000", "0x10"),
)
"""Text that is no time."""


@dataclass(frozen=True)
class Times:
    """The times of a log.

    Attributes:
        texts: How each row's is written.
        name: What they are an example of.
        unit: What numbers are, where that is given as an option.
        has_compact_dates: Whether whole numbers are dates.
        is_arguable: Whether they may be refused.
        is_mixed: Whether they are written in ways that don't go together, so that some count as bad.
    """

    texts: tuple[str, ...]
    name: str
    unit: TimeUnit | None = None
    has_compact_dates: bool = False
    is_arguable: bool = False
    is_mixed: bool = False


@st.composite
def times_of(draw: st.DrawFn, n: int) -> Times:
    """N times."""
    kind = draw(
        st.sampled_from(("one form",) * 12 + ("mixed ISO", "mixed ISO", "compact", "unit named", "odd", "mixed"))
    )
    if kind == "mixed ISO":
        forms = draw(st.lists(st.sampled_from(ISO_FORMS), min_size=2, max_size=3, unique_by=lambda form: form.name))
        return Times(draw(_written(n, forms)), "mixed ISO forms")
    if kind == "mixed":
        second = draw(st.sampled_from(((1, "seconds and milliseconds"), (9, "seconds and ISO"))))
        return Times(
            draw(_written(n, [TIME_FORMS[0], TIME_FORMS[second[0]]])), second[1], is_arguable=True, is_mixed=True
        )
    if kind == "compact":
        form = draw(st.sampled_from(COMPACT_FORMS))
        return Times(draw(_written(n, [form])), form.name, has_compact_dates=True, is_arguable=True)
    form = draw(st.sampled_from(ODD_FORMS if kind == "odd" else TIME_FORMS))
    unit = form.unit if kind == "unit named" else None
    name = f"{form.name}, named" if unit else form.name
    return Times(draw(_written(n, [form])), name, unit, is_arguable=kind == "odd")


@st.composite
def _written(draw: st.DrawFn, n: int, forms: Sequence[TimeForm]) -> tuple[str, ...]:
    """N times, each in one of the forms."""
    timestamps_us = _moments_from(draw(st.integers(1_000_000_000, 1_735_000_000)), max(form.step for form in forms))
    drawn = draw(st.binary(min_size=n, max_size=n))
    return tuple(forms[byte % len(forms)].write(timestamps_us[byte // 4 % len(timestamps_us)]) for byte in drawn)


def _moments_from(second: int, step: int) -> list[int]:
    """Some times of a log: neighbours and far ones, in steps that a way to write them can tell apart."""
    start = second * SECOND // step * step
    return [
        start + step * n for n in (0, 1, 2, 3, 10, 59, 300, *((3_600, 86_399, 1_000_000) if step <= SECOND else (999,)))
    ]

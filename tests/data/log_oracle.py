"""What labels, times and ratings say, by Python's datetime and decimal alone."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from tests.data.log_case import Reading, Row

MISSING = (
    *("", "nan", "NaN", "NAN", "null", "Null", "NULL", "none", "None", "NONE"),
    *("NA", "N/A", r"\N", "<NA>", "#N/A", "(null)", "undefined"),
)
"""Words for a missing value."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
UNITS = {"seconds": 6, "milliseconds": 3, "microseconds": 0, "nanoseconds": -3}
"""Powers of ten: the microseconds of one of each."""
SIZES = {"seconds": (0, 10**11), "milliseconds": (10**11, 10**14), "microseconds": (10**14, 10**17)}

Moment = Callable[[Any], int | None]


@dataclass(frozen=True)
class Plan:
    """What is known of a log before it is read.

    Attributes:
        columns: Names by role: user, item, time, and rating or event where there is one.
        events: Which are taken; none: all.
        min_rating: The least that is taken; None: all.
        unit: What numbers are; None: by their size.
        has_compact_dates: Whether whole numbers are dates.
    """

    columns: Mapping[str, str]
    events: tuple[str, ...] = ()
    min_rating: float | None = None
    unit: str | None = None
    has_compact_dates: bool = False


def label_of(value: Any) -> str | None:
    """A label as text: blanks around it are none of it, and words for a missing value are None."""
    if value is None or (isinstance(value, float | Decimal) and math.isnan(value)):
        return None
    if isinstance(value, bytes):
        value = value.decode()
    text = f"{value:f}" if isinstance(value, Decimal) else str(value).strip()
    return None if text in MISSING else text


def number_of(value: Any) -> Decimal | None:
    """A finite number, whichever way it stands in the log."""
    if isinstance(value, bytes):
        value = value.decode()
    if value is None or isinstance(value, bool | list | dict):
        return None
    if isinstance(value, bytes):
        value = value.decode()
    text = value.strip() if isinstance(value, str) else repr(value) if isinstance(value, float) else str(value)
    if not re.fullmatch(r"[+-]?[0-9]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?", text):
        return None
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def microseconds(when: datetime | date) -> int:
    """Since 1970; in UTC where there is no offset."""
    if not isinstance(when, datetime):
        when = datetime(when.year, when.month, when.day)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return (when - EPOCH) // timedelta(microseconds=1)


def _python_iso(text: str) -> str:
    """The forms that `fromisoformat` doesn't know as such that it does."""
    text = text.strip().upper().removesuffix(" UTC")
    return re.sub(r" ([+-][0-9:]+)$", r"\1", text) if text.count(" ") == 2 else text


def iso_moment(text: str) -> int | None:
    """Microseconds of an ISO date or datetime; fractions of a microsecond are cut off."""
    written = _python_iso(text)
    # Single digits and blanks within, as in 2020-1-5 and 10: 51, are no ISO, and yet say what they mean.
    padded = re.sub(r"(?<![0-9.,])([0-9])(?![0-9])", r"0\1", re.sub(r"(?<=[:T-]) +", "", written))
    for candidate in (written, padded):
        try:
            return microseconds(datetime.fromisoformat(candidate))
        except (ValueError, OverflowError):
            continue
    return None


MOST = 2**63
"""No time is so many microseconds away, and no number so large one, whatever its unit: `1e999` is none."""

COMPACT = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S", 17: "%Y%m%d%H%M%S%f"}
"""Dates as whole numbers, by their digits."""


def _compact(number: Decimal) -> int | None:
    digits, fraction = str(int(number)), int(number % 1 * 10**6)
    if fraction and len(digits) != 14:
        return None
    try:
        return microseconds(datetime.strptime(digits, COMPACT[len(digits)])) + fraction
    except (KeyError, ValueError, OverflowError):
        return None


def moment_reader(values: Sequence[Any], plan: Plan) -> Moment:
    """How the values of a column of times are read: numbers are of the unit that most of them have by their size."""
    numbers = sorted(abs(number) for number in map(number_of, values) if number is not None)
    middle = numbers[len(numbers) // 2] if numbers else 0
    by_size = next((unit for unit, (low, high) in SIZES.items() if low <= middle < high), "nanoseconds")
    unit = plan.unit or by_size

    low, high = SIZES.get(unit, (10**17, 92 * 10**17))

    def of_number(value: Any, number: Decimal) -> int | None:
        if abs(number) >= MOST:
            return None
        if plan.has_compact_dates:
            return _compact(number)
        if plan.unit is None and not low <= abs(number) < high:
            return None
        exact = number * Decimal(10) ** UNITS[unit]
        # A float is the nearest there is to what was meant.
        whole = round(exact) if isinstance(value, float) else exact.__floor__()
        return whole if abs(whole) < MOST else None

    def timestamp_us(value: Any) -> int | None:
        value = value.decode() if isinstance(value, bytes) else value
        if isinstance(value, date):
            return microseconds(value)
        number = number_of(value)
        if number is not None:
            return of_number(value, number)
        return iso_moment(value) if isinstance(value, str) else None

    return timestamp_us


def reading_of(records: Sequence[Mapping[str, Any]], plan: Plan) -> Reading:
    """What records say, by column name; a column that a record lacks is missing in it."""
    name = plan.columns
    timestamp_us = moment_reader([record.get(name["time"]) for record in records], plan)
    taken: list[Row] = []
    left_out: list[Row] = []
    for record in records:
        user, item = label_of(record.get(name["user"])), label_of(record.get(name["item"]))
        row = (user, item, timestamp_us(record.get(name["time"])))
        (taken if _is_taken(record, plan) else left_out).append(row)
    return Reading(tuple(taken), left_out_is_bad=any(None in row for row in left_out))


def _is_taken(record: Mapping[str, Any], plan: Plan) -> bool:
    if plan.events and label_of(record.get(plan.columns["event"])) not in plan.events:
        return False
    if plan.min_rating is None:
        return True
    value = record.get(plan.columns["rating"])
    rating = number_of(value.replace(",", ".") if isinstance(value, str) else value)
    return rating is not None and rating >= Decimal(repr(plan.min_rating))

"""What the numbers of a time column count: the units, how large their numbers are, and what is said of the others."""

import numpy as np
import polars as pl

from nsbench.data.log.formats.excerpt import excerpt
from nsbench.data.log.option_value import TimeUnit
from nsbench.errors import LogError

LIMITS: dict[TimeUnit, tuple[float, float]] = {
    "seconds": (-1e11, 1e11),
    "milliseconds": (1e11, 1e14),
    "microseconds": (1e14, 1e17),
    "nanoseconds": (1e17, 9.2e18),
}
"""Where a number of each unit lies between 1973 and 5138; smaller numbers are seconds."""

SMALLEST_SECONDS = 1e8
"""Numbers that are mostly smaller, seconds before March 1973, are no unix times: days, years, steps, hours and minutes."""

FACTORS: dict[TimeUnit, float] = {
    "seconds": 1e6,
    "milliseconds": 1e3,
    "microseconds": 1.0,
    "nanoseconds": 1e-3,
    "minutes": 6e7,
    "order": 1e6,
}
"""Microseconds of a number; of an order, so that fractions count to six digits."""

LARGEST_NUMBER = 9.2e18
LARGEST_EXACT_FLOAT = 2.0**53

ACCEPTED = (
    "seconds, milliseconds, microseconds or nanoseconds since 1970, ISO dates and datetimes (2015-04-07T10:51:09Z), "
    "or dates as one number (20150407, 20150407105109)"
)


def guess_unit(column: str, numbers: pl.Series) -> TimeUnit:
    """The unit by the size of a column's numbers.

    Args:
        column: The column's name, for messages.
        numbers: The first ones, finite; at least one.

    Raises:
        LogError: They are too small or too large for times.
    """
    size = float(np.median(numbers.to_numpy()))
    if size < SMALLEST_SECONDS:
        small = float(numbers.filter(numbers < SMALLEST_SECONDS)[0])
        raise LogError(
            f"Column {excerpt(column)} holds no unix times: most of its numbers are as small as {small:.15g}, which as "
            f"seconds would lie before March 1973. Where they only give the order (row numbers, positions, ranks), say "
            f"--time-unit order; where they are minutes since 1970, --time-unit min; otherwise (days, years, hours and "
            f"minutes, dates of a spreadsheet) name another column with --time-column, or write ISO dates. Accepted are "
            f"{ACCEPTED}."
        )
    fitting: list[TimeUnit] = [unit for unit, (low, high) in LIMITS.items() if low <= size < high]
    if not fitting:
        raise LogError(f"Column {excerpt(column)} holds no times: {size:.4g} is out of range; accepted are {ACCEPTED}.")
    return fitting[0]

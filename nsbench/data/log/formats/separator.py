"""Finds the separator between the fields of a text log, and whether its first line names the columns."""

import math
import re
from collections.abc import Sequence

from nsbench.data.log.formats.double_colon import DOUBLE_COLON
from nsbench.data.log.formats.quoting import fields_of

SEPARATORS = (DOUBLE_COLON, "\t", ",", ";", "|", " ")
FEWEST_COLUMNS = 3
"""A log has a user, an item and a time."""

FEWEST_WITHOUT_TIME = 2


def find_separator(lines: Sequence[str], fewest: int = FEWEST_COLUMNS) -> str:
    """The separator that cuts every line into as many fields; of several, or of none, the one that makes the most.

    A blank separates only where nothing else does: it also stands within times and titles.

    Args:
        lines: The first lines.
        fewest: So many fields a line has at least.

    >>> find_separator(["1::A, B and C::5", "2::D::4"]), find_separator(["u i t", "1 2 3"])
    ('::', ' ')
    """
    counts = {separator: [len(split_line(line, separator)) for line in lines] for separator in SEPARATORS}

    def merit(separator: str) -> tuple[bool, bool, int]:
        n_fields = counts[separator][0]
        enough = n_fields >= fewest
        return enough and separator != " ", enough and len(set(counts[separator])) == 1, n_fields

    return max(SEPARATORS, key=merit)


def split_line(line: str, separator: str) -> list[str]:
    """The fields of one line, without quotes and blanks around them."""
    if separator == DOUBLE_COLON:
        return [field.strip() for field in line.split(separator)]
    return list(fields_of(line, separator))


def is_value(field: str) -> bool:
    """Whether a field of the first line is a number or a date, which no column is called.

    >>> [is_value(field) for field in ("5.0", "2015-04-07", "01/02/2020 10:00", "item 2", "nan", "20150407T105109Z")]
    [True, True, True, False, False, True]
    """
    if re.match(r"\d{1,4}[-/.:]\d{1,2}[-/.:]\d|\d{8}T\d", field):
        return True
    try:
        return math.isfinite(float(field))
    except ValueError:
        return False

"""What the rows of a text log are, by Python's csv and json alone."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.data.log_case import Reading
from tests.data.log_oracle import Plan, reading_of

QUOTED: dict[str, Any] = {}
UNQUOTED: dict[str, Any] = {"quoting": csv.QUOTE_NONE}
ESCAPED: dict[str, Any] = {"escapechar": "\\", "doublequote": False}
ESCAPED_OR_DOUBLED: dict[str, Any] = {"escapechar": "\\"}
AFTER_BLANKS: dict[str, Any] = {"skipinitialspace": True}


def unwrapped(field: str) -> str:
    """A field without the quotes around it."""
    if len(field) > 1 and field.startswith('"') and field.endswith('"'):
        return field[1:-1].replace('""', '"')
    return field


def fields_of(text: str, separator: str, style: Mapping[str, Any]) -> Iterator[tuple[list[str], list[str]]]:
    """The fields of each row that isn't blank, and the lines that it takes.

    Raises:
        csv.Error: The text can't be cut into rows.
    """
    if separator == "::":
        for line in text.replace("\r\n", "\n").split("\n"):
            if line.strip():
                yield line.split("::"), [line]
        return
    lines: list[str] = []

    def kept() -> Iterator[str]:
        for line in io.StringIO(text, newline=""):
            lines.append(line)
            yield line

    for fields in csv.reader(kept(), delimiter=separator, **style):
        # Tabs between nothing are a row of a TSV.
        if "".join(lines).strip() or (separator == "\t" and len(fields) > 1):
            yield [unwrapped(field) for field in fields] if style is UNQUOTED else fields, list(lines)
        lines.clear()


def text_reading(
    text: str,
    separator: str,
    plan: Plan,
    style: Mapping[str, Any] = QUOTED,
    *,
    has_header: bool,
    may_swallow: bool = False,
) -> Reading | None:
    """What separated text says.

    Args:
        text: The file, decoded and without a byte order mark.
        separator: What stands between fields.
        plan: What else is known.
        style: How quotes and backslashes are read.
        has_header: Whether the first row names the columns; else they are called by their places, as many as it has.
        may_swallow: Whether a row's line may look like a row by itself.

    Returns:
        None where it can't be read so: a row is longer than the header, a column isn't there, a quoted field isn't closed or
        swallows a line that is a row by itself.
    """
    try:
        rows = list(fields_of(text, separator, style))
    except csv.Error:
        return None
    if not rows:
        return None
    first = rows[0][0]
    names = [name.strip() for name in first] if has_header else [str(place) for place in range(1, len(first) + 1)]
    rows = rows[has_header:]
    if len(set(names)) < len(names) or not set(plan.columns.values()) <= set(names):
        return None
    if any(len(fields) > len(names) for fields, _ in rows):
        return None
    if not may_swallow and any(swallows(lines, separator, len(names)) for _, lines in rows):
        return None
    return reading_of([dict(zip(names, fields, strict=False)) for fields, _ in rows], plan)


def swallows(lines: Sequence[str], separator: str, n_columns: int) -> bool:
    """Whether a row takes in another: its first line has as many fields as a row has, and so has a later one."""
    is_full = [line.count(separator) + 1 >= n_columns for line in lines]
    return is_full[0] and any(is_full[1:])


def json_reading(text: str, plan: Plan) -> Reading | None:
    """What JSON lines say; None where a line is no JSON object, or a label or time is an object or a list."""
    records = []
    for line in text.split("\n"):
        if not line.strip(" \t\r"):
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            return None
        if not isinstance(record, dict):
            return None
        if any(isinstance(record.get(plan.columns[role]), dict | list) for role in ("user", "item")):
            return None
        records.append(record)
    return reading_of(records, plan)

"""Finds the line at which a text log can't be read: polars says that there is one, not which.

The file is gone through once more, line by line; slow, and only done when reading has failed.
"""

import csv
import json
from collections.abc import Iterable, Sequence

from nsbench.data.source import LogFormat, LogSource, open_text


def explain_unreadable(source: LogSource, reason: str) -> str:
    """Says where and why a log can't be read.

    Args:
        source: The log.
        reason: What the reader said, for when no line is found to be wrong.
    """
    first = (reason.splitlines() or [""])[0]
    try:
        where = _first_bad_line(source)
    except (OSError, EOFError, csv.Error, UnicodeDecodeError) as failure:
        return f"{source.path} can't be read to its end: {failure}. Is it complete, and UTF-8 text?"
    if where is None:
        return f"Reading {source.path} into the home stopped: {first}."
    return f"{source.path}, {where}. Correct the line."


def _first_bad_line(source: LogSource) -> str | None:
    if source.format == LogFormat.PARQUET:
        return None
    with open_text(source.path) as stream:
        lines = (line.decode("utf-8") for line in stream)
        if source.format == LogFormat.JSON_LINES:
            return _first_bad_json(lines)
        if source.format == LogFormat.SEPARATED:
            return _first_long_row(lines, source.separator, source.columns)
        for _ in lines:
            pass
    return None


def _first_bad_json(lines: Iterable[str]) -> str | None:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                json.loads(line)
            except ValueError as error:
                return f"line {number} is not JSON ({error}): {line[:80]!r}"
    return None


def _first_long_row(lines: Iterable[str], separator: str, columns: Sequence[str]) -> str | None:
    rows = csv.reader(lines, delimiter=separator)
    for fields in rows:
        if len(fields) > len(columns):
            return f"line {rows.line_num} has {len(fields)} fields where there are {len(columns)} columns: {fields}"
    return None

"""Reads JSON lines: one object a line, of which only the wanted members are kept.

msgspec reads them several times as fast as Python's json and as strictly; a line that it refuses is tried with json, which
knows NaN and lone surrogates.
"""

import json
import math
from collections.abc import Iterator, Sequence
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec
import polars as pl

from nsbench.data.log.formats.text_file import RETURN_BETWEEN_OBJECTS, byte_lines
from nsbench.errors import LogError

BATCH_ROWS = 1 << 16
SHOWN = 80
LEAST_INT = -(1 << 62)


def json_names(path: Path, n_rows: int) -> tuple[str, ...]:
    """The members of the first objects, in the order in which they appear.

    Raises:
        LogError: A line is no JSON object.
    """
    names: dict[str, None] = {}
    for number, line in islice(byte_lines(path, RETURN_BETWEEN_OBJECTS), n_rows):
        names |= dict.fromkeys(_object_of(path, number, line))
    return tuple(names)


def read_json_lines(path: Path, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Reads members of every line's object; blank lines are no rows.

    Args:
        path: The file.
        wanted: Names of the members.

    Yields:
        Frames with columns of text named by their place in `wanted`, in the file's order: numbers as Python writes them,
        true and false; null where the member is missing, null or NaN.

    Raises:
        LogError: A line is no JSON object, or a member is an object or a list.
    """
    members = [f"m{place}" for place in range(len(wanted))]
    fields = [
        (member, object, msgspec.field(default=None, name=name)) for member, name in zip(members, wanted, strict=True)
    ]
    row = msgspec.defstruct("Row", fields, gc=False)
    decode = msgspec.json.Decoder(row).decode
    lines = byte_lines(path, RETURN_BETWEEN_OBJECTS)
    while part := list(islice(lines, BATCH_ROWS)):
        rows: list[Any] = []
        for number, line in part:
            try:
                rows.append(decode(line))
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                found = _object_of(path, number, line)
                rows.append(row(*(found.get(name) for name in wanted)))
        numbers = [number for number, _ in part]
        columns = [list(map(attrgetter(member), rows)) for member in members]
        named = zip(wanted, columns, strict=True)
        yield pl.DataFrame(
            [_column(path, numbers, name, values).alias(str(n)) for n, (name, values) in enumerate(named)]
        )


def _column(path: Path, numbers: Sequence[int], name: str, values: Sequence[object]) -> pl.Series:
    kinds = set(map(type, values))
    # What is of one simple type needs no look at each value.
    if kinds == {int} and min(values) >= LEAST_INT and max(values) <= -LEAST_INT:  # type: ignore[type-var, operator]
        return pl.Series(values, dtype=pl.Int64).cast(pl.String)
    texts = [_text(path, number, name, value) for number, value in zip(numbers, values, strict=True)]
    return pl.Series(texts, dtype=pl.String)


def _text(path: Path, number: int, name: str, value: object) -> str | None:
    match value:
        case str():
            if value.isascii() or _is_unicode(value):
                return value
            what = f"holds half a character ({value[:SHOWN]!r})"
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int():
            try:
                return str(value)
            except ValueError:
                what = "is a number of thousands of digits"
        case float():
            return None if math.isnan(value) else repr(value)
        case _:
            kind = "an object" if isinstance(value, dict) else "a list"
            what = (
                f"is {kind} ({json.dumps(value)[:SHOWN]}), where a label or a time is a number or a text: name another "
                "column, or write the part that identifies it as a member of its own"
            )
    raise LogError(f"{path}, line {number:,}: {name!r} {what}. Correct the line.")


def _object_of(path: Path, number: int, line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line)
    except RecursionError:
        raise LogError(f"{path}, line {number:,} is nested too deeply: {_shown(line)}. Correct the line.") from None
    except ValueError as error:
        raise LogError(
            f"{path}, line {number:,} is not JSON ({str(error)[:SHOWN]}): {_shown(line)}. Correct the line."
        ) from None
    if not isinstance(found, dict):
        raise LogError(
            f"{path}, line {number:,} is not a JSON object: {_shown(line)}. JSON lines hold one object a line."
        )
    return found


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(line: bytes) -> str:
    return repr(line[:SHOWN].decode(errors="replace").strip()) + ("..." if len(line) > SHOWN else "")

"""Finds out how the quotes of a separated file are meant, where its lines are not its rows one by one.

Writers don't agree: an inch mark may stand in a title unquoted, a quote within quotes is doubled or comes after a
backslash, a quoted text may go over several lines. A reading is accepted if it leaves no fault: no row is too long, no
quote stays open, and no row vanishes within another's quotes. The first accepted one of `READINGS` is taken; if there is
none the file is refused, and the first fault is named.
"""

import csv
import logging
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nsbench.data.log.formats.row_shape import N_ROWS, RowShape, unwrapped
from nsbench.data.log.formats.text_file import LARGEST_LINE, open_lines
from nsbench.errors import LogError

SHOWN = 120
"""Characters of a line that a message shows."""

MOST_LOOKED_AT = 20_000
"""Rows among which those are looked for that tell what rows look like."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Quoting:
    """One way to read quotes.

    Attributes:
        name: What it is called in messages.
        has_quotes: Whether quotes enclose fields; False: they are letters, but for a pair around a whole field.
        escape: What makes a quote within quotes a letter; None: it is doubled.
        strict: Whether after a closing quote the field must end.
    """

    name: str
    has_quotes: bool = True
    escape: str | None = None
    strict: bool = True


STANDARD = Quoting("quotes doubled within quotes")
BACKSLASH = Quoting("quotes after a backslash", escape="\\")
LENIENT = Quoting("quotes doubled within quotes, text after them", strict=False)
LETTERS = Quoting("quotes as letters", has_quotes=False)
READINGS = (STANDARD, BACKSLASH, LENIENT, LETTERS)


@dataclass(frozen=True)
class Record:
    """A row of a separated file.

    Attributes:
        fields: Its fields, without the quotes around them.
        line: Number of its first line, from 1.
        lines: The lines that it takes.
    """

    fields: list[str]
    line: int
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Fault:
    """Why a reading isn't accepted: where, and what is wrong there."""

    line: int
    what: str


def find_quoting(path: Path, separator: str, n_columns: int) -> Quoting:
    """The way to read a file's quotes that leaves no fault.

    Args:
        path: The file.
        separator: One character.
        n_columns: Fields of a row.

    Raises:
        LogError: There is none; the message names the first line that is at fault by the usual rules.
    """
    faults: list[Fault] = []
    row = RowShape(path, separator, n_columns, _likely_rows(path, separator, n_columns))
    for quoting in READINGS:
        doubts: list[Fault] = []
        fault = _first_fault(path, quoting, row, doubts)
        if fault is None:
            if doubts:
                more = f", and {len(doubts) - 1:,} more rows hold such a line" if len(doubts) > 1 else ""
                logger.warning("%s, line %s %s%s", path, f"{doubts[0].line:,}", doubts[0].what, more)
            return quoting
        faults.append(fault)
    fault = faults[READINGS.index(LENIENT)]
    raise LogError(f"{path}, line {fault.line:,} {fault.what}. Correct the line.")


def records(path: Path, separator: str, quoting: Quoting) -> Iterator[Record]:
    """The rows of a file, blank lines left out.

    Raises:
        csv.Error: The reading doesn't fit; `_first_fault` says where.
    """
    with open_lines(path) as stream, _long_fields():
        taken: deque[str] = deque()
        reader = csv.reader(
            _kept(stream, taken),
            delimiter=separator,
            quoting=csv.QUOTE_MINIMAL if quoting.has_quotes else csv.QUOTE_NONE,
            doublequote=quoting.escape is None,
            escapechar=quoting.escape,
            strict=quoting.strict,
        )
        line = 1
        for fields in reader:
            # A line of separators is a row of empty fields, unless they are blanks.
            if any(map(str.strip, taken)) or (len(fields) > 1 and separator != " "):
                yield Record(fields if quoting.has_quotes else list(map(unwrapped, fields)), line, tuple(taken))
            taken.clear()
            line = reader.line_num + 1


def _likely_rows(path: Path, separator: str, n_columns: int) -> list[list[str]]:
    """Some rows of one line each and of the right length, as far as the file can be read by the usual rules."""
    rows: list[list[str]] = []
    try:
        for record in islice(records(path, separator, STANDARD), 1, MOST_LOOKED_AT):
            if len(record.lines) == 1 and len(record.fields) == n_columns:
                rows.append(record.fields)
            if len(rows) == N_ROWS:
                break
    except csv.Error:
        pass
    return rows


def _first_fault(path: Path, quoting: Quoting, row: RowShape, doubts: list[Fault]) -> Fault | None:
    """Reads up to the first fault; rows that are accepted but may not be what they seem are added to `doubts`."""
    record = Record([], 0, ("",))
    try:
        for record in records(path, row.separator, quoting):
            taken_in = row.find_taken_in(record.lines)
            fault = _fault_of(record, quoting, row, taken_in.row)
            if fault is not None:
                return fault
            if taken_in.lookalike is not None:
                what = (
                    f"begins a text in quotes that goes over several lines; line {record.line + taken_in.lookalike:,} within "
                    f"it has as many fields as a row, and is taken for text: {_shown(record.lines[taken_in.lookalike])}"
                )
                doubts.append(Fault(record.line, what))
    except csv.Error as error:
        return Fault(record.line + len(record.lines), f"can't be read with {quoting.name} ({error})")
    return None


def _fault_of(record: Record, quoting: Quoting, row: RowShape, taken_in: int | None) -> Fault | None:
    first, *others = record.lines
    n_fields = len(record.fields)
    if n_fields > row.n_columns:
        what = f"has {n_fields} fields where there are {row.n_columns} columns"
    elif taken_in is not None:
        what = f"opens a quote that takes in the row of line {record.line + taken_in:,}"
    elif others and not quoting.strict and _is_open(record, row.separator):
        what = "opens a quote that nothing closes"
    elif n_fields < row.n_columns and '"' in first and (not quoting.has_quotes or row.is_like_row(first)):
        what = f"has {n_fields} fields where there are {row.n_columns} columns, and quotes"
    elif quoting.escape and not _is_escaped("".join(record.lines), row.separator):
        what = "has text after a quoted field"
    else:
        return None
    return Fault(record.line, f"{what}: {_shown(first)}")


def _is_escaped(text: str, separator: str) -> bool:
    """Whether every quoted field of a row ends where its quotes do, if a backslash makes a quote a letter."""
    mark = re.escape(separator)
    field = rf'(?:"(?:[^"\\]|\\.)*"|[^"{mark}][^{mark}]*|)'
    return re.fullmatch(rf"{field}(?:{mark}{field})*[\r\n]*", text, re.DOTALL) is not None


def _is_open(record: Record, separator: str) -> bool:
    """Whether a row of several lines ended with the file and not with a quote."""
    try:
        list(csv.reader(record.lines, delimiter=separator, strict=True))
    except csv.Error:
        return True
    return False


def _shown(line: str) -> str:
    line = line.rstrip("\r\n")
    return repr(line if len(line) <= SHOWN else line[:SHOWN] + "...")


def _kept(lines: Iterator[str], taken: "deque[str]") -> Iterator[str]:
    for line in lines:
        taken.append(line)
        yield line


@contextmanager
def _long_fields() -> Iterator[None]:
    """The csv module's limit is the process's own, and 128 KiB: less than a long review."""
    limit = csv.field_size_limit(LARGEST_LINE)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def fields_of(line: str, separator: str) -> Sequence[str]:
    """The fields of one line as Python's csv reads them, blanks around them left out."""
    with _long_fields():
        return [field.strip() for field in next(csv.reader([line], delimiter=separator), [])]

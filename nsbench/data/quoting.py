"""Finds out how the quotes of a separated file are meant, where its lines are not its rows one by one.

Writers don't agree: an inch mark may stand in a title unquoted, a quote within quotes is doubled or comes after a
backslash, a quoted text may go over several lines. A reading is accepted if it leaves no fault: no row is too long, no
quote stays open, and no row vanishes within another's quotes. The first accepted one of `READINGS` is taken; if there is
none the file is refused, and the first fault is named.
"""

import csv
import re
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from nsbench.data.text_file import LARGEST_LINE, open_lines
from nsbench.errors import LogError

SHOWN = 120
"""Characters of a line that a message shows."""

SHAPES_FROM_LINES = 1_000
USUAL_SHARE = 0.9
"""What a row looks like is taken from so many lines: where this share of them look alike in a place, a row must as well."""


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
    row = _RowShape(path, separator, n_columns)
    for quoting in READINGS:
        fault = _first_fault(path, quoting, row)
        if fault is None:
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
                yield Record(fields if quoting.has_quotes else list(map(_unwrapped, fields)), line, tuple(taken))
            taken.clear()
            line = reader.line_num + 1


class _RowShape:
    """What a line looks like that is a row by itself.

    Attributes:
        separator: One character.
        n_columns: Fields of a row.
    """

    def __init__(self, path: Path, separator: str, n_columns: int) -> None:
        self.separator = separator
        self.n_columns = n_columns
        mark = re.escape(separator)
        # A field in quotes that ends before the next separator, or whatever stands up to it.
        self._field = re.compile(rf'(?:^|{mark})("(?:[^"]|"")*"(?={mark}|$)|[^{mark}]*)')
        escaped = rf'(?:"(?:[^"\\]|\\.)*"|[^"{mark}][^{mark}]*|)'
        self._escaped = re.compile(rf"{escaped}(?:{mark}{escaped})*[\r\n]*", re.DOTALL)
        with open_lines(path) as lines:
            shapes = list(filter(None, map(self._shapes_of, islice(lines, SHAPES_FROM_LINES))))
        usual = [Counter(column).most_common(1)[0] for column in zip(*shapes, strict=True)]
        self._usual = {place: shape for place, (shape, n) in enumerate(usual) if n >= USUAL_SHARE * len(shapes)}

    def fits(self, line: str) -> bool:
        """Whether a line has a row's number of fields, and looks like one wherever rows look alike."""
        shapes = self._shapes_of(line)
        return shapes is not None and all(shapes[place] == shape for place, shape in self._usual.items())

    def is_escaped(self, text: str) -> bool:
        """Whether every quoted field of a row ends where its quotes do, if a backslash makes a quote a letter."""
        return self._escaped.fullmatch(text) is not None

    def _shapes_of(self, line: str) -> list[str] | None:
        fields = self._field.findall(line.rstrip("\r\n"))
        return [_shape(_unwrapped(field)) for field in fields] if len(fields) == self.n_columns else None


def _first_fault(path: Path, quoting: Quoting, row: _RowShape) -> Fault | None:
    record = Record([], 0, ("",))
    try:
        for record in records(path, row.separator, quoting):
            fault = _fault_of(record, quoting, row)
            if fault is not None:
                return fault
    except csv.Error as error:
        return Fault(record.line + len(record.lines), f"can't be read with {quoting.name} ({error})")
    return None


def _fault_of(record: Record, quoting: Quoting, row: _RowShape) -> Fault | None:
    first, *others = record.lines
    n_fields = len(record.fields)
    taken_in = [row.fits(line) for line in others] if others and row.fits(first) else []
    if n_fields > row.n_columns:
        what = f"has {n_fields} fields where there are {row.n_columns} columns"
    elif any(taken_in):
        what = f"opens a quote that takes in the row of line {record.line + 1 + taken_in.index(True):,}"
    elif others and not quoting.strict and _is_open(record, row.separator):
        what = "opens a quote that nothing closes"
    elif n_fields < row.n_columns and '"' in first and (not quoting.has_quotes or row.fits(first)):
        what = f"has {n_fields} fields where there are {row.n_columns} columns, and quotes"
    elif quoting.escape and not row.is_escaped("".join(record.lines)):
        what = "has text after a quoted field"
    else:
        return None
    return Fault(record.line, f"{what}: {_shown(first)}")


def _is_open(record: Record, separator: str) -> bool:
    """Whether a row of several lines ended with the file and not with a quote."""
    try:
        list(csv.reader(record.lines, delimiter=separator, strict=True))
    except csv.Error:
        return True
    return False


def _shape(field: str) -> str:
    """What a field looks like, its digits aside; text is text.

    >>> _shape("2015-04-07 10:51"), _shape("1428403869"), _shape("24 inch"), _shape("")
    ('0-0-0 0:0', '0', 'text', 'text')
    """
    shape = re.sub(r"\d+", "0", field.strip())
    return shape if "0" in shape and len(re.sub(r"[^a-zA-Z]", "", shape)) < 3 else "text"


def _unwrapped(field: str) -> str:
    """A field without a pair of quotes around it.

    >>> _unwrapped('"7"" single"'), _unwrapped('7" single')
    ('7" single', '7" single')
    """
    if len(field) > 1 and field[0] == field[-1] == '"':
        return field[1:-1].replace('""', '"')
    return field


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

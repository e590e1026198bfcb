"""Recognises what kind of file an interaction log is, and opens it as a lazy frame of raw columns.

By content rather than by name: people rename files, and a `.dat` may be anything. What the columns mean is decided in
`nsbench.data.column`; nothing here reads more than the head of the file.
"""

import codecs
import csv
import difflib
import gzip
import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BufferedIOBase
from pathlib import Path

import polars as pl

from nsbench.errors import LogError

ROW = "__row"
"""Column with the number of the row within the file, from 0."""

HEAD_BYTES = 1 << 16
SEPARATORS = ("\t", ",", ";", "|")
DOUBLE_COLON = "::"
FEWEST_COLUMNS = 3
GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
OTHER_MAGIC = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ": "xz-compressed",
    b"\x28\xb5\x2f\xfd": "zstd-compressed",
    b"\xff\xfe": "UTF-16 text",
    b"\xfe\xff": "UTF-16 text",
}
ACCEPTED = (
    "accepted are CSV, TSV, other text with one of the separators tab , ; | or ::, JSON lines, Parquet, "
    "and the text ones compressed with gzip"
)


class LogFormat(StrEnum):
    """How the rows of a log are written."""

    SEPARATED = "separated"
    """Text with one character between fields: CSV, TSV."""
    DOUBLE_COLON = "double-colon"
    """Text with `::` between fields, as MovieLens' ratings.dat."""
    JSON_LINES = "json-lines"
    PARQUET = "parquet"


@dataclass(frozen=True)
class LogSource:
    """A recognised log file.

    Attributes:
        path: The file.
        format: How its rows are written.
        separator: What stands between fields; empty for JSON lines and Parquet.
        has_header: Whether the first line names the columns; formats that name columns themselves count as True.
        columns: The columns' names in order; "1", "2", ... where there is no header.
    """

    path: Path
    format: LogFormat
    separator: str
    has_header: bool
    columns: tuple[str, ...]

    def scan(self, columns: Sequence[str]) -> pl.LazyFrame:
        """Opens the log lazily.

        Args:
            columns: Which of the columns to read.

        Returns:
            A frame with `ROW` and the columns; text formats give strings only, Parquet its own types.
        """
        match self.format:
            case LogFormat.PARQUET:
                frame = pl.scan_parquet(self.path, row_index_name=ROW, glob=False)
            case LogFormat.JSON_LINES:
                frame = pl.scan_ndjson(self.path, schema=dict.fromkeys(columns, pl.String), row_index_name=ROW)
            case LogFormat.DOUBLE_COLON:
                frame = self._scan_double_colon()
            case LogFormat.SEPARATED:
                frame = pl.scan_csv(
                    self.path,
                    has_header=self.has_header,
                    separator=self.separator,
                    quote_char=None if self.separator == "\t" else '"',
                    schema=dict.fromkeys(self.columns, pl.String),
                    row_index_name=ROW,
                    glob=False,
                )
        return frame.select(ROW, *columns)

    def line_of(self, row: int) -> str:
        """Where a row stands, for messages.

        Args:
            row: Number of the row, from 0.

        Returns:
            The line of a text file, the row of another, both counted from 1.
        """
        if self.format in {LogFormat.PARQUET, LogFormat.JSON_LINES}:
            return f"row {row + 1}"
        return f"line {row + 1 + self.has_header}"

    def _scan_double_colon(self) -> pl.LazyFrame:
        frame = pl.scan_lines(self.path, name="line", row_index_name=ROW, glob=False)
        if self.has_header:
            frame = frame.filter(pl.col(ROW) > 0).with_columns(pl.col(ROW) - 1)
        fields = pl.col("line").str.split_exact(DOUBLE_COLON, len(self.columns) - 1)
        return frame.select(ROW, fields.struct.rename_fields(self.columns).alias("line")).unnest("line")


def recognise(path: Path) -> LogSource:
    """Finds out the format, the separator and the columns of a log from its head.

    Raises:
        LogError: The file can't be read, is empty, or is in no format that is known.
    """
    head = _read_head(path)
    if head.startswith(PARQUET_MAGIC):
        return LogSource(path, LogFormat.PARQUET, "", has_header=True, columns=_parquet_columns(path))
    for magic, what in OTHER_MAGIC.items():
        if head.startswith(magic):
            raise LogError(f"{path} is {what}, which isn't read: {ACCEPTED}. Unpack or convert it first.")
    lines = [line for line in _decode(path, head).splitlines() if line.strip()]
    if not lines:
        raise LogError(f"{path} is empty: it holds no row to read.")
    if lines[0].lstrip().startswith("{"):
        return LogSource(path, LogFormat.JSON_LINES, "", has_header=True, columns=_json_columns(path, lines))
    return _separated(path, lines[0])


def open_text(path: Path) -> BufferedIOBase:
    """Opens a text log as bytes, unpacked where it is gzip."""
    with path.open("rb") as stream:
        packed = stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    return gzip.open(path) if packed else path.open("rb")


def _read_head(path: Path) -> bytes:
    try:
        with open_text(path) as stream:
            return stream.read(HEAD_BYTES)
    except FileNotFoundError:
        names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        close = difflib.get_close_matches(path.name, names, n=3)
        hint = f" Close to it are: {', '.join(close)}." if close else ""
        raise LogError(f"There is no file {path}.{hint}") from None
    except IsADirectoryError:
        raise LogError(f"{path} is a folder; give one file: {ACCEPTED}.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise LogError(f"{path} starts like gzip but can't be unpacked ({error}); fetch it again.") from None
    except OSError as error:
        raise LogError(f"{path} can't be read: {error.strerror or error}.") from None


def _decode(path: Path, head: bytes) -> str:
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError as error:
        raise LogError(f"{path} is not UTF-8 text at byte {error.start}: {ACCEPTED}. Convert it first.") from None
    if "\0" in text:
        raise LogError(f"{path} is binary in a format that isn't known: {ACCEPTED}.")
    return text


def _parquet_columns(path: Path) -> tuple[str, ...]:
    try:
        return tuple(pl.read_parquet_schema(path))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise LogError(f"{path} starts like Parquet but can't be read ({error}); fetch or write it again.") from None


def _json_columns(path: Path, lines: Sequence[str]) -> tuple[str, ...]:
    # The last line of the head may be cut.
    names: dict[str, None] = {}
    for number, line in enumerate(lines[:-1] or lines, start=1):
        try:
            names |= dict.fromkeys(json.loads(line))
        except (ValueError, TypeError):
            raise LogError(f"{path}, row {number} is not a JSON object: {line[:80]!r}. {ACCEPTED}.") from None
    return tuple(names)


def _separated(path: Path, first: str) -> LogSource:
    separator = max(SEPARATORS, key=lambda candidate: len(_fields(first, candidate)))
    if first.count(DOUBLE_COLON) >= FEWEST_COLUMNS - 1:
        separator = DOUBLE_COLON
    fields = _fields(first, separator)
    if len(fields) < FEWEST_COLUMNS:
        raise LogError(
            f"The format of {path} isn't known: its first line {first[:80]!r} has no separator between at least "
            f"{FEWEST_COLUMNS} columns (user, item, time); {ACCEPTED}."
        )
    has_header = not any(_is_value(field) for field in fields)
    columns = fields if has_header else [str(number) for number in range(1, len(fields) + 1)]
    if len(set(columns)) < len(columns):
        raise LogError(f"{path} has two columns of one name: {', '.join(columns)}. Rename one.")
    kind = LogFormat.DOUBLE_COLON if separator == DOUBLE_COLON else LogFormat.SEPARATED
    return LogSource(path, kind, separator, has_header, tuple(columns))


def _fields(line: str, separator: str) -> list[str]:
    if separator == DOUBLE_COLON:
        return [field.strip() for field in line.split(separator)]
    if separator == "\t":
        return [field.strip() for field in line.split(separator)]
    return [field.strip() for field in next(csv.reader([line], delimiter=separator))]


def _is_value(field: str) -> bool:
    """Whether a field of the first line is a number or a date, which no column is called."""
    if re.match(r"\d{4}-\d{2}-\d{2}", field):
        return True
    try:
        float(field)
    except ValueError:
        return False
    return True

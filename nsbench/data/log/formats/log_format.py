"""Recognises what kind of file an interaction log is, and reads its columns.

By content rather than by name: people rename files, and a `.dat` may be anything. How each format is read stands in a
module of its own; what the columns mean is decided in `nsbench.data.log.columns.column`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from pathlib import Path

import polars as pl
import pyarrow as pa

from nsbench.data.log.columns.column_name import are_names
from nsbench.data.log.formats.double_colon import DOUBLE_COLON, read_double_colon
from nsbench.data.log.formats.first_line import check_first_line, two_column_hint
from nsbench.data.log.formats.frame_rows import FRAME, read_frame
from nsbench.data.log.formats.json_lines import json_names, read_json_lines
from nsbench.data.log.formats.other_format import ACCEPTED, check_format
from nsbench.data.log.formats.parquet_rows import parquet_names, read_parquet
from nsbench.data.log.formats.quoting import LETTERS, Quoting, find_quoting, records
from nsbench.data.log.formats.separated import read_lines, read_records
from nsbench.data.log.formats.separator import FEWEST_COLUMNS, FEWEST_WITHOUT_TIME, find_separator, is_value, split_line
from nsbench.data.log.formats.text_file import (
    LARGEST_LINE,
    LONE_RETURN,
    RETURN_BETWEEN_OBJECTS,
    byte_lines,
    check_regular,
    is_packed,
    open_bytes,
    open_lines,
    unpacking,
)
from nsbench.errors import LogError
from nsbench.suggestion import did_you_mean

ROW = "__row"
"""Column with the number of the row within the file, from 0."""

HEAD_BYTES = 1 << 16
HEAD_LINES = 20
JSON_HEAD_ROWS = 100
SHOWN = 80
"""Characters of a file that a message shows."""

PARQUET_MAGIC = b"PAR1"


class LogFormat(StrEnum):
    """How the rows of a log are written."""

    SEPARATED = "separated"
    """Text with one character between fields: CSV, TSV."""
    DOUBLE_COLON = "double-colon"
    """Text with `::` between fields, as MovieLens' ratings.dat."""
    JSON_LINES = "json-lines"
    PARQUET = "parquet"
    FRAME = "frame"
    """No file: a DataFrame in memory."""


@dataclass(frozen=True)
class LogFile:
    """A recognised log file, or a DataFrame in its place.

    Attributes:
        path: The file.
        format: How its rows are written.
        separator: What stands between fields; empty for JSON lines and Parquet.
        has_header: Whether the first line names the columns; formats that name columns themselves count as True.
        columns: The columns' names in order; "1", "2", ... where there is no header.
        quoting: How quotes are read where a line is not always a row; None: every line is one.
        table: The rows of a DataFrame; None for a file.
        choose: Gives the frames of the log with some of its rows, by the same arguments as `frames`; None: all rows.
    """

    path: Path
    format: LogFormat
    separator: str
    has_header: bool
    columns: tuple[str, ...]
    quoting: Quoting | None = None
    table: pa.Table | None = None
    choose: "Callable[[LogFile, Mapping[str, str]], Iterator[pl.DataFrame]] | None" = None

    @classmethod
    def of_frame(cls, table: pa.Table) -> "LogFile":
        """A log that is a DataFrame, as `table_of` gives its columns."""
        return cls(FRAME, LogFormat.FRAME, "", has_header=True, columns=tuple(table.column_names), table=table)

    def frames(self, roles: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        """Reads columns of the log, a stretch of rows at a time.

        Args:
            roles: The columns to read, by what they are to be called.

        Yields:
            Frames with `ROW` and the roles, in the file's order; text formats give strings only, Parquet its own types.

        Raises:
            LogError: The file can't be read to its end, or a line is no row.
            LinesAreNotRows: A separated file must be read with `with_quoting`; what came before is worth nothing.
        """
        if self.choose is not None:
            return self.choose(replace(self, choose=None), roles)
        wanted = list(dict.fromkeys(roles.values()))
        places = [self.columns.index(name) for name in wanted]
        match self.format:
            case LogFormat.FRAME:
                frames = read_frame(self.table, wanted)
            case LogFormat.PARQUET:
                frames = read_parquet(self.path, wanted)
            case LogFormat.JSON_LINES:
                frames = read_json_lines(self.path, wanted)
            case LogFormat.DOUBLE_COLON:
                frames = read_double_colon(self.path, len(self.columns), places)
            case LogFormat.SEPARATED if self.quoting is None:
                frames = read_lines(self.path, self.separator, len(self.columns), places)
            case LogFormat.SEPARATED:
                frames = read_records(self.path, self.separator, self.quoting, len(self.columns), places)
        return self._numbered(frames, [wanted.index(name) for name in roles.values()], list(roles))

    def head(self, roles: Mapping[str, str], n_rows: int) -> pl.DataFrame:
        """The first rows, as `frames` gives them; fewer where the first stretch has fewer.

        Raises:
            LogError: There is no row.
        """
        first = next(self.frames(roles), None)
        if first is None:
            raise LogError(f"{self.path} is empty: it has columns but no row.")
        return first.head(n_rows)

    def with_quoting(self) -> "LogFile":
        """The file with quotes read in the way that leaves no line at fault.

        Raises:
            LogError: There is no such way; the first line at fault is named.
        """
        return replace(self, quoting=find_quoting(self.path, self.separator, len(self.columns)))

    def line_of(self, row: int) -> str:
        """Where a row stands, for messages.

        Args:
            row: Number of the row, from 0.

        Returns:
            The line of a text file, the row of another, both counted from 1.
        """
        if self.format in {LogFormat.PARQUET, LogFormat.FRAME}:
            return f"row {row + 1:,}"
        nth = row + (self.has_header and self.format != LogFormat.JSON_LINES)
        if self.format == LogFormat.SEPARATED:
            lines = (record.line for record in records(self.path, self.separator, self.quoting or LETTERS))
        else:
            within = RETURN_BETWEEN_OBJECTS if self.format == LogFormat.JSON_LINES else LONE_RETURN
            lines = (number for number, _ in byte_lines(self.path, within))
        return f"line {next(islice(lines, nth, None)):,}"

    def _numbered(
        self, frames: Iterator[pl.DataFrame], places: Sequence[int], names: Sequence[str]
    ) -> Iterator[pl.DataFrame]:
        has_header = self.has_header and self.format in {LogFormat.SEPARATED, LogFormat.DOUBLE_COLON}
        n_rows = 0
        for frame in frames:
            rows = frame.slice(1) if has_header else frame
            has_header = has_header and not len(frame)
            columns = rows.get_columns()
            yield pl.DataFrame(
                [columns[place].alias(name) for place, name in zip(places, names, strict=True)]
            ).with_row_index(ROW, n_rows)
            n_rows += len(rows)


def recognise(path: Path, *, has_time: bool = True) -> LogFile:
    """Finds out the format, the separator and the columns of a log from its head.

    Args:
        path: The log.
        has_time: Whether it has a column of times; without, two columns are enough.

    Raises:
        LogError: The file can't be read, is empty, or is in no format that is known.
    """
    head = _read_head(path)
    if head.startswith(PARQUET_MAGIC):
        if is_packed(path):
            raise LogError(f"{path} is a Parquet file within gzip: unpack it first, as with gunzip.")
        return _with_distinct(LogFile(path, LogFormat.PARQUET, "", has_header=True, columns=parquet_names(path)))
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    check_format(path, head, start)
    if start.startswith(b"{"):
        return LogFile(path, LogFormat.JSON_LINES, "", has_header=True, columns=json_names(path, JSON_HEAD_ROWS))
    return _with_distinct(_separated(path, _first_lines(path), has_time=has_time))


def _read_head(path: Path) -> bytes:
    try:
        check_regular(path)
        with unpacking(path), open_bytes(path) as stream:
            return stream.read(HEAD_BYTES)
    except FileNotFoundError:
        names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise LogError(f"There is no file {path}{did_you_mean(path.name, names)}.") from None
    except IsADirectoryError:
        raise LogError(f"{path} is a folder; give one file: {ACCEPTED}.") from None


def _first_lines(path: Path) -> list[str]:
    lines: list[str] = []
    with open_lines(path) as stream:
        while len(lines) < HEAD_LINES and (line := stream.readline(LARGEST_LINE)):
            if len(line) == LARGEST_LINE:
                raise LogError(f"{path} has a line of more than {LARGEST_LINE >> 20} MiB, which no row is: {ACCEPTED}.")
            if line.strip():
                lines.append(line.rstrip("\r\n"))
    if not lines:
        raise LogError(f"{path} is empty: it holds no row to read.")
    return lines


def _separated(path: Path, lines: Sequence[str], *, has_time: bool) -> LogFile:
    fewest = FEWEST_COLUMNS if has_time else FEWEST_WITHOUT_TIME
    check_first_line(path, lines, fewest)
    separator = find_separator(lines, fewest)
    fields = split_line(lines[0], separator)
    if len(fields) < fewest:
        roles = "user, item, time" if has_time else "user, item"
        raise LogError(
            f"The format of {path} isn't known: its first line {lines[0][:SHOWN]!r} has no separator between at least "
            f"{fewest} columns ({roles}); {ACCEPTED}.{two_column_hint(lines) if has_time else ''}"
        )
    has_header = not any(is_value(field) for field in fields) or are_names(fields, has_time=has_time)
    names = fields if has_header else [str(number) for number in range(1, len(fields) + 1)]
    # R and pandas leave the name of the rows' own names empty.
    columns = [name or f"column {number}" for number, name in enumerate(names, start=1)]
    kind = LogFormat.DOUBLE_COLON if separator == DOUBLE_COLON else LogFormat.SEPARATED
    return LogFile(path, kind, separator, has_header, tuple(columns))


def _with_distinct(log: LogFile) -> LogFile:
    """Refuses two columns of one name, of which nobody could say which is meant."""
    twice = next((name for name in log.columns if log.columns.count(name) > 1), None)
    if twice is not None:
        raise LogError(f"{log.path} has two columns of one name: {twice[:SHOWN]!r}. Rename one.")
    return log

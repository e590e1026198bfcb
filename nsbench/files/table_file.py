"""A table that a user gives beside the log: CSV, TSV, JSON lines or Parquet, read in batches with its columns by name.

Logs have readers of their own (`nsbench.data.log.formats`), which find out what a file means; here a header names the columns.
Texts stay as they are written.
"""

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Literal, final

import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet

from nsbench.errors import LogError

BATCH_ROWS = 1 << 16
_BLOCK_BYTES = 64 << 20
"""Text is read in pieces of this size; no row may be longer."""

_FORMATS: dict[str, Literal["csv", "jsonl", "parquet"]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}

ACCEPTED = "accepted are .csv, .tsv, .jsonl (each also with .gz) and .parquet"


def format_of(path: Path) -> Literal["csv", "jsonl", "parquet"]:
    """The format that a file's name says.

    Raises:
        LogError: It says none.

    >>> format_of(Path("a.csv.gz")), format_of(Path("b.parquet"))
    ('csv', 'parquet')
    """
    suffix = Path(path.stem).suffix if path.suffix == ".gz" else path.suffix
    if suffix.lower() not in _FORMATS:
        raise LogError(f"{path}: the name doesn't say what it is; {ACCEPTED}")
    return _FORMATS[suffix.lower()]


@final
@dataclass(frozen=True)
class TableFile:
    """A table in a file.

    Attributes:
        path: The file.
        names: Its columns.
    """

    path: Path
    names: tuple[str, ...]

    @classmethod
    def open(cls, path: Path) -> "TableFile":
        """Reads the names of the columns.

        Raises:
            LogError: The file is missing, can't be read, or has no columns.
        """
        kind = format_of(path)
        with _readable(path):
            if kind == "parquet":
                names: Sequence[str] = parquet.read_schema(path).names
            else:
                with _opened(path) as file:
                    names = _csv_names(file) if kind == "csv" else list(_object(path, 1, file.readline()))
        if not names or len(set(names)) < len(names):
            raise LogError(f"{path} must begin with the names of its columns, each once; it begins with {list(names)}")
        return cls(path, tuple(names))

    def frames(self, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        """The rows in batches, in the file's order.

        Args:
            wanted: Columns, which the file has.

        Yields:
            Frames of these columns; of text formats they are strings, or lists of strings where JSON has lists.

        Raises:
            LogError: The file can't be read to its end.
        """
        kind = format_of(self.path)
        with _readable(self.path):
            if kind == "parquet":
                with parquet.ParquetFile(self.path) as opened:
                    for batch in opened.iter_batches(BATCH_ROWS, columns=list(wanted)):
                        yield pl.DataFrame(pa.Table.from_batches([batch])).select(wanted)
            elif kind == "csv":
                yield from self._csv_frames(wanted)
            else:
                yield from self._json_frames(wanted)

    def _csv_frames(self, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        with _opened(self.path) as file:
            separator = _separator(file.readline())
        reader = arrow_csv.open_csv(
            self.path,
            arrow_csv.ReadOptions(block_size=_BLOCK_BYTES),
            arrow_csv.ParseOptions(delimiter=separator, newlines_in_values=True),
            arrow_csv.ConvertOptions(
                column_types={name: pa.string() for name in wanted},
                include_columns=list(wanted),
                strings_can_be_null=False,
            ),
        )
        for batch in reader:
            frame = pl.DataFrame(pa.Table.from_batches([batch]))
            yield from frame.iter_slices(BATCH_ROWS)

    def _json_frames(self, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        with _opened(self.path) as file:
            numbered = ((number, line) for number, line in enumerate(file, 1) if line.strip())
            while rows := list(islice(numbered, BATCH_ROWS)):
                objects = [_object(self.path, number, line) for number, line in rows]
                columns = {name: [_text(found.get(name)) for found in objects] for name in wanted}
                numbers = [number for number, _ in rows]
                yield pl.DataFrame([self._series(name, values, numbers) for name, values in columns.items()])

    def _series(self, name: str, values: Sequence[object], lines: Sequence[int]) -> pl.Series:
        if not any(isinstance(value, list) for value in values):
            return pl.Series(name, values, dtype=pl.String)
        for line, value in zip(lines, values, strict=True):
            # Polars would take a text among lists for a list of its letters.
            if isinstance(value, str) or (isinstance(value, list) and any(isinstance(part, list) for part in value)):
                what = "a text, and other lines have lists there" if isinstance(value, str) else "lists within a list"
                raise LogError(f"{self.path}, line {line}: {name!r} holds {what}; give a list of ids on every line")
        return pl.Series(name, [value or [] for value in values], dtype=pl.List(pl.String))


def one_per_row(column: pl.Series, path: Path) -> pl.Series:
    """A column as it is.

    Raises:
        LogError: It holds lists or objects, not one value per row.
    """
    if column.dtype.is_nested():
        raise LogError(
            f"{path}: column {column.name!r} holds {column.dtype}, and one value per row is expected; histories as lists are "
            "in a column called items"
        )
    return column


def _text(value: object) -> object:
    """A value of JSON as text; None for what is missing or not a number, lists as lists of these."""
    if isinstance(value, list):
        return [_text(part) for part in value]
    if value is None or value != value:  # noqa: PLR0124 - Only not-a-number differs from itself.
        return None
    return value if isinstance(value, str) else json.dumps(value)


def _object(path: Path, number: int, line: bytes) -> dict[str, object]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LogError(f"{path}, line {number}: it is no JSON ({error}); each line is an object of its own") from None
    if not isinstance(found, dict):
        raise LogError(f"{path}, line {number}: a {type(found).__name__}, where each line is an object with names")
    return found


def _csv_names(file: IO[bytes]) -> list[str]:
    line = file.readline()
    text = line.decode("utf-8-sig").rstrip("\r\n")
    return next(csv.reader([text], delimiter=_separator(line)), [])


def _separator(line: bytes) -> str:
    counts = {sign: line.count(sign.encode()) for sign in (",", "\t", ";")}
    return max(counts, key=lambda sign: counts[sign])


def _opened(path: Path) -> IO[bytes]:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise LogError(f"can't read {path}: {error.strerror or error}") from error
    except (pa.ArrowException, pl.exceptions.PolarsError, UnicodeDecodeError, EOFError) as error:
        raise LogError(f"can't read {path}: {str(error).partition(chr(10))[0]}") from error

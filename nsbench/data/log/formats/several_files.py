"""Several files that are one log: their rows one after the other, in the order of the files.

Files of one log have the same columns; where they are the parts of a split, the columns that all of them have are read. A column
that has another type in one file than in another is read as text in all, as it would be in text files.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import polars as pl

from nsbench.data.log.formats.excerpt import listing
from nsbench.data.log.formats.log import ROW
from nsbench.data.log.formats.log_format import LogFile, LogFormat
from nsbench.data.log.formats.separated import LinesAreNotRows
from nsbench.errors import LogError

MOST_NAMED = 3
"""Files that a message names."""


@final
@dataclass(frozen=True)
class SeveralFiles:
    """Files, or DataFrames in their place, as one log.

    Attributes:
        files: Each recognised, in order.
        columns: Those that are read.
    """

    files: tuple[LogFile, ...]
    columns: tuple[str, ...]

    @classmethod
    def of_one_log(cls, files: Sequence[LogFile]) -> "SeveralFiles":
        """Files that hold one log in pieces.

        Raises:
            LogError: Two have different columns.
        """
        first = files[0]
        for other in files[1:]:
            if other.has_header != first.has_header or set(other.columns) != set(first.columns):
                raise LogError(
                    f"{first.path} and {other.path} have different columns: {_columns(first)}, and {_columns(other)}. Files of "
                    "one log have the same ones: name them alike, or prepare them apart."
                )
        return cls(tuple(files), first.columns)

    @classmethod
    def of_parts(cls, files: Sequence[LogFile]) -> "SeveralFiles":
        """Files that are the parts of a split.

        Raises:
            LogError: One has a header and another has none, or they have no column in common.
        """
        first = files[0]
        for other in files[1:]:
            if other.has_header != first.has_header:
                raise LogError(
                    f"{first.path} and {other.path} have different columns: {_columns(first)}, and {_columns(other)}. Put the "
                    "same header above both."
                )
        common = tuple(name for name in first.columns if all(name in other.columns for other in files[1:]))
        if not common:
            other = next(file for file in files[1:] if not set(file.columns) & set(first.columns))
            raise LogError(
                f"{first.path} and {other.path} have no column in common: {_columns(first)}, and {_columns(other)}. Name the "
                "columns of users, items and times alike in all files."
            )
        return cls(tuple(files), common)

    @property
    def path(self) -> Path:
        """The files, or the first ones of them."""
        shown = ", ".join(str(file.path) for file in self.files[:MOST_NAMED])
        more = len(self.files) - MOST_NAMED
        return Path(f"{shown} and {more:,} more" if more > 0 else shown)

    @property
    def has_header(self) -> bool:
        """Whether they name their columns."""
        return self.files[0].has_header

    @property
    def header_is_line(self) -> bool:
        """Whether the first one's names could be a row."""
        return self.files[0].header_is_line

    def frames(self, roles: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        """The rows of all files."""
        return (frame for _, frame in self.frames_by_file(roles))

    def frames_by_file(self, roles: Mapping[str, str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """The rows of all files, numbered on from one to the next."""
        texts = self._texts(roles)
        n_before = 0
        for number, file in enumerate(self.files):
            n_rows = 0
            for frame in file.frames(roles):
                n_rows += len(frame)
                row = (pl.col(ROW).cast(pl.Int64) + n_before).cast(pl.UInt32)
                yield number, frame.with_columns(row, pl.col(texts).cast(pl.String))
            n_before += n_rows

    def head(self, roles: Mapping[str, str], n_rows: int) -> pl.DataFrame:
        """The first rows of the first file that has one."""
        for frame in self.frames(roles):
            if len(frame):
                return frame.head(n_rows)
        raise LogError(f"{self.path} are empty: they have columns but no row.")

    def with_quoting(self) -> "SeveralFiles":
        """The files with quotes read as each one's lines ask for."""
        return replace(self, files=tuple(map(_quoted, self.files)))

    def line_of(self, row: int) -> str:
        """Where a row stands, and in which file."""
        for file in self.files:
            n_rows = sum(map(len, file.frames({"0": self.columns[0]})))
            if row < n_rows:
                return f"{file.line_of(row)} of {file.path}"
            row -= n_rows
        raise AssertionError(row)

    def _texts(self, roles: Mapping[str, str]) -> list[str]:
        """The roles whose columns have different types in different files."""
        if all(file.format not in {LogFormat.PARQUET, LogFormat.FRAME} for file in self.files):
            return []
        kinds: dict[str, set[pl.DataType]] = {role: set() for role in roles}
        for file in self.files:
            first = next(file.frames(roles), None)
            if first is not None:
                for role in roles:
                    kinds[role].add(first.schema[role])
        return [role for role, found in kinds.items() if len(found) > 1]


def _quoted(file: LogFile) -> LogFile:
    if file.format != LogFormat.SEPARATED:
        return file
    try:
        for _ in file.frames({"0": file.columns[0]}):
            pass
    except LinesAreNotRows:
        return file.with_quoting()
    return file


def _columns(file: LogFile) -> str:
    return listing(file.columns) if file.has_header else f"no header and {len(file.columns)} columns"

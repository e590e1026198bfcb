"""What is read of a log, whether it is one file, several, or a DataFrame: columns by name, a stretch of rows at a time."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import polars as pl

ROW = "__row"
"""Column with the number of the row within the log, from 0."""


class Log(Protocol):
    """A recognised log."""

    @property
    def path(self) -> Path:
        """What messages call it."""

    @property
    def has_header(self) -> bool:
        """Whether it names its columns; else they are called "1", "2", ..."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names in order."""

    @property
    def header_is_line(self) -> bool:
        """Whether the names stand in a line that could be a row."""

    def frames(self, roles: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        """Reads columns, a stretch of rows at a time.

        Args:
            roles: The columns to read, by what they are to be called.

        Yields:
            Frames with `ROW` and the roles, in the log's order; text formats give strings only, Parquet its own types.

        Raises:
            LogError: It can't be read to its end, or a line is no row.
            LinesAreNotRows: It must be read with `with_quoting`; what came before is worth nothing.
        """

    def frames_by_file(self, roles: Mapping[str, str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """As `frames`, each with the number of its file, from 0."""

    def head(self, roles: Mapping[str, str], n_rows: int) -> pl.DataFrame:
        """The first rows, as `frames` gives them; fewer where the first stretch has fewer.

        Raises:
            LogError: There is no row.
        """

    def with_quoting(self) -> "Log":
        """The log with quotes read in the way that leaves no line at fault.

        Raises:
            LogError: There is no such way; the first line at fault is named.
        """

    def line_of(self, row: int) -> str:
        """Where a row stands, for messages: the line of a text file, the row of another, both counted from 1.

        Args:
            row: Number of the row, from 0.
        """

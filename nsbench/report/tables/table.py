"""What the report's tables are made of: a DataFrame of values, and how each of its columns is written.

Values become text only when a file is written, so that numbers stay numbers in Python. The other files of this folder decide
what a table shows.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
import pandas as pd


class Rank(Enum):
    """How a cell compares with the others of its column."""

    BEST = 1
    SECOND = 2
    OTHER = 3


@dataclass(frozen=True)
class Cell:
    """A cell as it is shown."""

    text: str
    rank: Rank = Rank.OTHER


@dataclass(frozen=True)
class ColumnStyle:
    """How a column is written.

    Attributes:
        text: Gives a cell's text; it knows the type that the column's values have.
        is_words: Whether the column holds words, set to the left, and not numbers, set to the right.
        ranks: One per row; empty: no cell is marked.
    """

    text: Callable[..., str] = str
    is_words: bool = False
    ranks: tuple[Rank, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column before it becomes part of a table."""

    name: str
    values: Sequence[object]
    style: ColumnStyle


def words(name: str, values: Sequence[str]) -> Column:
    """A column of words."""
    return Column(name, values, ColumnStyle(is_words=True))


def numbers(name: str, values: Sequence[object], text: Callable[..., str] = str, ranks: Sequence[Rank] = ()) -> Column:
    """A column of numbers, or of records of numbers such as intervals.

    Args:
        name: Its heading, unlike that of any other column of the table.
        values: One per row.
        text: How a value is written.
        ranks: Which values are marked; empty: none.
    """
    return Column(name, values, ColumnStyle(text, ranks=tuple(ranks)))


# Comparing two frames gives a frame and not a bool, so tables are compared by identity.
@dataclass(frozen=True, eq=False)
class ReportTable:
    """A table with a title.

    Attributes:
        title: Stands above it.
        frame: Its values: shares in [0, 1] where the text says percent, and whole records such as an `Estimate` or an
            `Interval` where a cell shows more than one number.
        styles: How each column is written, by name.
        note: Sentences that stand below it; empty: none.
    """

    title: str
    frame: pd.DataFrame
    styles: Mapping[str, ColumnStyle]
    note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self.frame.columns)

    @cached_property
    def texts(self) -> pd.DataFrame:
        """The table as it is shown, without the ranks."""
        texts = {name: [style.text(value) for value in self.frame[name]] for name, style in self.styles.items()}
        # Not pandas' own type for text: it fails on a label that holds half a surrogate pair.
        return pd.DataFrame(texts, dtype=object)

    @cached_property
    def rows(self) -> tuple[tuple[Cell, ...], ...]:
        """The table as it is shown, row by row."""
        columns = [
            [Cell(text, rank) for text, rank in zip(self.texts[name], self._ranks(name), strict=True)]
            for name in self.columns
        ]
        return tuple(zip(*columns, strict=True))

    def _ranks(self, name: str) -> Sequence[Rank]:
        return self.styles[name].ranks or [Rank.OTHER] * len(self.frame)


def table_of(title: str, columns: Sequence[Column], note: str = "") -> ReportTable:
    """A table of some columns, all of the same length."""
    frame = pd.DataFrame({column.name: _series(column.values) for column in columns})
    return ReportTable(title, frame, {column.name: column.style for column in columns}, note)


def ranks_of(values: Sequence[float]) -> list[Rank]:
    """The best and second best of some values, larger being better; equal values share a rank.

    >>> [rank.name for rank in ranks_of([2.0, 3.0, 3.0, 1.0, float("nan")])]
    ['SECOND', 'BEST', 'BEST', 'OTHER', 'OTHER']
    """
    ordered = sorted({value for value in values if not np.isnan(value)}, reverse=True)
    places = dict(zip(ordered, (Rank.BEST, Rank.SECOND), strict=False))
    # A single row is neither best nor second best: there is nothing to compare it with.
    return [places.get(value, Rank.OTHER) if len(values) > 1 else Rank.OTHER for value in values]


def _series(values: Sequence[object]) -> pd.Series:
    # By default None becomes NaN and the whole numbers beside it 2.0 and 3.0; and texts get the type that `texts` avoids.
    is_kept = any(value is None or isinstance(value, str) for value in values)
    return pd.Series(list(values), dtype=object if is_kept else None)

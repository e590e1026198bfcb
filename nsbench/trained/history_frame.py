"""Histories in a DataFrame, read as those in a file are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import polars as pl

from nsbench.data.item_label import ItemLabels
from nsbench.trained.history_table import HistoryBatch, HistoryTable


@final
@dataclass(frozen=True)
class _Frame:
    """A DataFrame as `HistoryTable` reads it."""

    frame: pl.DataFrame
    path: Path = Path("the DataFrame")

    @property
    def names(self) -> Sequence[str]:
        return self.frame.columns

    def frames(self, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
        yield self.frame.select(wanted)


def histories_in(frame: pl.DataFrame, items: ItemLabels) -> Iterator[HistoryBatch]:
    """The histories in a DataFrame of one row per interaction or per history, in its order.

    Raises:
        LogError: It has no columns of histories, an id is missing, or a time can't be read.
    """
    yield from HistoryTable(_Frame(frame), items).batches()

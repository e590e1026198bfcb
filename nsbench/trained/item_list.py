"""A list of items that a user gives: a text file of an id per line, or a table with a column of items."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.item_label import ItemLabels
from nsbench.data.log.columns.column_name import ITEM_NAMES, plain_name
from nsbench.errors import LogError
from nsbench.files.given_file import read_given
from nsbench.files.table_file import TableFile, one_per_row

_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class ItemList:
    """Items of a list.

    Attributes:
        numbers: int32, their numbers, each once.
        n_given: Ids in the list.
        n_unknown: Those that are no item of the model.
    """

    numbers: NDArray[np.int32]
    n_given: int
    n_unknown: int


def read_item_list(path: Path, items: ItemLabels) -> ItemList:
    """Reads a list of items.

    Args:
        path: A .txt file of an id per line, or CSV, TSV, JSON lines or Parquet with a column such as `item`; where a table has
            one column, it is taken.
        items: The model's items.

    Raises:
        LogError: The file can't be read, or an id is missing.
    """
    if path.suffix == ".txt":
        text = read_given(path, "the list of items", _MOST_BYTES).decode("utf-8-sig", errors="replace")
        ids = pl.Series([line for line in text.splitlines() if line.strip()], dtype=pl.String)
    else:
        file = TableFile.open(path)
        names = {plain_name(name): name for name in reversed(file.names)}
        column = next((names[name] for name in (*ITEM_NAMES, "id") if name in names), None)
        if column is None and len(file.names) == 1:
            column = file.names[0]
        if column is None:
            raise LogError(
                f"{path} has the columns {', '.join(file.names)}; a list of items needs one called item or id"
            )
        parts = [one_per_row(frame[column], path) for frame in file.frames([column])]
        ids = pl.concat(parts) if parts else pl.Series([], dtype=pl.String)
    texts = items.texts(ids)
    if texts.null_count():
        raise LogError(
            f"{path}: an item id is missing in row {int(texts.is_null().arg_true()[0]) + 1:,}; leave the row out"
        )
    numbers = items.numbers(texts)
    return ItemList(np.unique(numbers[numbers > 0]), len(numbers), int(np.count_nonzero(numbers == 0)))

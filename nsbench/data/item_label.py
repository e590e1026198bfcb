"""Items' labels as they are looked up: ids that a file or a command gives are compared as the log's labels were read."""

from typing import final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.log.columns.label import POINT_ZERO
from nsbench.data.log.columns.missing import clean


def label_texts(ids: pl.Series, *, are_numbers: bool) -> pl.Series:
    """Labels as text, without surrounding blanks; null where one is missing: null, not a number, or a word for either.

    Args:
        ids: Of any type.
        are_numbers: Whether the log's labels are whole numbers, so that 7.0 is 7.

    >>> label_texts(pl.Series([" a ", "nan", "7.0"]), are_numbers=False).to_list()
    ['a', None, '7.0']
    >>> label_texts(pl.Series([7.0, float("nan")]), are_numbers=True).to_list()
    ['7', None]
    """
    cleaned = pl.select(clean(ids.dtype, pl.lit(ids))).to_series().cast(pl.String)
    return cleaned.str.replace(POINT_ZERO, "${1}") if are_numbers else cleaned


@final
class ItemLabels:
    """The labels of the items 1..n_items, and what else people know them by.

    Args:
        labels: Entry i - 1 is item i's.
        titles: In the same order, null where an item has none; None: no item has one.
    """

    def __init__(self, labels: pl.Series, titles: pl.Series | None = None) -> None:
        self.labels = labels
        self.titles = titles
        self._are_numbers = labels.dtype.is_integer()
        texts = labels.cast(pl.String).alias("text")
        self._ids = pl.DataFrame([texts, pl.Series("id", np.arange(1, len(labels) + 1, dtype=np.int32))])

    def __len__(self) -> int:
        return len(self.labels)

    def texts(self, ids: pl.Series) -> pl.Series:
        """Given ids as the labels are written; null where one is missing."""
        return label_texts(ids, are_numbers=self._are_numbers)

    def numbers(self, texts: pl.Series) -> NDArray[np.int32]:
        """The items' numbers; 0 where no item has the label.

        Args:
            texts: As `texts` gives them.
        """
        asked = texts.alias("text").to_frame()
        found = asked.join(self._ids, on="text", how="left", maintain_order="left")["id"]
        return found.fill_null(0).to_numpy()

    def known_texts(self) -> list[str]:
        """Every label as text, in the order of the items."""
        return self._ids["text"].to_list()

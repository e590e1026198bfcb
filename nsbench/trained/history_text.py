"""Histories that are written as text, ids between commas; what is none is refused, and not read as something else."""

from pathlib import Path

import polars as pl

from nsbench.data.item_label import ItemLabels
from nsbench.errors import LogError
from nsbench.files.yaml_text import shortened

FORMS = (
    "accepted are one row per interaction (columns such as user, item and, where there is one, timestamp) or one row per history "
    "(user or id, and items: a list, or ids between commas)"
)


def split_ids(text: str) -> list[str]:
    """The ids of a history that is written in a line; none where the line is blank.

    >>> split_ids("7, 12"), split_ids(" ")
    (['7', '12'], [])
    """
    return [part.strip() for part in text.split(",")] if text.strip() else []


def as_lists(column: pl.Series, path: Path) -> pl.Series:
    """Histories as lists; of text, what stands between commas."""
    if isinstance(column.dtype, pl.Array):
        column = column.arr.to_list()
    if isinstance(column.dtype, pl.List) and not column.dtype.inner.is_nested():
        return column
    if column.dtype != pl.String:
        raise LogError(f"{path}: column {column.name!r} holds {column.dtype}, no histories; {FORMS}")
    blank = column.str.strip_chars() == ""
    return pl.select(pl.when(~pl.lit(blank)).then(pl.lit(column).str.split(","))).to_series()


def check_no_printed_list(texts: pl.Series, items: ItemLabels, where: str, n_before: int | None = None) -> None:
    """Checks that no history is written as programs print lists, [7, 12]: its ends would pass for unknown ids, [7 and 12].

    Args:
        texts: Histories.
        items: The model's items; where an id of theirs begins with a bracket, anything is accepted.
        where: What the message begins with.
        n_before: Rows of the table before these; None: they are of no table.

    Raises:
        LogError: One is.
    """
    are_printed = texts.str.contains(r"(?s)^\s*\[.*\]\s*$").fill_null(value=False)
    if are_printed.any() and not items.labels.cast(pl.String).str.starts_with("[").any():
        row = int(are_printed.arg_true()[0])
        of_row = "" if n_before is None else f" of row {n_before + row + 1:,}"
        raise LogError(
            f"{where}{of_row} is written as a list is printed, {shortened(texts[row])!r}; write the ids between "
            "commas without brackets and quotes, or as lists in JSON lines or Parquet"
        )

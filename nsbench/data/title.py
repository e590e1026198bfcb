"""What people call the items: titles that a file gives, kept beside a dataset's labels. Nothing is trained on them."""

import logging
from pathlib import Path

import polars as pl

from nsbench.data.item_label import ItemLabels
from nsbench.data.log.columns.column_name import ITEM_NAMES, plain_name
from nsbench.errors import LogError
from nsbench.files.table_file import TableFile, one_per_row

TITLE_NAMES = ("title", "name", "itemname", "itemtitle", "productname", "movietitle", "description")

_log = logging.getLogger(__name__)


def titles_of(path: Path, labels: pl.Series) -> pl.Series:
    """The titles of items, from a table with a column of items and one of titles.

    The columns go by their names, or by their places where there are two. Of an item that comes twice the first title is
    taken. The log says how many rows are of no item, and how many items have no title.

    Args:
        path: CSV, TSV, JSON lines or Parquet.
        labels: Of the items, in order.

    Returns:
        Column `title`, in the same order; null where an item has none.

    Raises:
        LogError: The file can't be read, or no row of it is of an item.
    """
    file = TableFile.open(path)
    item, title = _columns(file)
    items = ItemLabels(labels)
    numbers: list[pl.DataFrame] = []
    for frame in file.frames([item, title]):
        own = pl.Series("id", items.numbers(items.texts(one_per_row(frame[item], path))))
        numbers.append(pl.DataFrame([own, label_title(one_per_row(frame[title], path))]))
    found = (
        pl.concat(numbers)
        if numbers
        else pl.DataFrame({"id": [], "title": []}, schema={"id": pl.Int32, "title": pl.String})
    )
    known = found.filter(pl.col("id") > 0, pl.col("title").is_not_null()).unique("id", keep="first")
    if known.is_empty():
        raise LogError(
            f"{path}: none of its {len(found):,} rows is of an item of the log, whose items are called such as "
            f"{', '.join(map(str, labels.head(3)))}; its columns were taken to be {item!r} (items) and {title!r} (titles)"
        )
    n_unknown = int((found["id"] == 0).sum())
    if n_unknown or len(known) < len(labels):
        _log.warning(
            "%s: %s of %s rows are of no item of the log; %s of %s items have no title",
            path,
            *(f"{n:,}" for n in (n_unknown, len(found), len(labels) - len(known), len(labels))),
        )
    every = pl.DataFrame({"id": range(1, len(labels) + 1)}, schema={"id": pl.Int32})
    return every.join(known, on="id", how="left", maintain_order="left")["title"]


def label_title(titles: pl.Series) -> pl.Series:
    """Titles as text; null where one is missing or blank."""
    texts = titles.cast(pl.String).str.strip_chars()
    return pl.select(pl.when(pl.lit(texts) != "").then(pl.lit(texts)).alias("title")).to_series()


def _columns(file: TableFile) -> tuple[str, str]:
    by_name = {plain_name(name): name for name in reversed(file.names)}
    item = next((by_name[name] for name in (*ITEM_NAMES, "id") if name in by_name), None)
    title = next((by_name[name] for name in TITLE_NAMES if name in by_name), None)
    if (item is None or title is None) and len(file.names) == 2:
        item, title = file.names
    if item is None or title is None:
        raise LogError(
            f"{file.path} has the columns {', '.join(file.names)}; a file of titles needs one of items, such as item_id, and one "
            "called title or name"
        )
    return item, title

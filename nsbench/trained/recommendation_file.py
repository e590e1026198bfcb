"""Recommendations as a table, in memory or in a file that is written whole or not at all, batch by batch."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from pyarrow import parquet

from nsbench.data.item_label import ItemLabels
from nsbench.errors import LogError, StorageError
from nsbench.files.disk import check_place, is_full, storage_error, write_atomically
from nsbench.files.table_file import format_of
from nsbench.trained.recommender import Recommendations


def recommendation_frame(keys: pl.Series, found: Recommendations, items: ItemLabels) -> pl.DataFrame:
    """One row per recommended item.

    Returns:
        The keys' column, then `rank` (from 1), `item`, `title` where items have some, `score` (null where no model gave it), and
        `fallback`, whether nothing of the history was known.
    """
    n, k = found.items.shape
    there = found.items.ravel() > 0
    rows, ranks = np.repeat(np.arange(n), k)[there], np.tile(np.arange(1, k + 1, dtype=np.int32), n)[there]
    places = found.items.ravel()[there] - 1
    scores = pl.Series("score", found.scores.ravel()[there]).fill_nan(None)
    columns = [keys.gather(rows), pl.Series("rank", ranks), items.labels.gather(places).alias("item")]
    if items.titles is not None:
        columns.append(items.titles.gather(places).alias("title"))
    return pl.DataFrame([*columns, scores, pl.Series("fallback", found.is_fallback[rows])])


def write_frames(path: Path, what: str, frames: Iterable[pl.DataFrame]) -> int:
    """Writes frames of one schema as Parquet, CSV or JSON lines, as the file's name says; gives the number of rows.

    Where a frame can't be made, the file that was there stays, or there is none.

    Args:
        path: The file.
        what: What it is, such as "the recommendations".
        frames: What is in it.

    Raises:
        LogError: There are no frames, so that not even the columns are known.
        StorageError: The disk is full or can't be written.
    """
    write_text = _write_tsv if path.suffix.lower() == ".tsv" else _write_csv
    writing = {"parquet": _write_parquet, "csv": write_text, "jsonl": _write_json_lines}[check_table_place(path, what)]
    return _written(path, what, frames, writing)


def check_table_place(path: Path, what: str) -> str:
    """Checks that a table can be written before the work that ends in it is done, and gives the format that its name says.

    Raises:
        LogError: The name says no format that is written.
        StorageError: The place can't be written.
    """
    if path.suffix == ".gz":
        raise LogError(f"{path}: packed files are not written; give a name that ends in .parquet, .csv or .jsonl")
    kind = format_of(path)
    check_place(what, path)
    return kind


def _written(
    path: Path, what: str, frames: Iterable[pl.DataFrame], write: Callable[[Path, Iterator[pl.DataFrame]], None]
) -> int:
    n_rows = 0

    def counted() -> Iterator[pl.DataFrame]:
        nonlocal n_rows
        for frame in frames:
            n_rows += len(frame)
            yield frame
        if not n_rows:
            raise LogError(f"{path}: there is nothing to write as {what}")

    try:
        write_atomically(path, lambda partial: write(partial, counted()))
    except (StorageError, LogError):
        raise
    except Exception as error:  # Arrow's and polars' errors among them.
        if not isinstance(error, OSError) and not is_full(error):
            raise
        raise storage_error(what, path, error) from error
    return n_rows


def _write_parquet(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    writer: parquet.ParquetWriter | None = None
    try:
        for frame in frames:
            table = frame.to_arrow()
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _write_csv(path: Path, frames: Iterator[pl.DataFrame], separator: str = ",") -> None:
    with path.open("wb") as file:
        for number, frame in enumerate(frames):
            frame.write_csv(file, include_header=number == 0, separator=separator)


def _write_tsv(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    _write_csv(path, frames, "\t")


def _write_json_lines(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    with path.open("wb") as file:
        for frame in frames:
            frame.write_ndjson(file)

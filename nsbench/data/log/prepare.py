"""From a log, or a frame of interactions, to a stored dataset: stage, order, filter, cut, number, write.

Every log goes this one way, a synthetic one too. Memory holds the labels and a chunk; the interactions stay on disk.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl

from nsbench.data.dataset import DatasetCard, Popularity
from nsbench.data.log.beside.item_dates import check_dates
from nsbench.data.log.beside.kept import NOTHING, Beside
from nsbench.data.log.beside.negative_writer import WrittenLog
from nsbench.data.log.columns.timestamp import MICROSECONDS, Clock
from nsbench.data.log.cut.find_cut import find_cut
from nsbench.data.log.cut.own_parts import OwnParts, check_overlap
from nsbench.data.log.cut.row_order import RowOrder
from nsbench.data.log.cut.time_leak import time_leak_in
from nsbench.data.log.dataset_writer import content_hash, write_arrays, write_labels
from nsbench.data.log.filter_count import FilterCount, counts_text
from nsbench.data.log.filtering import check_size, filter_table
from nsbench.data.log.ingest import LogReader, StagedLog, stage_log
from nsbench.data.log.option_check import check_options
from nsbench.data.log.option_value import NO_TIME, PartName, seen_items_by
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.log.staging import SAMPLE_ROWS, Staged, stage
from nsbench.data.log.table import build_table, whole_tick
from nsbench.data.origin import LogOrigin, Origin, readable_name
from nsbench.data.popularity import popularity_of
from nsbench.data.store import ITEMS
from nsbench.data.store_writing import save_dataset, writing_folder
from nsbench.data.title import titles_of
from nsbench.errors import LogError
from nsbench.files.home import Home

STAGED = "staged.arrow"

FRAME_ROWS = 1 << 20
"""Rows of a frame that are staged at a time."""

logger = logging.getLogger(__name__)


def prepare_log(  # noqa: PLR0913 - What is read, what is made of it, and where it goes.
    path: Path,
    read: ReadOptions,
    options: PrepareOptions,
    name: str,
    home: Home,
    *,
    replace: bool = False,
    origin: Origin | None = None,
    reader: LogReader = stage_log,
    parts: tuple[PartName, ...] = (),
    titles: Path | None = None,
    available: str | None = None,
) -> DatasetCard:
    """Prepares a log file as dataset `name`.

    Args:
        path: CSV, TSV, `::`-separated, JSON lines or Parquet; text ones may be gzipped.
        read: How the file is read.
        options: What is kept, and how it is cut.
        name: The dataset's name.
        home: Where datasets are.
        replace: Whether a dataset of this name and other content is replaced.
        origin: Where the file comes from, for the card; None: its name is all that is known.
        reader: What reads the file.
        parts: What the files are that the reader reads, where the log comes cut; empty: it is cut here.
        titles: A table of titles of the items, as `nsbench.data.title` reads it.
        available: A table of items and the dates from when until when they are available, or FIRST_SEEN.

    Raises:
        LogError: The log, the titles or the dates can't be read, or the log holds nothing to learn from.
        DatasetError: The name isn't accepted or is taken, or the home can't be written.
        SettingsError: Options that make no sense together or for this log.
    """
    check_options(read, options, parts)
    check_dates(available, is_order=read.is_order)
    with writing_folder(name, home) as folder:
        logger.info("reading %s", path)
        log = reader(path, read, folder / STAGED)
        own = OwnParts.of(parts, log.file_rows) if parts else None
        origin = origin or LogOrigin(file=readable_name(path.name))
        start = _Start(origin, name, _read_options(log, read), log.filters, log.clock, own)
        card = _prepare_staged(log.staged, options, start, Beside(log.negatives, available))
        if titles is not None:
            _write_titles(folder / ITEMS, titles)
        save_dataset(folder, card, home, replace=replace)
    return card


def prepare_frame(
    frame: pl.LazyFrame, options: PrepareOptions, origin: Origin, name: str, home: Home, *, replace: bool = False
) -> DatasetCard:
    """Prepares a frame of interactions as dataset `name`.

    Args:
        frame: Columns `user` and `item` of any type without nulls, and `time`, int64 unix seconds; the order of rows
            orders equal times.
        options: What is kept, and how it is cut.
        origin: Where the frame comes from, for the card.
        name: The dataset's name.
        home: Where datasets are.
        replace: Whether a dataset of this name and other content is replaced.

    Raises:
        LogError: The frame holds nothing to learn from.
        DatasetError: The name isn't accepted or is taken, or the home can't be written.
    """
    with writing_folder(name, home) as folder:
        n_nulls = frame.select(pl.col("user", "item", "time").null_count()).collect(engine="streaming").row(0)
        if any(n_nulls):
            raise LogError(f"{origin.text}: {n_nulls} values of user, item and time are missing; none may be.")
        timestamp_us = pl.col("time").cast(pl.Int64) * MICROSECONDS
        n_rows = frame.select(pl.len()).collect(engine="streaming").item()
        rows = frame.with_row_index("row").select("user", "item", timestamp_us.alias("timestamp_us"), "row")

        def parts() -> Iterator[pl.LazyFrame]:
            for start in range(0, n_rows, FRAME_ROWS):
                yield rows.slice(start, FRAME_ROWS)

        sample = frame.select("user", "item").head(SAMPLE_ROWS).collect()
        staged = stage(parts, sample, folder / STAGED, clean=lambda _, column: column)
        card = _prepare_staged(staged, options, _Start(origin, name, {}))
        save_dataset(folder, card, home, replace=replace)
    return card


@dataclass(frozen=True)
class _Start:
    """What is known of a dataset before its rows are filtered."""

    origin: Origin
    name: str
    read_options: dict[str, str | int | float | bool | None]
    filters: tuple[FilterCount, ...] = ()
    """What was left out on the way to the staged file."""
    clock: Clock | None = None
    """How the log writes its times; None where that is unknown."""
    parts: OwnParts | None = None
    """Its files, where they are the parts."""

    def card_options(self, options: PrepareOptions) -> dict[str, str | int | float | bool | None]:
        """How the dataset was made, as its card says it."""
        names = () if self.parts is None else self.parts.names
        return self.read_options | options.on_card(of_own_files=bool(names), has_valid="valid" in names)

    @property
    def has_no_times(self) -> bool:
        """Whether nothing says when files that are the parts were: their rows are numbered one file after the other."""
        return self.parts is not None and self.read_options.get("time_column") == NO_TIME

    @property
    def is_order(self) -> bool:
        """Whether nothing but the order of the rows is known of their times."""
        return self.read_options.get("time_unit") == "order"


def _read_options(log: StagedLog, read: ReadOptions) -> dict[str, str | int | float | bool | None]:
    """How the log was read, in words that read it so again."""
    columns = {f"{role}_column": column for role, column in log.columns}
    if log.columns.time is None:
        columns["time_column"] = NO_TIME
    elif log.columns.time == NO_TIME:
        columns["time_column"] = read.columns.time  # A column called so was given by its place.
    return {**columns, **read.as_given(), "time_unit": "order" if read.is_order else read.time_unit}


def _prepare_staged(staged: Staged, options: PrepareOptions, start: _Start, beside: Beside = NOTHING) -> DatasetCard:
    """Writes arrays and label maps into the staged file's folder, removes everything else, and gives the card."""
    folder = staged.path.parent
    logger.info("ordering")
    order = RowOrder(options.ties, options.tie_seed, () if start.parts is None else start.parts.starts)
    table, labels = build_table(staged, folder, order)
    staged.path.unlink()
    check_size(table, start.filters)
    if start.is_order:
        table = replace(table, tick=whole_tick(table))
    if start.parts is not None:
        check_overlap(table, order, start.parts, options.duplicates)
    kept = filter_table(table, options)
    table, left_out, filters = kept.table, kept.left_out, (*start.filters, *kept.filters)
    check_size(table, filters)
    logger.info("splitting")
    try:
        cut = find_cut(table, options, start.parts, start.clock)
    except LogError as error:
        raise LogError(f"{error}{counts_text(filters)}") from None
    written = write_arrays(table, cut, folder)
    write_labels(folder, labels, written, kept.session_users)
    written_log = WrittenLog.of(folder, table.tick, options.session_gap_s, written.counts)
    del table, kept
    for path in folder.glob("table-*.npy"):
        path.unlink()
    kept_beside = beside.write(written_log)
    seen_items = seen_items_by(options.seen_items, written.repeat_share)
    return DatasetCard(
        name=start.name,
        content_hash=content_hash(folder, seen_items),
        origin=start.origin,
        options={**start.card_options(options), **kept_beside.options},
        repeat_share=written.repeat_share,
        seen_items=seen_items,
        popularity=_popularity_in(folder),
        left_out=left_out,
        time_leak=None if cut.in_time or start.has_no_times else time_leak_in(folder),
        explicit_negatives=kept_beside.explicit_negatives,
        availability=kept_beside.availability,
        **written.counts,  # type: ignore[arg-type]
    )


def _write_titles(items: Path, titles: Path) -> None:
    labels = pl.read_parquet(items, glob=False)
    labels.with_columns(titles_of(titles, labels["label"])).write_parquet(items)


def _popularity_in(folder: Path) -> Popularity:
    """How popularity spreads over the items whose arrays have just been written to a folder."""
    n_training = np.load(folder / "train_end.npy") - np.load(folder / "offsets.npy")[:-1]
    return popularity_of(
        np.load(folder / "train_counts.npy"),
        np.load(folder / "train_user_counts.npy"),
        n_train_users=int(np.count_nonzero(n_training)),
    )

"""From a log, or a frame of interactions, to a stored dataset: stage, order, filter, cut, number, write.

Every log goes this one way, a synthetic one too. Memory holds the labels and a chunk; the interactions stay on disk.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.dataset import DatasetCard, Popularity
from nsbench.data.log.beside.item_dates import check_dates
from nsbench.data.log.beside.kept import NOTHING, Beside
from nsbench.data.log.beside.negative_writer import WrittenLog
from nsbench.data.log.columns.timestamp import MICROSECONDS
from nsbench.data.log.dataset_writer import WrittenArrays, content_hash, write_arrays
from nsbench.data.log.filter_count import FilterCount, counts_text
from nsbench.data.log.filtering import check_size, filter_table
from nsbench.data.log.ingest import LogReader, StagedLog, stage_log
from nsbench.data.log.option_value import NO_TIME, seen_items_by
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.log.split import count_cut_ties, find_boundaries
from nsbench.data.log.staging import SAMPLE_ROWS, Staged, stage
from nsbench.data.log.table import Labels, build_table, whole_tick
from nsbench.data.origin import FrameOrigin, LogOrigin, Origin
from nsbench.data.popularity import popularity_of
from nsbench.data.store import ITEMS, USERS
from nsbench.data.store_writing import save_dataset, writing_folder
from nsbench.data.title import titles_of
from nsbench.errors import LogError, SettingsError
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
    origin: LogOrigin | FrameOrigin | None = None,
    reader: LogReader = stage_log,
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
        titles: A table of titles of the items, as `nsbench.data.title` reads it.
        available: A table of items and the dates from when until when they are available, or FIRST_SEEN.

    Raises:
        LogError: The log, the titles or the dates can't be read, or the log holds nothing to learn from.
        DatasetError: The name isn't accepted or is taken, or the home can't be written.
        SettingsError: An option needs times where only the order is known.
    """
    _check_order(read, options)
    check_dates(available, is_order=read.is_order)
    with writing_folder(name, home) as folder:
        logger.info("reading %s", path)
        log = reader(path, read, folder / STAGED)
        start = _Start(origin or LogOrigin(file=_readable(path.name)), name, _read_options(log, read), log.filters)
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


def _readable(name: str) -> str:
    """A file's name as text: one that is no UTF-8 couldn't be stored."""
    return os.fsencode(name).decode(errors="replace")


@dataclass(frozen=True)
class _Start:
    """What is known of a dataset before its rows are filtered."""

    origin: Origin
    name: str
    read_options: dict[str, str | int | float | bool | None]
    filters: tuple[FilterCount, ...] = ()
    """What was left out on the way to the staged file."""

    @property
    def is_order(self) -> bool:
        """Whether nothing but the order of the rows is known of their times."""
        return self.read_options.get("time_unit") == "order"


def _check_order(read: ReadOptions, options: PrepareOptions) -> None:
    """Refuses what needs times, or rows that share one, where there are none."""
    if not read.is_order:
        return
    without_times = read.columns.time == NO_TIME
    said = f"--time-column {NO_TIME}" if without_times else "--time-unit order"
    if options.session_gap_s is not None:
        raise SettingsError(
            f"--session-gap cuts sessions by time, and with {said} only the order of the rows is known, no time. Leave "
            "--session-gap out, or name a column of times with --time-column."
        )
    if without_times and options.duplicates == "drop":
        raise SettingsError(
            f"--duplicates drop leaves out rows that share user, item and time with another, and with {said} no two rows share "
            "a time: nothing would be left out. Use --drop-immediate-repeats or --drop-repeats, or leave it out."
        )


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
    table, labels = build_table(staged, folder)
    staged.path.unlink()
    check_size(table, start.filters)
    if start.is_order:
        table = replace(table, tick=whole_tick(table))
    kept = filter_table(table, options)
    table, left_out, filters = kept.table, kept.left_out, (*start.filters, *kept.filters)
    check_size(table, filters)
    logger.info("splitting")
    try:
        boundaries = find_boundaries(table, options.split_by, options.valid_share, options.test_share)
    except LogError as error:
        raise LogError(f"{error}{counts_text(filters)}") from None
    written = write_arrays(table, boundaries, folder)
    n_ties_cut = count_cut_ties(table, boundaries)
    _write_labels(folder, labels, written, kept.session_users)
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
        options=start.read_options | options.model_dump() | kept_beside.options,
        n_ties_cut=n_ties_cut,
        repeat_share=written.repeat_share,
        seen_items=seen_items,
        popularity=_popularity_in(folder),
        left_out=left_out,
        explicit_negatives=kept_beside.explicit_negatives,
        availability=kept_beside.availability,
        **written.counts,  # type: ignore[arg-type]
    )


def _write_labels(
    folder: Path, labels: Labels, written: WrittenArrays, session_users: NDArray[np.int32] | None
) -> None:
    labels.items.gather(written.items).alias("label").to_frame().write_parquet(folder / ITEMS)
    if session_users is None:
        users = labels.users.gather(written.users).alias("label").to_frame()
    else:
        first_session = np.searchsorted(session_users, session_users)[written.users]
        users = labels.users.gather(session_users[written.users]).alias("label").to_frame()
        users = users.with_columns(pl.Series("visit", written.users - first_session + 1))
    users.write_parquet(folder / USERS)


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

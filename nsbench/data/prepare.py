"""From a log, or a frame of interactions, to a stored dataset: stage, order, filter, cut, number, write.

Every log goes this one way, a synthetic one too. Memory holds the labels and a chunk; the interactions stay on disk.
"""

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from nsbench.data.assembly import Assembly, content_hash, write_arrays
from nsbench.data.choice import Duplicates, Repeats, SeenItemsRule, SplitRule
from nsbench.data.dataset import DatasetCard, LeftOut, Popularity
from nsbench.data.filter import cut_visits, drop_rare, drop_repeats, duplicates_of
from nsbench.data.ingest import ReadOptions, stage_log
from nsbench.data.popularity import popularity_of
from nsbench.data.split import count_cut_ties, find_boundaries
from nsbench.data.staging import SAMPLE_ROWS, Staged, stage
from nsbench.data.store import ITEMS, USERS
from nsbench.data.store_writing import save_dataset, writing_folder
from nsbench.data.table import Labels, Table, build_table
from nsbench.data.timestamp import MICROSECONDS
from nsbench.errors import LogError
from nsbench.home import Home

SEEN_ITEMS_REPEAT_SHARE = 0.01
"""Seen items leave the ranking by themselves where fewer interactions than this repeat an item."""

DUPLICATES_REFUSED_SHARE = 0.01

STAGED = "staged.arrow"

FRAME_ROWS = 1 << 20
"""Rows of a frame that are staged at a time."""

logger = logging.getLogger(__name__)


class PrepareOptions(BaseModel):
    """Which interactions of a log make the dataset, and how it is cut in time."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    session_gap_s: int | None = Field(default=None, ge=1, le=10**11)
    """Cut each user's interactions into visits after a gap longer than this many seconds; a visit becomes the user."""
    repeats: Repeats = "keep"
    duplicates: Duplicates = "auto"
    min_user_interactions: int = Field(default=1, ge=1)
    min_item_interactions: int = Field(default=1, ge=1)
    split_by: SplitRule = "timestamp"
    valid_share: float = Field(default=0.05, gt=0, lt=1)
    test_share: float = Field(default=0.05, gt=0, lt=1)
    seen_items: SeenItemsRule = "auto"

    @model_validator(mode="after")
    def _leave_training(self) -> "PrepareOptions":
        if self.valid_share + self.test_share >= 1:
            raise ValueError("valid_share and test_share leave nothing to train on: their sum must be below 1")
        return self


def prepare_log(
    path: Path, read: ReadOptions, options: PrepareOptions, name: str, home: Home, *, replace: bool = False
) -> DatasetCard:
    """Prepares a log file as dataset `name`.

    Args:
        path: CSV, TSV, `::`-separated, JSON lines or Parquet; text ones may be gzipped.
        read: How the file is read.
        options: What is kept, and how it is cut.
        name: The dataset's name.
        home: Where datasets are.
        replace: Whether a dataset of this name and other content is replaced.

    Raises:
        LogError: The log can't be read or holds nothing to learn from.
        DatasetError: The name isn't accepted or is taken, or the home can't be written.
    """
    with writing_folder(name, home) as folder:
        logger.info("reading %s", path)
        columns, staged = stage_log(path, read, folder / STAGED)
        read_as = {f"{role}_column": column for role, column in columns}
        taken = read.model_dump(exclude={"columns"}) | {"events": ",".join(read.events) or None}
        card = _prepare_staged(staged, options, _Origin(_readable(path.name), name, {**read_as, **taken}))
        save_dataset(folder, card, home, replace=replace)
    return card


def prepare_frame(
    frame: pl.LazyFrame, options: PrepareOptions, source: str, name: str, home: Home, *, replace: bool = False
) -> DatasetCard:
    """Prepares a frame of interactions as dataset `name`.

    Args:
        frame: Columns `user` and `item` of any type without nulls, and `time`, int64 unix seconds; the order of rows
            orders equal times.
        options: What is kept, and how it is cut.
        source: Where the frame comes from, for the card.
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
            raise LogError(f"{source}: {n_nulls} values of user, item and time are missing; none may be.")
        moment = pl.col("time").cast(pl.Int64) * MICROSECONDS
        n_rows = frame.select(pl.len()).collect(engine="streaming").item()
        rows = frame.with_row_index("row").select("user", "item", moment.alias("moment"), "row")

        def parts() -> Iterator[pl.LazyFrame]:
            for start in range(0, n_rows, FRAME_ROWS):
                yield rows.slice(start, FRAME_ROWS)

        sample = frame.select("user", "item").head(SAMPLE_ROWS).collect()
        staged = stage(parts, sample, folder / STAGED, clean=lambda _, column: column)
        card = _prepare_staged(staged, options, _Origin(source, name, {}))
        save_dataset(folder, card, home, replace=replace)
    return card


def _readable(name: str) -> str:
    """A file's name as text: one that is no UTF-8 couldn't be stored."""
    return os.fsencode(name).decode(errors="replace")


@dataclass(frozen=True)
class _Origin:
    """What a card says about where its dataset comes from."""

    source: str
    name: str
    read_options: dict[str, str | int | float | bool | None]


def _prepare_staged(staged: Staged, options: PrepareOptions, origin: _Origin) -> DatasetCard:
    """Writes arrays and label maps into the staged file's folder, removes everything else, and gives the card."""
    folder = staged.path.parent
    logger.info("ordering")
    table, labels = build_table(staged, folder)
    staged.path.unlink()
    _check_size(table, "The log")
    n_rows = len(table)
    table, visitors, left_out = _filter(table, options)
    if len(table) < n_rows:
        _check_size(table, "After the filters, the log")
    logger.info("splitting")
    boundaries = find_boundaries(table, options.split_by, options.valid_share, options.test_share)
    assembly = write_arrays(table, boundaries, folder)
    n_ties_cut = count_cut_ties(table, boundaries)
    _write_labels(folder, labels, assembly, visitors)
    del table
    for path in folder.glob("table-*.npy"):
        path.unlink()
    seen_items = options.seen_items
    if seen_items == "auto":
        seen_items = "exclude" if assembly.repeat_share < SEEN_ITEMS_REPEAT_SHARE else "keep"
    return DatasetCard(
        name=origin.name,
        content_hash=content_hash(folder, seen_items),
        source=origin.source,
        options=origin.read_options | options.model_dump(),
        n_ties_cut=n_ties_cut,
        repeat_share=assembly.repeat_share,
        seen_items=seen_items,
        popularity=_popularity_in(folder),
        left_out=left_out,
        **assembly.counts,  # type: ignore[arg-type]
    )


def _filter(table: Table, options: PrepareOptions) -> tuple[Table, NDArray[np.int32] | None, LeftOut]:
    """The kept rows, the user code of each visit where visits are the users, and what was left out."""
    visitors = None
    if options.session_gap_s is not None:
        table, visitors = cut_visits(table, options.session_gap_s)
    n_rows = len(table)
    table = drop_repeats(table, options.repeats)
    n_repeats = n_rows - len(table)
    n_rows = len(table)
    if options.duplicates == "drop":
        kept = table
        table = kept.keep(lambda chunk: ~duplicates_of(kept, chunk))
    elif options.duplicates == "auto":
        _check_duplicates(table)
    n_duplicates = n_rows - len(table)
    table, rare = drop_rare(table, options.min_user_interactions, options.min_item_interactions)
    counts = {"n_repeats": n_repeats, "n_duplicates": n_duplicates}
    left_out = LeftOut(**counts, n_of_rare_users=rare.of_users, n_of_rare_items=rare.of_items)
    return table, visitors, left_out


def _check_duplicates(table: Table) -> None:
    rows = [table.row[chunk][duplicates_of(table, chunk)] for chunk in table.chunks()]
    duplicates = np.concatenate([np.empty(0, dtype=np.uint32), *rows])
    if not len(duplicates):
        return
    what = f"{len(duplicates):,} rows have the user, item and time of an earlier row; the first is row {duplicates.min() + 1:,}"
    if len(duplicates) >= DUPLICATES_REFUSED_SHARE * len(table):
        raise LogError(f"{what}. Leave them out with --duplicates drop, or keep them with --duplicates keep.")
    logger.warning("%s; they are kept (--duplicates drop leaves them out)", what)


def _check_size(table: Table, what: str) -> None:
    if not len(table):
        raise LogError(f"{what} holds no interaction. Use a longer log or weaker filters.")
    n_users = n_items = 0
    items = np.zeros(table.n_items, dtype=bool)
    for chunk in table.chunks():
        n_users += 1 + int(np.count_nonzero(np.diff(table.user[chunk])))
        items[table.item[chunk]] = True
    n_items = int(items.sum())
    if n_users < 2 or n_items < 2:
        raise LogError(
            f"{what} holds {n_users:,} user{'s' * (n_users != 1)} and {n_items:,} item{'s' * (n_items != 1)} in "
            f"{len(table):,} interactions; at least 2 users and 2 items are needed. Are the columns the right ones?"
        )


def _write_labels(folder: Path, labels: Labels, assembly: Assembly, visitors: NDArray[np.int32] | None) -> None:
    labels.items.gather(assembly.items).alias("label").to_frame().write_parquet(folder / ITEMS)
    if visitors is None:
        users = labels.users.gather(assembly.users).alias("label").to_frame()
    else:
        first_visit = np.searchsorted(visitors, visitors)[assembly.users]
        users = labels.users.gather(visitors[assembly.users]).alias("label").to_frame()
        users = users.with_columns(pl.Series("visit", assembly.users - first_visit + 1))
    users.write_parquet(folder / USERS)


def _popularity_in(folder: Path) -> Popularity:
    """How popularity spreads over the items whose arrays have just been written to a folder."""
    n_training = np.load(folder / "train_end.npy") - np.load(folder / "offsets.npy")[:-1]
    return popularity_of(
        np.load(folder / "train_counts.npy"),
        np.load(folder / "train_user_counts.npy"),
        n_train_users=int(np.count_nonzero(n_training)),
    )

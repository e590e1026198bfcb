"""Histories of a dataset's own users: to recommend to all of them, or to evaluate elsewhere what was recommended."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.dataset import Dataset, Histories
from nsbench.data.item_label import ItemLabels
from nsbench.data.store import load_dataset, read_items, read_user_labels
from nsbench.errors import DatasetError, SettingsError
from nsbench.evaluation.targets.target import EvaluatedSplit, TargetMode, targets_of
from nsbench.files.home import Home
from nsbench.tensors.index_range import ranges
from nsbench.trained.card import ModelCard
from nsbench.trained.history_table import BATCH, HistoryBatch

Users = Literal["all", "test"]
"""Which users: all, or those with a test interaction."""


def dataset_of(card: ModelCard, name: str | None, home: Home) -> Dataset:
    """The dataset that a model was trained on.

    Args:
        card: The model's.
        name: Another name that the dataset has here; None: the model's.
        home: Where datasets are.

    Raises:
        DatasetError: There is none of that name.
        SettingsError: It has another content.
    """
    dataset = load_dataset(name or card.dataset, home)
    if dataset.card.content_hash != card.dataset_hash:
        raise SettingsError(
            f"the model was trained on {card.dataset} with hash {card.dataset_hash}, and the dataset {dataset.card.name} has "
            f"hash {dataset.card.content_hash}: its users and items are others; give the dataset that the model was "
            "trained on, or histories as a file (--histories), whose items are found by their ids"
        )
    return dataset


def user_batches(dataset: Dataset, users: Users, home: Home) -> Iterator[HistoryBatch]:
    """The whole histories of users, by the log's labels, in the dataset's order; sessions are called USER/1, USER/2, ..."""
    labels = user_keys(dataset, home)
    chosen = np.arange(dataset.n_users)
    if users == "test":
        chosen = np.flatnonzero(np.asarray(dataset.valid_end) < np.asarray(dataset.offsets[1:]))
    for first in range(0, len(chosen), BATCH):
        part = chosen[first : first + BATCH]
        start, end = dataset.offsets[part], dataset.offsets[part + 1]
        flat = np.asarray(dataset.item_ids[ranges(start, end - start)])
        ends = np.cumsum(end - start)
        yield HistoryBatch(labels[part], Histories(flat, ends - (end - start), ends), len(flat), 0)


def user_keys(dataset: Dataset, home: Home) -> pl.Series:
    """What each user is called: the log's label; of a session, with its number behind a slash."""
    frame = read_user_labels(dataset.card.name, home)
    if len(frame) != dataset.n_users:
        raise DatasetError(f"the dataset {dataset.card.name} was replaced while it was read; give the command again")
    if "visit" not in frame.columns:
        return frame["label"].alias("user")
    return frame.select(pl.format("{}/{}", "label", "visit").alias("user"))["user"]


def target_frames(dataset: Dataset, split: EvaluatedSplit, mode: TargetMode, home: Home) -> Iterator[pl.DataFrame]:
    """The histories that a split's targets are predicted from, as an evaluation asks them, one row per target.

    Yields:
        Frames with the columns `id` (numbers from 0, in the evaluation's order), `user` and `items` (the log's labels; the items
        oldest first), and `target` (what came next).

    Raises:
        DatasetError: The split holds no target.
    """
    targets = targets_of(dataset, split, mode)
    users, items = user_keys(dataset, home), read_items(dataset.card.name, home)
    for first in range(0, len(targets), BATCH):
        part = slice(first, first + BATCH)
        own = targets.history_of[part]
        start, lengths = targets.histories.start[own], (targets.histories.end - targets.histories.start)[own]
        ids = pl.Series("id", np.arange(first, first + len(own)))
        history = _lists(items, np.asarray(targets.histories.item_ids[ranges(start, lengths)]), lengths)
        target = items.labels.gather(targets.items[part] - 1).alias("target")
        yield pl.DataFrame([ids, users.gather(targets.users[part]).alias("user"), history, target])


def _lists(items: ItemLabels, numbers: NDArray[np.int32], lengths: NDArray[np.int64]) -> pl.Series:
    """The labels of some histories as lists; each has an item at least."""
    labels = items.labels.gather(numbers - 1).alias("items")
    rows = pl.Series("row", np.repeat(np.arange(len(lengths)), lengths))
    return pl.DataFrame([rows, labels]).group_by("row", maintain_order=True).agg("items")["items"]

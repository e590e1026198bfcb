"""From a filtered and split table to a Dataset's arrays, written to their files chunk by chunk, and its counts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nsbench.data.log.cut.part_start import Cut
from nsbench.data.log.filter import repeats_of
from nsbench.data.log.parallel import map_in_order
from nsbench.data.log.table import CHUNK_ROWS, Labels, Table
from nsbench.data.store import ITEMS, USERS

HASHED = ("item_ids", "timestamps", "offsets", "train_end", "valid_end")
"""The arrays that fix a dataset; the counts follow from them."""

HASHED_WHERE_KEPT = (
    "negative_item_ids",
    "negative_timestamps",
    "negative_offsets",
    "available_from",
    "available_until",
)
"""Those that some datasets have beside them."""


@dataclass(frozen=True)
class WrittenArrays:
    """What was written, beside the files.

    Attributes:
        users: int64[n_users], the table's user code of each user.
        items: int64[n_items], the table's item code of the items 1..n_items.
        counts: The card's counts and times by field name.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int64]
    counts: dict[str, int]
    repeat_share: float


@dataclass(frozen=True)
class _Census:
    """What one pass counts.

    Attributes:
        users: int64[3, n_user_codes], each user's interactions in all, before validation and before test.
        train_items: int64[n_item_codes], each item's training interactions.
        in_log: bool[n_item_codes], whether an item has any interaction.
        in_test: bool[n_item_codes], whether an item has an interaction in test.
        times: Timestamps of the first and last interaction, and of the first ones of validation and test.
    """

    users: NDArray[np.int64]
    train_items: NDArray[np.int64]
    in_log: NDArray[np.bool_]
    in_test: NDArray[np.bool_]
    times: dict[str, int]


def write_arrays(table: Table, cut: Cut, folder: Path) -> WrittenArrays:
    """Writes item_ids, timestamps, offsets, train_end, valid_end, train_counts and train_user_counts as .npy files.

    Users without an interaction left are left out; the others keep their order. Items are numbered from 1 by falling
    number of training interactions, ties in the order of their codes.
    """
    census = _count(table, cut)
    lengths, until_valid, until_test = census.users
    users = np.flatnonzero(lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths[users])])
    items = np.flatnonzero(census.in_log)
    items = items[np.argsort(-census.train_items[items], kind="stable")]
    item_of_code = np.zeros(table.n_items, dtype=np.int32)
    item_of_code[items] = np.arange(1, len(items) + 1)
    train_counts = np.concatenate([[0], census.train_items[items]])

    train_user_counts, ties, n_repeats = _write_interactions(table, cut, folder, item_of_code, len(items))
    for name, array in (
        ("offsets", offsets),
        ("train_end", offsets[:-1] + until_valid[users]),
        ("valid_end", offsets[:-1] + until_test[users]),
        ("train_counts", train_counts),
        ("train_user_counts", train_user_counts),
    ):
        np.save(folder / f"{name}.npy", array)
    counts = {
        "n_users": len(users),
        "n_items": len(items),
        "n_interactions": len(table),
        "n_train": int(until_valid.sum()),
        "n_valid": int((until_test - until_valid).sum()),
        "n_test": int((lengths - until_test).sum()),
        "n_ties": ties[0],
        "n_tied_test": ties[1],
        "n_ties_cut": cut.n_ties_cut,
        "n_new_test_users": int(np.count_nonzero((lengths > until_test) & (until_valid == 0))),
        "n_cold_items": int(np.count_nonzero(train_counts[1:] == 0)),
        "n_cold_test_items": int(np.count_nonzero(census.in_test & (census.train_items == 0))),
        **census.times,
    }
    return WrittenArrays(users, items, counts, n_repeats / len(table))


def write_labels(folder: Path, labels: Labels, written: WrittenArrays, session_users: NDArray[np.int32] | None) -> None:
    """Writes the label maps of what `write_arrays` wrote.

    Args:
        folder: Where the arrays are.
        labels: What the table's codes stand for.
        written: Which of them are in the arrays.
        session_users: int32[n_sessions], the user code of each session where sessions are the users.
    """
    labels.items.gather(written.items).alias("label").to_frame().write_parquet(folder / ITEMS)
    if session_users is None:
        users = labels.users.gather(written.users).alias("label").to_frame()
    else:
        first_session = np.searchsorted(session_users, session_users)[written.users]
        users = labels.users.gather(session_users[written.users]).alias("label").to_frame()
        users = users.with_columns(pl.Series("visit", written.users - first_session + 1))
    users.write_parquet(folder / USERS)


def content_hash(folder: Path, seen_items: str) -> str:
    """Hash of the stored arrays and of whether seen items leave the ranking: all that training and ranking depend on."""
    digest = hashlib.blake2b(seen_items.encode(), digest_size=16)
    beside = [name for name in HASHED_WHERE_KEPT if (folder / f"{name}.npy").is_file()]
    for name in (*HASHED, *beside):
        array = np.load(folder / f"{name}.npy", mmap_mode="r")
        digest.update(f"{name}:{array.dtype.str}:{len(array)}".encode())
        for start in range(0, len(array), CHUNK_ROWS):
            digest.update(np.ascontiguousarray(array[start : start + CHUNK_ROWS]).data)
    return digest.hexdigest()


def _count(table: Table, cut: Cut) -> _Census:
    users = np.zeros((3, table.n_users), dtype=np.int64)
    train_items = np.zeros(table.n_items, dtype=np.int64)
    in_log, in_test = (np.zeros(table.n_items, dtype=bool) for _ in range(2))
    first_us = [np.iinfo(np.int64).max] * 3
    last_us = np.iinfo(np.int64).min
    for chunk in table.chunks():
        user, item, timestamp_us = table.user[chunk], table.item[chunk], table.timestamp_us[chunk]
        before_valid, before_test = (start.is_before(table, chunk) for start in (cut.valid, cut.test))
        first = int(user[0])
        in_chunk = slice(first, int(user[-1]) + 1)
        for counts, part in zip(users, (user, user[before_valid], user[before_test]), strict=True):
            counts[in_chunk] = np.bincount(part - first, minlength=in_chunk.stop - first)
        np.add.at(train_items, item[before_valid], 1)
        in_log[item] = True
        in_test[item[~before_test]] = True
        for place, timestamps_us in enumerate(
            (timestamp_us, timestamp_us[before_test & ~before_valid], timestamp_us[~before_test])
        ):
            first_us[place] = int(timestamps_us.min(initial=first_us[place]))
        last_us = int(timestamp_us.max(initial=last_us))
    seconds = [timestamp_us // table.tick for timestamp_us in (*first_us, last_us)]
    times = dict(zip(("first_time", "valid_from", "test_from", "last_time"), seconds, strict=True))
    return _Census(users, train_items, in_log, in_test, times)


def _write_interactions(
    table: Table, cut: Cut, folder: Path, item_of_code: NDArray[np.int32], n_items: int
) -> tuple[NDArray[np.int64], tuple[int, int], int]:
    """Writes item_ids and timestamps.

    Returns:
        int64[n_items + 1], each item's users in training; the interactions at a time that their user has twice, in all and those
        of the test; and the interactions with an item that their user had before.
    """
    item_ids = open_memmap(folder / "item_ids.npy", mode="w+", dtype=np.int32, shape=(len(table),))
    timestamps = open_memmap(folder / "timestamps.npy", mode="w+", dtype=np.int64, shape=(len(table),))

    def write(chunk: slice) -> tuple[NDArray[np.int32], NDArray[np.int64], int]:
        user, timestamp_us = table.user[chunk], table.timestamp_us[chunk]
        items = item_of_code.take(table.item[chunk])
        item_ids[chunk] = items
        timestamps[chunk] = timestamp_us // table.tick
        tied = (user[1:] == user[:-1]) & (timestamp_us[1:] == timestamp_us[:-1])
        before_valid, before_test = (start.is_before(table, chunk) for start in (cut.valid, cut.test))
        in_question = _of_pairs(tied & (before_test[1:] == before_test[:-1]) if cut.is_given else tied)
        n_tied = np.array([np.count_nonzero(_of_pairs(tied)), np.count_nonzero(in_question & ~before_test)])
        repeated = repeats_of(table, chunk)
        # An item's first interaction of a user is in training if any is.
        return items[~repeated & before_valid], n_tied, int(np.count_nonzero(repeated))

    train_user_counts = np.zeros(n_items + 1, dtype=np.int64)
    n_ties, n_repeats = np.zeros(2, dtype=np.int64), 0
    for items, n_tied, n_repeated in map_in_order(write, table.chunks()):
        np.add.at(train_user_counts, items, 1)
        n_ties += n_tied
        n_repeats += n_repeated
    item_ids.flush()
    timestamps.flush()
    return train_user_counts, (int(n_ties[0]), int(n_ties[1])), n_repeats


def _of_pairs(pairs: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """bool[n], whether a row is one of a pair of neighbours.

    >>> _of_pairs(np.array([True, False, False])).tolist()
    [True, True, False, False]
    """
    return np.asarray(np.append(pairs, False) | np.append(False, pairs))

"""From a filtered and split table to a Dataset's arrays, written to their files chunk by chunk, and its counts."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from nsbench.data.filter import repeats_of
from nsbench.data.split import Boundaries
from nsbench.data.table import CHUNK_ROWS, Table
from nsbench.data.timestamp import MICROSECONDS

HASHED = ("item_ids", "timestamps", "offsets", "train_end", "valid_end")
"""The arrays that fix a dataset; the counts follow from them."""


@dataclass(frozen=True)
class Assembly:
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


@dataclass
class _Totals:
    """Sums over the chunks of the last pass."""

    n_ties: int = 0
    n_repeats: int = 0


def write_arrays(table: Table, boundaries: Boundaries, folder: Path) -> Assembly:
    """Writes item_ids, timestamps, offsets, train_end, valid_end, train_counts and train_user_counts as .npy files.

    Users without an interaction left are left out; the others keep their order. Items are numbered from 1 by falling
    number of training interactions, ties in the order of their codes.
    """
    lengths, until_valid, until_test = _user_counts(table, boundaries)
    users = np.flatnonzero(lengths)
    offsets = np.concatenate([[0], np.cumsum(lengths[users])])
    train_end, valid_end = offsets[:-1] + until_valid[users], offsets[:-1] + until_test[users]
    train_counts, present = _item_counts(table, boundaries)
    items = np.flatnonzero(present)
    items = items[np.argsort(-train_counts[items], kind="stable")]
    item_of_code = np.zeros(table.n_items, dtype=np.int32)
    item_of_code[items] = np.arange(1, len(items) + 1)

    train_user_counts = np.zeros(len(items) + 1, dtype=np.int64)
    totals = _write_interactions(table, boundaries, folder, item_of_code, train_user_counts)
    counts_by_item = np.concatenate([[0], train_counts[items]])
    for name, array in (
        ("offsets", offsets),
        ("train_end", train_end),
        ("valid_end", valid_end),
        ("train_counts", counts_by_item),
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
        "n_ties": totals.n_ties,
        "n_new_test_users": int(np.count_nonzero((lengths > until_test) & (until_valid == 0))),
        "n_cold_items": int(np.count_nonzero(counts_by_item[1:] == 0)),
        "n_cold_test_items": _count_cold_test_items(table, boundaries, train_counts),
        **_times(table, boundaries),
    }
    return Assembly(users, items, counts, totals.n_repeats / len(table))


def content_hash(folder: Path, seen_items: str) -> str:
    """Hash of the stored arrays and of whether seen items leave the ranking: all that training and ranking depend on."""
    digest = hashlib.blake2b(seen_items.encode(), digest_size=16)
    for name in HASHED:
        array = np.load(folder / f"{name}.npy", mmap_mode="r")
        digest.update(f"{name}:{array.dtype.str}:{len(array)}".encode())
        for start in range(0, len(array), CHUNK_ROWS):
            digest.update(np.ascontiguousarray(array[start : start + CHUNK_ROWS]).data)
    return digest.hexdigest()


def _user_counts(
    table: Table, boundaries: Boundaries
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """By user code: interactions in all, before validation, before test."""
    counts = np.zeros((3, table.n_users), dtype=np.int64)
    for chunk in table.chunks():
        user, first = table.user[chunk], int(table.user[chunk.start])
        parts = (user, user[boundaries.valid.is_before(table, chunk)], user[boundaries.test.is_before(table, chunk)])
        for row, part in zip(counts, parts, strict=True):
            found = np.bincount(part - first)
            row[first : first + len(found)] += found
    return counts[0], counts[1], counts[2]


def _item_counts(table: Table, boundaries: Boundaries) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """By item code: training interactions, and whether there is any interaction."""
    counts, present = np.zeros(table.n_items, dtype=np.int64), np.zeros(table.n_items, dtype=bool)
    for chunk in table.chunks():
        item = table.item[chunk]
        counts += np.bincount(item[boundaries.valid.is_before(table, chunk)], minlength=table.n_items)
        present[item] = True
    return counts, present


def _write_interactions(
    table: Table,
    boundaries: Boundaries,
    folder: Path,
    item_of_code: NDArray[np.int32],
    train_user_counts: NDArray[np.int64],
) -> _Totals:
    """Writes item_ids and timestamps, and adds each user's different training items to `train_user_counts`."""
    item_ids = open_memmap(folder / "item_ids.npy", mode="w+", dtype=np.int32, shape=(len(table),))
    timestamps = open_memmap(folder / "timestamps.npy", mode="w+", dtype=np.int64, shape=(len(table),))
    totals = _Totals()
    for chunk in table.chunks():
        user, moment = table.user[chunk], table.moment[chunk]
        items = item_of_code[table.item[chunk]]
        item_ids[chunk] = items
        timestamps[chunk] = moment // MICROSECONDS
        tied = (user[1:] == user[:-1]) & (moment[1:] == moment[:-1])
        totals.n_ties += int(np.count_nonzero(np.append(tied, False) | np.append(False, tied)))
        repeated = repeats_of(table, chunk)
        totals.n_repeats += int(np.count_nonzero(repeated))
        # An item's first interaction of a user is in training if any is.
        first_in_train = ~repeated & boundaries.valid.is_before(table, chunk)
        train_user_counts += np.bincount(items[first_in_train], minlength=len(train_user_counts))
    item_ids.flush()
    timestamps.flush()
    return totals


def _count_cold_test_items(table: Table, boundaries: Boundaries, train_counts: NDArray[np.int64]) -> int:
    tested = np.zeros(table.n_items, dtype=bool)
    for chunk in table.chunks():
        tested[table.item[chunk][~boundaries.test.is_before(table, chunk)]] = True
    return int(np.count_nonzero(tested & (train_counts == 0)))


def _times(table: Table, boundaries: Boundaries) -> dict[str, int]:
    """Seconds of the first and last interaction, and of the first ones of validation and test."""
    first, last, valid_from, test_from = [], [], [], []
    for chunk in table.chunks():
        moment = table.moment[chunk]
        first.append(moment.min())
        last.append(moment.max())
        valid_from.extend(
            moment[~boundaries.valid.is_before(table, chunk)].min(keepdims=True, initial=np.iinfo(np.int64).max)
        )
        test_from.extend(
            moment[~boundaries.test.is_before(table, chunk)].min(keepdims=True, initial=np.iinfo(np.int64).max)
        )
    return {
        "first_time": int(min(first)) // MICROSECONDS,
        "last_time": int(max(last)) // MICROSECONDS,
        "valid_from": int(min(valid_from)) // MICROSECONDS,
        "test_from": int(min(test_from)) // MICROSECONDS,
    }

"""Small datasets made in memory, so that a test states its log in a line and no file is involved."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from nsbench.data.beside.explicit_negative import ExplicitNegatives
from nsbench.data.dataset import Dataset, DatasetCard


def dataset_of(
    train: Sequence[Sequence[int]],
    valid: Sequence[Sequence[int]] = (),
    test: Sequence[Sequence[int]] = (),
    n_items: int | None = None,
    seen_items: str = "exclude",
) -> Dataset:
    """A dataset from each user's training, validation and test items.

    Item ids are taken as they are: give frequent items small ids, since a Dataset numbers items by falling training
    counts. Timestamps count up over the whole log: all training, then validation, then test.
    """
    n_users = max(len(train), len(valid), len(test))
    parts = [[list(rows[u]) if u < len(rows) else [] for u in range(n_users)] for rows in (train, valid, test)]
    rows = [parts[0][u] + parts[1][u] + parts[2][u] for u in range(n_users)]
    item_ids = np.array([item for row in rows for item in row], dtype=np.int32)
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    train_end = offsets[:-1] + np.array([len(row) for row in parts[0]], dtype=np.int64)
    valid_end = train_end + np.array([len(row) for row in parts[1]], dtype=np.int64)
    size = n_items or int(item_ids.max())
    counts = np.zeros(size + 1, dtype=np.int64)
    user_counts = np.zeros(size + 1, dtype=np.int64)
    for row in parts[0]:
        for item in row:
            counts[item] += 1
        for item in set(row):
            user_counts[item] += 1
    if np.any(np.diff(counts[1:]) > 0):
        raise AssertionError("give frequent items small ids")
    times = np.zeros(len(item_ids), dtype=np.int64)
    clock = 0
    for part_number, part in enumerate(parts):
        for u, row in enumerate(part):
            before = sum(len(parts[p][u]) for p in range(part_number))
            for step in range(len(row)):
                times[offsets[u] + before + step] = clock
                clock += 1
    n_train, n_valid, n_test = (sum(map(len, part)) for part in parts)
    card = DatasetCard(
        name="tiny",
        content_hash="tiny",
        source="tests",
        options={},
        n_users=n_users,
        n_items=size,
        n_interactions=len(item_ids),
        n_train=n_train,
        n_valid=n_valid,
        n_test=n_test,
        valid_from=n_train,
        test_from=n_train + n_valid,
        first_time=0,
        last_time=max(clock - 1, 0),
        n_ties=0,
        n_ties_cut=0,
        n_new_test_users=sum(1 for u in range(n_users) if parts[2][u] and not parts[0][u]),
        n_cold_test_items=len({i for row in parts[2] for i in row if counts[i] == 0}),
        n_cold_items=int(np.count_nonzero(counts[1:] == 0)),
        repeat_share=sum(len(row) - len(set(row)) for row in rows) / max(len(item_ids), 1),
        seen_items=seen_items,  # type: ignore[arg-type]
    )
    return Dataset(card, item_ids, times, offsets, train_end, valid_end, counts, user_counts)


def with_negatives(
    dataset: Dataset, train: Sequence[Sequence[int]], test: Sequence[Sequence[tuple[int, int]] | Sequence[int]] = ()
) -> Dataset:
    """The dataset with explicit negatives.

    Args:
        dataset: The log.
        train: Each user's items that are turned down before everything else happens.
        test: Those that are turned down later: an item, at the log's last time and one, or (item, time).
    """
    card = dataset.card
    end = card.last_time + 1
    rows = [
        [(-1, item) for item in (train[user] if user < len(train) else [])]
        + [
            (one[1], one[0]) if isinstance(one, tuple) else (end, one)
            for one in (test[user] if user < len(test) else [])
        ]
        for user in range(dataset.n_users)
    ]
    times, items = (np.array([one[place] for row in rows for one in row]) for place in (0, 1))
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    found = ExplicitNegatives(items.astype(np.int32), times.astype(np.int64), offsets, card.valid_from, card.test_from)
    return replace(dataset, explicit_negatives=found)


def with_some_negatives(dataset: Dataset, n: int = 6) -> Dataset:
    """The dataset with n items that each user but the first turned down during training, at random."""
    rng = np.random.default_rng(8)
    drawn = [(rng.choice(dataset.n_items, n, replace=False) + 1).tolist() for _ in range(dataset.n_users - 1)]
    return with_negatives(dataset, [[], *drawn])

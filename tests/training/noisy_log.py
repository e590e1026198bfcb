"""A log that can't be learnt by heart: ranks are spread, so that the least difference between two models shows in them."""

import numpy as np

from nsbench.data.dataset import Dataset
from tests.builder import dataset_of

N_ITEMS = 120


def noisy_log(n_users: int = 150, length: int = 12) -> Dataset:
    """Users who draw from a skewed catalogue; the last two items are for validation and test."""
    rng = np.random.default_rng(11)
    weights = 1 / np.arange(1, N_ITEMS + 1) ** 0.7
    drawn = rng.choice(N_ITEMS, (n_users, length), p=weights / weights.sum()) + 1
    lengths = rng.integers(4, length - 1, n_users)
    train = [list(row[:n]) for row, n in zip(drawn, lengths, strict=True)]
    counts = np.bincount(np.concatenate(train), minlength=N_ITEMS + 1)[1:]
    number = np.empty(N_ITEMS + 1, dtype=int)
    number[np.argsort(-counts, kind="stable") + 1] = np.arange(1, N_ITEMS + 1)
    parts = ([[int(number[item]) for item in row] for row in rows] for rows in (train, drawn[:, -2:-1], drawn[:, -1:]))
    return dataset_of(*parts, n_items=N_ITEMS, seen_items="keep")

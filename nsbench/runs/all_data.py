"""A dataset whose whole log is training, for a last fit of which no metric is claimed."""

from dataclasses import replace

import numpy as np

from nsbench.data.dataset import Dataset


def all_as_training(dataset: Dataset) -> Dataset:
    """The dataset with validation and test as training too; items keep their numbers, and none is cold.

    Popularity is counted anew, so that counts no longer fall with the number.
    """
    items, n_items = np.asarray(dataset.item_ids), dataset.n_items
    ends = np.asarray(dataset.offsets[1:])
    users = np.repeat(np.arange(dataset.n_users), np.diff(dataset.offsets))
    pairs = np.unique(users * (n_items + 1) + items)
    negatives = dataset.explicit_negatives
    return replace(
        dataset,
        train_end=ends,
        valid_end=ends,
        train_counts=np.bincount(items, minlength=n_items + 1),
        train_user_counts=np.bincount(pairs % (n_items + 1), minlength=n_items + 1),
        explicit_negatives=None if negatives is None else replace(negatives, train_until=np.iinfo(np.int64).max),
    )

"""Logs that the bench makes."""

from dataclasses import replace

import numpy as np

from nsbench.bench.cases.workload import dataset_of
from tests.bench.bench_builder import TINY


def test_a_workload_has_the_shape_that_it_says() -> None:
    dataset = dataset_of(TINY)
    assert dataset.n_users == 200
    assert dataset.n_items == 300
    assert 8 < dataset.card.n_interactions / 200 < 16
    assert (dataset.train_counts[1:-1] >= dataset.train_counts[2:]).all()
    assert dataset.train_counts.sum() == dataset.card.n_train


def test_another_catalogue_leaves_the_histories_as_long() -> None:
    assert np.array_equal(dataset_of(TINY).offsets, dataset_of(replace(TINY, n_items=5_000)).offsets)

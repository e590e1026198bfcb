"""How many hits lists would have if users took what they want, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest

from nsbench.data.beside.truth import MOST_HISTORIES, Truth, compared_histories
from nsbench.data.dataset import Dataset
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import targets_of
from tests.builder import dataset_of
from tests.evaluation.scorer_builder import WrittenScorer

N_ITEMS = 14


def truth() -> Truth:
    """One group, so that an item's probability is its weight: 20 for item 14, and 14 - i for item i, of those that are left."""
    weights = np.array([0, *(14 - item for item in range(1, 14)), 20], dtype=float)
    return Truth(weights, np.zeros(N_ITEMS + 1, dtype=np.int64), np.ones((1, 2)), 0.0)


def log() -> Dataset:
    """Items 1 to 14 are trained on 14 to 1 times by 14 users; the one with a test has had item 1."""
    train = [[item for item in range(1, 16 - count)] for count in range(1, 15)]
    return replace(dataset_of([*train, [1]], test=[[]] * 14 + [[5]], n_items=N_ITEMS), truth=truth())


def test_a_list_of_ten_holds_what_its_items_are_wanted() -> None:
    """The scores rank items by id, and item 1 is seen: the list is items 2 to 11.

    Wanted are items 2 to 13 with 12 + 11 + ... + 1 = 78, and item 14 with 20: 98; the list lacks 12, 13 and 14: it has 75.
    Training counts are 15 13 12 11 10 9 8 ... 1, 106 in all: head is 1 and 2 (28 of 35.3), mid 3 to 6 (70 of 70.7), tail others.
    The list has all of head and mid, and of the tail 7 + 6 + 5 + 4 + 3 = 25 of 25 + 2 + 1 + 20 = 48.
    """
    scores = np.arange(N_ITEMS, 0, -1)[None]
    metrics = evaluate(WrittenScorer(scores.tolist()), log(), "test", EvaluationSettings(), with_exposure=True).metrics
    assert metrics["truth/all/hit_rate_at_10"] == pytest.approx(75 / 98)
    assert metrics["truth/head/hit_rate_at_10"] == pytest.approx(1)
    assert metrics["truth/mid/hit_rate_at_10"] == pytest.approx(1)
    assert metrics["truth/tail/hit_rate_at_10"] == pytest.approx(25 / 48)


def test_only_a_test_of_a_log_that_holds_what_is_wanted_has_it() -> None:
    scorer = WrittenScorer([list(range(N_ITEMS))])
    without = replace(log(), truth=None)
    for dataset, with_exposure in ((without, True), (log(), False)):
        metrics = evaluate(scorer, dataset, "test", EvaluationSettings(), with_exposure=with_exposure).metrics
        assert not [name for name in metrics if name.startswith("truth/")]


def test_a_large_test_is_compared_after_a_sample_that_is_the_same_each_time() -> None:
    many = dataset_of([[1, 2]] * 3_000, test=[[1]] * 3_000)
    histories = targets_of(many, "test", "rolling").histories
    chosen = compared_histories(histories)
    assert len(np.unique(chosen)) == MOST_HISTORIES < len(histories)
    assert np.array_equal(chosen, compared_histories(histories))
    assert len(compared_histories(histories[:10])) == 10

"""The published counts, and ours counted as the published code counts them."""

from pathlib import Path

import numpy as np
import pytest

from nsbench.config import Settings, read_settings_file, settings_values
from nsbench.data.public.published_counts import PUBLISHED_COUNTS, compare_with_published, published_cohorts
from nsbench.errors import DatasetError
from nsbench.evaluation.targets.target import targets_of
from nsbench.terms import Cohort
from tests.builder import dataset_of

REFERENCE = Path(__file__).parents[3] / "configs" / "presets" / "reference.yaml"


def test_published_cohorts_add_up_to_the_published_totals() -> None:
    """Head, mid and tail of test pairs and of items; the figure's readings are made to add up."""
    for counts in PUBLISHED_COUNTS.values():
        pairs, items = counts[:4], counts[4:]
        assert pairs[0].count == sum(pair.count for pair in pairs[1:])
        assert items[0].count == sum(item.count for item in items[1:])


def test_cohorts_go_by_users_and_cold_items_are_tail() -> None:
    """Item 1 has 4 interactions of 1 user, item 2 has 3 of 3 users, item 3 has 2 of 2, item 4 is cold.

    By users: 2, 3, 1 with 3, 2, 1 of 6: cumulative 3/6 (mid), 5/6 (tail), 6/6 (tail).
    """
    dataset = dataset_of([[1, 1, 1, 1, 2], [2, 3], [2, 3]], test=[[4]], n_items=4)
    assert published_cohorts(dataset).tolist() == [-1, 2, 1, 2, 2]


def test_test_pairs_are_those_of_users_with_training_or_validation() -> None:
    """Users 0 and 1 have training and three test items (2: mid, 4: tail, 3: tail); user 4 has validation only, and one (3: tail);
    user 2 has no test item, user 3 nothing before it.
    """
    dataset = dataset_of(
        [[1, 1, 1, 1, 2], [2, 3], [2, 3], [], []],
        valid=[[], [], [], [], [2]],
        test=[[2, 4], [3], [], [1, 2], [3]],
        n_items=4,
    )
    ours = {
        comparison.published.quantity: comparison.ours for comparison in compare_with_published(dataset, "retailrocket")
    }
    assert ours == {
        "test pairs, all": 4,
        "test pairs, head": 0,
        "test pairs, mid": 1,
        "test pairs, tail": 3,
        "items, all": 4,
        "items, head": 0,
        "items, mid": 1,
        "items, tail": 3,
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_evaluation_with_the_reference_preset_ranks_the_pairs_that_are_counted(seed: int) -> None:
    """Random logs whose users may lack each part; some users have only a test part, some only validation and test."""
    rng = np.random.default_rng(seed)
    train, valid, test = (
        [list(rng.integers(1, 9, rng.integers(0, 3) * (rng.random() < 0.7))) for _ in range(30)] for _ in range(3)
    )
    counts = np.bincount(np.concatenate(train).astype(int), minlength=9)[1:]
    number = np.argsort(np.argsort(-counts, kind="stable"), kind="stable") + 1
    dataset = dataset_of(
        *([[int(number[item - 1]) for item in row] for row in part] for part in (train, valid, test)), 8
    )
    values = settings_values("random", read_settings_file(REFERENCE))
    targets = targets_of(dataset, "test", Settings.of("random", values).evaluation.targets)
    ours = {
        comparison.published.quantity: comparison.ours for comparison in compare_with_published(dataset, "retailrocket")
    }
    assert ours["test pairs, all"] == len(targets)
    assert ours["test pairs, tail"] == np.count_nonzero(published_cohorts(dataset)[targets.items] == Cohort.TAIL)
    by_hand = sum(len(after) for before, mid, after in zip(train, valid, test, strict=True) if before or mid)
    assert len(targets) == by_hand


def test_differences_are_ours_minus_published() -> None:
    """4 items here, 36,847 published."""
    dataset = dataset_of([[1, 1, 2], [2, 3], [3, 4]])
    items = compare_with_published(dataset, "retailrocket")[4]
    assert items.difference == 4 - 36_847
    assert not items.agrees


def test_a_dataset_that_the_paper_doesn_t_have_names_those_that_it_has() -> None:
    with pytest.raises(DatasetError, match="ml-10m, retailrocket, amazon-beauty"):
        compare_with_published(dataset_of([[1, 2]]), "ml-1m")

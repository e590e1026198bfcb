"""Targets on one log that is worked by hand:

user 0: train 1 2, validation 3, test 4 5    user 1: train 1 2 3, test 1
user 2: test 2 3 (new)                       user 3: train 4, validation 5 (no test)    user 4: test 1 (new, one item)
"""

import numpy as np
import pytest

from nsbench.data.dataset import Dataset
from nsbench.errors import DatasetError
from nsbench.evaluation.targets.target import EvaluatedSplit, TargetMode, Targets, targets_of
from tests.builder import dataset_of

LOG = dataset_of(
    train=[[1, 2], [1, 2, 3], [], [4], []],
    valid=[[3], [], [], [5], []],
    test=[[4, 5], [1], [2, 3], [], [1]],
)


def readable(targets: Targets) -> list[tuple[int, list[int], int]]:
    """Each target as (user, history, item)."""
    histories = targets.histories
    starts, ends = histories.start[targets.history_of], histories.end[targets.history_of]
    rows = zip(targets.users, starts, ends, targets.items, strict=True)
    return [(int(user), histories.item_ids[start:end].tolist(), int(item)) for user, start, end, item in rows]


@pytest.mark.parametrize(
    ("split", "mode", "expected"),
    [
        ("test", "rolling", [(0, [1, 2, 3], 4), (0, [1, 2, 3, 4], 5), (1, [1, 2, 3], 1), (2, [2], 3)]),
        ("test", "frozen", [(0, [1, 2, 3], 4), (0, [1, 2, 3], 5), (1, [1, 2, 3], 1)]),
        ("test", "last", [(0, [1, 2, 3, 4], 5), (1, [1, 2, 3], 1), (2, [2], 3)]),
        ("test", "first", [(0, [1, 2, 3], 4), (1, [1, 2, 3], 1), (2, [2], 3)]),
        ("valid", "first", [(0, [1, 2], 3), (3, [4], 5)]),
        ("valid", "random", [(0, [1, 2], 3), (3, [4], 5)]),
        ("valid", "rolling", [(0, [1, 2], 3), (3, [4], 5)]),
        ("valid", "frozen", [(0, [1, 2], 3), (3, [4], 5)]),
        ("valid", "last", [(0, [1, 2], 3), (3, [4], 5)]),
    ],
)
def test_targets_follow_the_histories_of_their_mode(
    split: EvaluatedSplit, mode: TargetMode, expected: list[tuple[int, list[int], int]]
) -> None:
    """The log at the top, read off by hand; users 2 and 4 have no history before their first test item."""
    assert readable(targets_of(LOG, split, mode)) == expected


def test_frozen_targets_of_a_user_share_one_history() -> None:
    """User 0 has two test items, user 1 one."""
    targets = targets_of(LOG, "test", "frozen")
    assert targets.history_of.tolist() == [0, 0, 1]
    assert len(targets.histories) == 2


def test_several_validation_items_roll_and_the_last_one_is_the_last() -> None:
    """One user: train 1, validation 2 3, then test 4, which validation never sees."""
    log = dataset_of(train=[[1]], valid=[[2, 3]], test=[[4]])
    assert readable(targets_of(log, "valid", "rolling")) == [(0, [1], 2), (0, [1, 2], 3)]
    assert readable(targets_of(log, "valid", "frozen")) == [(0, [1], 2), (0, [1], 3)]
    assert readable(targets_of(log, "valid", "last")) == [(0, [1, 2], 3)]


def test_a_random_target_is_one_of_each_users_rolling_ones_and_always_the_same() -> None:
    """User 2 has items 2 and 3 in test: 2 has no history, so it is 3 always; user 0 has 4 or 5, by the seed."""
    drawn = [readable(targets_of(LOG, "test", "random", seed=seed)) for seed in range(20)]
    rolling = readable(targets_of(LOG, "test", "rolling"))
    assert all(len(targets) == 3 and set(map(str, targets)) <= set(map(str, rolling)) for targets in drawn)
    assert {targets[0][2] for targets in drawn} == {4, 5}
    assert all(targets[1:] == [(1, [1, 2, 3], 1), (2, [2], 3)] for targets in drawn)
    assert readable(targets_of(LOG, "test", "random", seed=3)) == drawn[3]


def test_random_targets_are_drawn_evenly() -> None:
    """Of 3,000 users with three targets each a third has the first: 1,000, give or take four deviations of 26."""
    log = dataset_of(train=[[1]] * 3_000, test=[[1, 2, 3]] * 3_000)
    counts = np.bincount(targets_of(log, "test", "random").items, minlength=4)
    assert counts.sum() == 3_000
    assert (np.abs(counts[1:] - 1_000) < 104).all()


def test_a_sample_of_users_keeps_their_random_targets() -> None:
    everybody = targets_of(many_users(), "test", "random", seed=3)
    sample = targets_of(many_users(), "test", "random", n_users=10, seed=3)
    ends = dict(zip(everybody.users.tolist(), everybody.histories.end.tolist(), strict=True))
    assert [ends[user] for user in sample.users.tolist()] == sample.histories.end.tolist()


def many_users() -> Dataset:
    """50 users of two test targets each."""
    return dataset_of(train=[[1]] * 50, test=[[1, 1]] * 50)


def test_a_sample_holds_all_targets_of_its_users_and_repeats_with_its_seed() -> None:
    """10 of 50 users with two targets each are 20 targets."""
    sample = targets_of(many_users(), "test", "rolling", n_users=10, seed=3)
    assert len(sample) == 20
    assert len(np.unique(sample.users)) == 10
    assert np.array_equal(sample.users, targets_of(many_users(), "test", "rolling", n_users=10, seed=3).users)
    assert not np.array_equal(sample.users, targets_of(many_users(), "test", "rolling", n_users=10, seed=4).users)


def test_a_sample_of_more_users_than_there_are_is_all_of_them() -> None:
    """50 users have targets, 80 are asked for."""
    assert len(targets_of(many_users(), "test", "rolling", n_users=80)) == 100


def test_a_split_without_targets_is_an_error_that_says_so() -> None:
    """Both test users are new, so that no frozen history exists."""
    log = dataset_of(train=[[1, 2], [], []], test=[[], [1, 2], [2]])
    with pytest.raises(DatasetError, match="targets=frozen.*try targets=rolling"):
        targets_of(log, "test", "frozen")

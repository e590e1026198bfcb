"""Who is in which group of users."""

import numpy as np

from nsbench.data.cohort import item_cohorts
from nsbench.report.user_groups.user_group import NO_GROUP, groupings_of
from tests.builder import dataset_of


def test_users_are_grouped_by_what_they_took_before_the_test() -> None:
    """Items 1 (6 of 14 training interactions) and 2 (4): .43 is not below 1/3, so the head is item 1 alone.

    Before the test users 0 to 5 take 1, 2, 3, 4, 5 and no interactions; of them with item 1: 1 of 1, 1 of 2, 1 of 3, 1 of 4
    (item 4 in validation), 2 of 5; user 6 has no test target, and counts in no border. By activity 0 and 1, 2 and 3, 4 and 5
    interactions; by taste shares .25 .33 | .4 | .5 1, of five users: 2 and 3 of them are nearest to 1.67 and 3.33.
    """
    dataset = dataset_of(
        train=[[1], [1, 2], [1, 2, 3], [1, 2, 3], [1, 1, 2, 3, 4], []],
        valid=[[], [], [], [4], [], []],
        test=[[2], [3], [4], [2, 1], [2], [2, 3], []],
        seen_items="keep",
    )
    users = np.array([0, 1, 2, 3, 3, 4, 5])
    cohorts = item_cohorts(dataset)
    assert cohorts.tolist()[1] == 0
    assert 0 not in cohorts.tolist()[2:]
    activity, taste = groupings_of(dataset, cohorts, users)
    assert activity.numbers[:6].tolist() == [0, 1, 1, 2, 2, 0]
    assert [(one.border, one.n_users, one.n_targets) for one in activity.grouping.groups] == [
        ("at most 1 interaction before the test", 2, 2),
        ("2 to 3", 2, 2),
        ("more than 3", 2, 3),
    ]
    assert activity.grouping.n_others == 0
    assert taste.numbers[:6].tolist() == [2, 2, 0, 0, 1, NO_GROUP]
    assert [(one.border, one.n_users, one.n_targets) for one in taste.grouping.groups] == [
        ("at most 33 % of the history on head items", 2, 3),
        ("up to 40 %", 1, 1),
        ("more than 40 %", 2, 2),
    ]
    assert taste.grouping.n_others == 1


def test_users_with_equal_values_are_never_parted() -> None:
    dataset = dataset_of(train=[[1], [1], [1], [1, 2]], test=[[2], [2], [2], [1]], seen_items="keep")
    activity, _ = groupings_of(dataset, item_cohorts(dataset), np.arange(4))
    assert [(one.n_users, one.border) for one in activity.grouping.groups] == [
        (3, "at most 1 interaction before the test"),
        (0, "none between"),
        (1, "more than 1"),
    ]

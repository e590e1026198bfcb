"""Cohorts of a handful of items."""

import numpy as np
import pytest

from nsbench.data.cohort import CohortRule, cohorts_of, item_cohorts
from nsbench.terms import Cohort
from tests.builder import dataset_of

HEAD, MID, TAIL, COLD = Cohort.HEAD, Cohort.MID, Cohort.TAIL, Cohort.COLD


@pytest.mark.parametrize(
    ("counts", "filled", "published"),
    [
        ([3, 3, 2, 2], [HEAD, MID, TAIL, TAIL], [HEAD, MID, TAIL, TAIL]),
        ([70, 10, 10, 10], [HEAD, MID, TAIL, TAIL], [TAIL, TAIL, TAIL, TAIL]),
        ([70, 6, 6, 6, 6, 6], [HEAD, MID, MID, TAIL, TAIL, TAIL], [TAIL] * 6),
        ([30, 50, 10, 10], [HEAD, MID, TAIL, TAIL], [HEAD, TAIL, TAIL, TAIL]),
        ([45, 20, 20, 15], [HEAD, MID, TAIL, TAIL], [MID, MID, TAIL, TAIL]),
        ([3, 2, 2, 2, 1], [HEAD, MID, TAIL, TAIL, TAIL], [HEAD, MID, TAIL, TAIL, TAIL]),
        ([30, 30, 30], [HEAD, MID, TAIL], [MID, TAIL, TAIL]),
        ([2, 1], [HEAD, MID], [TAIL, TAIL]),
        ([5], [HEAD], [TAIL]),
        ([5, 0], [HEAD, COLD], [TAIL, COLD]),
        ([0, 0], [COLD, COLD], [COLD, COLD]),
        ([], [], []),
    ],
)
def test_an_item_that_crosses_a_border_fills_an_empty_cohort_unless_the_published_rule_holds(
    counts: list[int], filled: list[Cohort], published: list[Cohort]
) -> None:
    """Shares below, worked by hand: .7 .8 .9 1; the rest of the next one, 30, is halved at 15: 6 12 18; .3 .8 .9 1.

    Then .45 .65 .85 1, and 1/3 2/3 1, neither of which is below its border.
    """
    whole = np.array([0, *counts])
    assert cohorts_of(whole).tolist() == [-1, *filled]
    assert cohorts_of(whole, "published").tolist() == [-1, *published]


@pytest.mark.parametrize("rule", ["filled", "published"])
def test_borders_of_even_popularity_are_thirds_whatever_the_rule(rule: CohortRule) -> None:
    """90 items of one interaction each: below 1/3 are 29, below 2/3 another 30; the two that reach a border are lower."""
    cohorts = cohorts_of(np.array([0] + [1] * 90), rule)
    assert [int(np.count_nonzero(cohorts == cohort)) for cohort in (HEAD, MID, TAIL)] == [29, 30, 31]


def test_cohorts_by_users_need_not_follow_the_ids() -> None:
    """Interactions 4 2 2 1 (of 9), users 1 2 2 1 (of 6): by users items 2 and 3 are first, then 1 and 4.

    By users, shares of 2, 3, 1, 4 below: 2/6 fills the head, 4/6 the mid, and 1 and 4 are tail.
    """
    dataset = dataset_of(train=[[1, 1, 1, 1, 2, 3], [2, 3, 4]])
    assert item_cohorts(dataset).tolist() == [-1, HEAD, MID, TAIL, TAIL]
    assert item_cohorts(dataset, "users").tolist() == [-1, TAIL, HEAD, MID, TAIL]
    assert item_cohorts(dataset, "users", "published").tolist() == [-1, TAIL, MID, TAIL, TAIL]

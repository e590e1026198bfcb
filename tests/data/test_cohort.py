"""Cohorts of a handful of items."""

import re

import numpy as np
import pytest

from nsbench.data.cohort import CohortRule, cohorts_of, item_cohorts
from nsbench.data.cohort_cut import DEFAULT_CUT, THIRDS, CohortCut
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


@pytest.mark.parametrize(
    ("cut", "filled", "published"),
    [
        ("interactions:0.5,0.8", [HEAD, MID, MID, TAIL, TAIL], [HEAD, MID, MID, TAIL, TAIL]),
        ("interactions:0.1,0.2", [HEAD, MID, TAIL, TAIL, TAIL], [TAIL] * 5),
        ("items:0.2,0.6", [HEAD, MID, MID, TAIL, TAIL], [HEAD, MID, MID, TAIL, TAIL]),
        ("items:0.01,0.2", [HEAD, MID, TAIL, TAIL, TAIL], [MID, TAIL, TAIL, TAIL, TAIL]),
        ("counts:3,2", [HEAD, HEAD, MID, MID, TAIL], [HEAD, HEAD, MID, MID, TAIL]),
        ("counts:9,4", [TAIL] * 5, [TAIL] * 5),
    ],
)
def test_cohorts_are_cut_where_it_is_said(cut: str, filled: list[Cohort], published: list[Cohort]) -> None:
    """Counts 3 3 2 2 1 of 11; cumulative shares .27 .55 .73 .91 1, of items .2 .4 .6 .8 1; a last item is cold.

    Below .5 is .27 alone, and below .8 are .55 and .73 too. Below .1 is nothing: filled, the head takes the first item; below .2
    neither, so mid has of the other 8 what it would have beyond the head, .1 / .9 of them, which is less than an item: it takes
    one. A fifth of the items is one, 1 % of them none, which a filled head takes one for. Borders by counts are never filled.
    """
    counts = np.array([0, 3, 3, 2, 2, 1, 0])
    assert cohorts_of(counts, "filled", CohortCut.read(cut)).tolist() == [-1, *filled, COLD]
    assert cohorts_of(counts, "published", CohortCut.read(cut)).tolist() == [-1, *published, COLD]


def test_the_default_cut_is_thirds_of_the_interactions() -> None:
    counts = np.array([0, 45, 20, 20, 15])
    assert CohortCut.read(" interactions: 1/3 , 2/3") == THIRDS
    assert cohorts_of(counts).tolist() == cohorts_of(counts, "filled", CohortCut.read(DEFAULT_CUT)).tolist()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thirds", "no cut of cohorts; accepted is interactions:A,B"),
        ("interactions", "no cut of cohorts"),
        ("users:0.1,0.2", "no cut of cohorts"),
        ("items:0.1", "no cut of cohorts"),
        ("items:0.1,0.2,0.3", "no cut of cohorts"),
        ("items:1e-2,0.2", "no cut of cohorts"),
        ("items:1/0,0.2", "no cut of cohorts"),
        ("items:-0.1,0.2", "no cut of cohorts"),
        ("items:20,80", "shares rise from head to mid, above 0 and below 1; accepted is items:A,B with 0 < A < B < 1"),
        ("interactions:0.8,0.2", "shares rise"),
        ("interactions:0,0.2", "shares rise"),
        ("items:0.1234567,0.2", "denominator of at most 100,000"),
        ("counts:10,100", "counts fall from head to mid"),
        ("counts:0.5,0.2", "counts are whole numbers above 1"),
        ("counts:10,1", "counts are whole numbers above 1"),
    ],
)
def test_what_is_no_cut_is_refused_with_what_is_one(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        CohortCut.read(text)

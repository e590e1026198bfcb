"""A dataset in numbers."""

import pytest

from nsbench.data.description import describe
from tests.builder import dataset_of


def test_cohorts_and_coverage_of_a_small_log() -> None:
    """Training: item 1 four times, 2 three times, 3 and 4 once, of 9. Cumulative 4, 7, 8, 9 of 9: item 1 reaches 4/9, not
    below 1/3, but the head is empty without it; item 2 likewise mid; 3 and 4 tail; item 5 cold.
    Users with it, of 3: item 1 all (100 %); 2 two, 3 one, 4 one: 66.7, 33.3, 33.3.
    Test: user 0 item 1 (head), user 1 item 5 (cold), user 3, new, item 2 (mid) without and item 3 (tail) with an earlier one.
    """
    dataset = dataset_of(
        train=[[1, 1, 2, 2], [1, 3, 2], [1, 4]], valid=[[], [], [], []], test=[[1], [5], [], [2, 3]], n_items=5
    )
    description = describe(dataset)
    cohorts = description.cohorts
    assert {name: cohort.n_items for name, cohort in cohorts.items()} == {"head": 1, "mid": 1, "tail": 2, "cold": 1}
    assert {name: cohort.n_test for name, cohort in cohorts.items()} == {"head": 1, "mid": 1, "tail": 1, "cold": 1}
    rolling = {name: cohort.n_rolling_targets for name, cohort in cohorts.items()}
    assert rolling == {"head": 1, "mid": 0, "tail": 1, "cold": 1}
    assert cohorts["head"].median_user_percentage == pytest.approx(100.0)
    assert cohorts["mid"].median_user_percentage == pytest.approx(200 / 3)
    assert cohorts["tail"].median_user_percentage == pytest.approx(100 / 3)
    assert cohorts["cold"].median_user_percentage == 0
    assert cohorts["tail"].item_share == pytest.approx(0.4)
    assert cohorts["tail"].n_train == 2
    assert description.n_train_users == 3


def test_cohorts_that_are_no_thirds_are_said_and_thirds_are_not() -> None:
    """Item 1 has 7 of 10 training interactions; then three items one each, so 33.3 % each; then two items: no tail."""
    uneven = describe(dataset_of(train=[[1] * 7, [2, 3, 4]])).cohort_note
    assert "head holds 70.0 %, mid 10.0 % and tail 20.0 %" in uneven
    assert describe(dataset_of(train=[[1, 2, 3]])).cohort_note == ""
    assert "With no item in tail there is no balance." in describe(dataset_of(train=[[1, 1, 2]])).cohort_note


def test_lengths_count_all_interactions_of_a_user() -> None:
    """Users have 1, 2 and 6 interactions: median 2, mean 3."""
    lengths = describe(dataset_of(train=[[1], [1], [1, 2, 1, 2, 1]], test=[[], [2], [2]])).lengths
    assert (lengths.median, lengths.mean, lengths.max) == (2.0, 3.0, 6)


def test_days_are_those_of_the_first_and_last_interaction() -> None:
    description = describe(dataset_of(train=[[1], [1]], test=[[2], [1]]))
    assert (description.first_day, description.last_day) == ("1970-01-01", "1970-01-01")
    assert description.span_days == pytest.approx(3 / 86_400)

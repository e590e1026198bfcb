"""A dataset in numbers."""

import pytest

from nsbench.data.description import describe
from tests.builder import dataset_of


def test_cohorts_and_coverage_of_a_small_log() -> None:
    """Training: item 1 four times, 2 three times, 3 and 4 once, of 9. Cumulative 4, 7, 8, 9 of 9: item 1 reaches 4/9, not
    below 1/3, so no head; 4/9 < 2/3: item 1 mid; 2, 3 and 4 tail; item 5 cold.
    Users with it, of 3: item 1 all (100 %); 2 two, 3 one, 4 one: 66.7, 33.3, 33.3, median 33.3.
    Test: user 0 item 1 (mid), user 1 item 5 (cold), user 3, new, item 2 without and item 3 with an earlier one (tail).
    """
    dataset = dataset_of(
        train=[[1, 1, 2, 2], [1, 3, 2], [1, 4]], valid=[[], [], [], []], test=[[1], [5], [], [2, 3]], n_items=5
    )
    description = describe(dataset)
    cohorts = description.cohorts
    assert {name: cohort.n_items for name, cohort in cohorts.items()} == {"head": 0, "mid": 1, "tail": 3, "cold": 1}
    assert {name: cohort.n_test for name, cohort in cohorts.items()} == {"head": 0, "mid": 1, "tail": 2, "cold": 1}
    rolling = {name: cohort.n_rolling_targets for name, cohort in cohorts.items()}
    assert rolling == {"head": 0, "mid": 1, "tail": 1, "cold": 1}
    assert cohorts["mid"].median_user_percentage == pytest.approx(100.0)
    assert cohorts["tail"].median_user_percentage == pytest.approx(100 / 3)
    assert cohorts["head"].median_user_percentage is None
    assert cohorts["tail"].item_share == pytest.approx(0.6)
    assert cohorts["tail"].n_train == 5
    assert description.n_train_users == 3


def test_lengths_count_all_interactions_of_a_user() -> None:
    """Users have 1, 2 and 6 interactions: median 2, mean 3."""
    lengths = describe(dataset_of(train=[[1], [1], [1, 2, 1, 2, 1]], test=[[], [2], [2]])).lengths
    assert (lengths.median, lengths.mean, lengths.max) == (2.0, 3.0, 6)


def test_days_are_those_of_the_first_and_last_interaction() -> None:
    description = describe(dataset_of(train=[[1], [1]], test=[[2], [1]]))
    assert (description.first_day, description.last_day) == ("1970-01-01", "1970-01-01")
    assert description.span_days == pytest.approx(3 / 86_400)

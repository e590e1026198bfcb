"""Ranks that are found among those of other targets, on a log small enough to number its targets by hand."""

from dataclasses import replace

import numpy as np
import pytest

from nsbench.data.dataset import Dataset
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.rank_subset import ranks_under
from nsbench.evaluation.targets.target import TargetMode, targets_of
from tests.builder import dataset_of


def log() -> Dataset:
    """Rolling targets: user 0 takes 3, 4 and 3 again, user 1 takes 2 and 4, user 2 takes 1 after its first item, 5."""
    return dataset_of(
        train=[[1, 2], [1, 3], []], valid=[[], [4], []], test=[[3, 4, 3], [2, 4], [5, 1]], seen_items="keep"
    )


def ranked(dataset: Dataset, mode: TargetMode) -> RankTable:
    """Ranks 1, 2, 3, ... of a mode's targets."""
    targets = targets_of(dataset, "test", mode)
    n = len(targets)
    cohorts = np.zeros(n, dtype=np.int8)
    return RankTable(targets.users, targets.items, cohorts, 1.0 + np.arange(n), np.ones(n, dtype=np.int32))


def found(before: TargetMode, asked: TargetMode, **changes: str) -> list[tuple[int, int, float]] | None:
    dataset = log()
    asked_settings = EvaluationSettings.model_validate({"targets": asked, **changes})
    ranks = ranks_under(ranked(dataset, before), dataset, EvaluationSettings(targets=before), asked_settings)
    if ranks is None:
        return None
    return list(zip(ranks.users.tolist(), ranks.items.tolist(), ranks.ranks.tolist(), strict=True))


def test_last_targets_are_the_last_of_each_users_rolling_ones() -> None:
    """Of ranks 1 2 3, 4 5 and 6 the third, fifth and sixth; of user 0, who takes item 3 twice, the second time."""
    assert found("rolling", "last") == [(0, 3, 3.0), (1, 4, 5.0), (2, 1, 6.0)]


def test_all_targets_are_not_among_the_last_ones_nor_is_another_history() -> None:
    """Frozen targets but each user's first have shorter histories than the rolling ones."""
    assert found("last", "rolling") is None
    assert found("rolling", "frozen") is None
    assert found("frozen", "last") is None


@pytest.mark.parametrize(
    "changes",
    [{"ties": "optimistic"}, {"seen_items": "exclude"}, {"cold_items": "tail"}, {"unseen_in_history": "keep"}],
)
def test_what_changes_ranks_is_not_answered_from_them(changes: dict[str, str]) -> None:
    assert found("rolling", "rolling", **changes) is None
    assert found("rolling", "last", **changes) is None


def test_other_cohorts_are_those_of_the_targets_items() -> None:
    """In training item 1 is taken twice, 2 and 3 once, 4 and 5 never: a third of the seen items is 1, two thirds 1 and 2."""
    dataset = log()
    asked = EvaluationSettings(targets="last", cohort_cut="items:0.34,0.67")
    ranks = ranks_under(ranked(dataset, "rolling"), dataset, EvaluationSettings(), asked)
    assert ranks is not None
    assert ranks.cohorts.tolist() == [2, 3, 0]


def test_ranks_of_other_targets_than_the_datasets_say_nothing() -> None:
    dataset = log()
    ranks = ranked(dataset, "rolling")
    other = replace(ranks, items=ranks.items[::-1].copy())
    assert ranks_under(other, dataset, EvaluationSettings(), EvaluationSettings(targets="last")) is None

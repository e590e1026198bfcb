"""Who is shown, on catalogues of a handful of items."""

import pytest

from nsbench.errors import TrainingError
from nsbench.evaluation import candidate
from nsbench.evaluation.lists.exposure import exposure_of
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import targets_of
from tests.builder import dataset_of
from tests.evaluation.scorer_builder import WrittenScorer

LOG = dataset_of(train=[[1, 2, 3, 4], [1]], valid=[[], []], test=[[1, 2], [2]], n_items=5)
"""Three rolling histories: 1 2 3 4, then 1 2 3 4 1, and 1. Item 5 is cold."""

SCORES = [[4, 3, 2, 1, 9], [1, 2, 3, 4, 9], [4, 3, 2, 1, 9]]


def exposure(settings: EvaluationSettings, k: int, scores: list[list[float]] = SCORES) -> list[int]:  # type: ignore[assignment]
    targets = targets_of(LOG, "test", settings.targets)
    return exposure_of(WrittenScorer(scores), LOG, targets, settings, k).tolist()


@pytest.mark.parametrize("stretch", [1, 2, 5])
def test_each_history_recommends_its_k_best_candidates(stretch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen items kept, the cold one no candidate: lists 1 2, 4 3, 1 2."""
    monkeypatch.setattr(candidate, "MIN_ROWS", 1)
    monkeypatch.setattr(candidate, "HOST_BLOCK_BYTES", 4 * stretch)
    assert exposure(EvaluationSettings(seen_items="keep"), 2) == [0, 2, 2, 1, 1, 0]


def test_seen_items_are_not_recommended_and_lists_get_shorter() -> None:
    """The first two histories hold all four candidates; the third holds item 1, so its list is 2 3."""
    assert exposure(EvaluationSettings(seen_items="exclude"), 2) == [0, 0, 1, 1, 0, 0]


def test_cold_items_that_count_as_tail_are_recommended() -> None:
    """Item 5 scores highest in all three lists of one; frozen targets have two histories, one list each."""
    assert exposure(EvaluationSettings(seen_items="keep", cold_items="tail"), 1) == [0, 0, 0, 0, 0, 3]
    settings = EvaluationSettings(seen_items="keep", cold_items="tail", targets="frozen")
    assert exposure(settings, 1) == [0, 0, 0, 0, 0, 2]


def test_more_recommendations_than_candidates_hold_all_of_them() -> None:
    """Ten of four candidates, for three histories."""
    assert exposure(EvaluationSettings(seen_items="keep"), 10) == [0, 3, 3, 3, 3, 0]


def test_a_score_that_is_not_a_number_is_an_error() -> None:
    """Item 3's score is no number."""
    with pytest.raises(TrainingError, match="not a number"):
        exposure(EvaluationSettings(seen_items="keep"), 2, [[4, 3, float("nan"), 1, 9]])

"""One evaluation end to end."""

import pytest

from nsbench.data.dataset import Dataset
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.settings import EvaluationSettings
from tests.builder import dataset_of
from tests.evaluation.scorer_builder import WrittenScorer

SETTINGS = EvaluationSettings(cutoffs=(1, 2))


def log() -> Dataset:
    """Items 1 and 2 head and mid-to-tail, see the test; one user, validation 2 and test 3."""
    return dataset_of(train=[[1, 1, 1, 2, 2, 3], [1]], valid=[[], [2]], test=[[], [3]])


def test_an_evaluation_holds_the_metrics_of_its_ranks() -> None:
    """After 1 2, both excluded, item 3 is alone: rank 1 for any scores. Counts 4 2 1 make it a tail item."""
    result = evaluate(WrittenScorer([[9, 8, 7]]), log(), "test", SETTINGS)
    assert result.ranks.ranks.tolist() == [1]
    assert result.metrics["test/tail/hit_rate_at_1"] == 1
    assert "test/all/coverage_at_10" not in result.metrics


def test_validation_is_named_as_such() -> None:
    """After 1, excluded, item 2 is second of 2 and 3 by the scores 9 7 8."""
    metrics = evaluate(WrittenScorer([[9, 7, 8]]), log(), "valid", SETTINGS).metrics
    assert metrics["valid/all/hit_rate_at_1"] == 0
    assert metrics["valid/all/hit_rate_at_2"] == 1


def test_exposure_is_counted_on_request_without_encoding_again() -> None:
    """The only list holds item 3, one of three candidates; its training count is 1."""
    scorer = WrittenScorer([[9, 8, 7]])
    metrics = evaluate(scorer, log(), "test", SETTINGS, with_exposure=True).metrics
    assert metrics["test/all/coverage_at_10"] == pytest.approx(1 / 3)
    assert metrics["test/all/recommended_popularity_at_10"] == 1
    assert scorer.n_encoded == 1


def test_a_sample_of_users_is_evaluated_on_request() -> None:
    """Two of five users with one test target each."""
    dataset = dataset_of(train=[[1, 2]] * 5, test=[[1]] * 5)
    result = evaluate(WrittenScorer([[1, 2]]), dataset, "test", SETTINGS, n_users=2)
    assert result.metrics["test/all/n_targets"] == 2

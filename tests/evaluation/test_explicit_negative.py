"""Which explicit negatives are ranked, after what, and what is made of their ranks."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nsbench.data.beside.availability import ALWAYS_FROM, Availability
from nsbench.data.dataset import Dataset
from nsbench.evaluation import explicit_negative
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.explicit_negative import negative_targets_of
from nsbench.evaluation.metrics.explicit_negative import preferred_share
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.terms import is_target_count
from tests.builder import dataset_of, with_negatives
from tests.evaluation.scorer_builder import WrittenScorer

LOG = dataset_of(train=[[1, 2, 3, 4, 5], [1, 2]], valid=[[], [3]], test=[[1, 2], [4]], n_items=6)
"""Training at times 0 to 6, validation at 7, test at 8, 9 (user 0) and 10 (user 1). Item 6 is cold."""

NEGATIVES = with_negatives(LOG, train=[[], [5]], test=[[(3, 9)], [(4, 9), (5, 10), (5, 11), (2, 11), (6, 11)]])

KEEP = EvaluationSettings(seen_items="keep")


def shown(dataset: Dataset, settings: EvaluationSettings) -> list[tuple[int, int, list[int]]]:
    """User, item and history of each."""
    found = negative_targets_of(dataset, settings)
    spans = zip(found.histories.start[found.history_of], found.histories.end[found.history_of], strict=True)
    histories = [dataset.item_ids[start:end].tolist() for start, end in spans]
    return list(zip(found.users.tolist(), found.items.tolist(), histories, strict=True))


@pytest.mark.parametrize("at_once", [1, 4, 1 << 22])
def test_a_negative_follows_what_came_before_its_time(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At 9 user 0 has test item 1 of time 8 behind him and item 2 of time 9 not; cold item 6 is no candidate."""
    monkeypatch.setattr(explicit_negative, "PLACES_AT_ONCE", at_once)
    assert shown(NEGATIVES, KEEP) == [
        (0, 3, [1, 2, 3, 4, 5, 1]),
        (1, 4, [1, 2, 3]),
        (1, 5, [1, 2, 3]),
        (1, 5, [1, 2, 3, 4]),
        (1, 2, [1, 2, 3, 4]),
    ]


def test_frozen_histories_end_with_validation() -> None:
    found = shown(NEGATIVES, EvaluationSettings(seen_items="keep", targets="frozen"))
    assert [history for _, _, history in found] == [[1, 2, 3, 4, 5], *[[1, 2, 3]] * 4]


def test_what_is_excluded_as_seen_could_not_be_recommended() -> None:
    """User 0 has had item 3, and user 1 item 2."""
    assert [row[:2] for row in shown(NEGATIVES, EvaluationSettings(seen_items="exclude"))] == [(1, 4), (1, 5), (1, 5)]


def test_what_is_not_available_at_its_time_could_not_be_recommended() -> None:
    """Item 5 is there until time 10."""
    last = np.full(7, 100)
    last[5] = 10
    dated = replace(NEGATIVES, availability=Availability(np.full(7, ALWAYS_FROM), last))
    assert [row[:2] for row in shown(dated, KEEP)] == [(0, 3), (1, 4), (1, 5), (1, 2)]


def test_negatives_before_the_test_are_not_ranked() -> None:
    assert shown(with_negatives(LOG, train=[[1], [5]], test=[[(3, 7)]]), KEEP) == []


def test_an_evaluation_counts_them_and_sets_positives_beside() -> None:
    """All scores are 6 5 4 3 2 of items 1 to 5, so that ranks are the items' ids.

    Negatives rank 3 (user 0) and 4 5 5 2 (user 1): one of five is among the first two. User 0's positives rank 1 and 2, above
    3 in both pairs; user 1's ranks 4: above 5 and 5, level with 4 and below 2, 2.5 of 4.
    """
    settings = EvaluationSettings(seen_items="keep", cutoffs=(2,))
    found = evaluate(WrittenScorer([[6, 5, 4, 3, 2, 1]]), NEGATIVES, "test", settings)
    assert found.negative_ranks is not None
    assert found.negative_ranks.ranks.tolist() == [3, 4, 5, 5, 2]
    own = {name: value for name, value in found.metrics.items() if "explicit" in name}
    assert own == {
        "test/explicit_negatives/n_targets": 5,
        "test/explicit_negatives/hit_rate_at_2": pytest.approx(1 / 5),
        "test/explicit_negatives/preferred_share": pytest.approx((1 + 2.5 / 4) / 2),
    }
    assert is_target_count("test/explicit_negatives/n_targets")


def test_a_dataset_without_them_has_no_such_metric() -> None:
    scorer, settings = WrittenScorer([[6, 5, 4, 3, 2, 1]]), EvaluationSettings(cutoffs=(2,))
    found = evaluate(scorer, LOG, "test", settings)
    assert found.negative_ranks is None
    assert not [name for name in found.metrics if "explicit" in name]
    positives = evaluate(WrittenScorer([[6, 5, 4, 3, 2, 1]]), NEGATIVES, "test", settings).metrics
    assert {name: positives[name] for name in found.metrics} == pytest.approx(dict(found.metrics), nan_ok=True)


def test_validation_leaves_them_alone() -> None:
    found = evaluate(WrittenScorer([[6, 5, 4, 3, 2, 1]]), NEGATIVES, "valid", KEEP)
    assert found.negative_ranks is None


def test_without_a_user_who_has_both_no_share_is_defined() -> None:
    assert math.isnan(preferred_share(np.array([1]), np.array([1.0]), np.array([2]), np.array([1.0])))


def test_a_positive_that_is_no_candidate_ranks_below_all_negatives() -> None:
    """Ranks infinity and 2, negative 5: one pair of two."""
    share = preferred_share(np.array([4, 4]), np.array([np.inf, 2.0]), np.array([4]), np.array([5.0]))
    assert share == 0.5

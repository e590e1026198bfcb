"""What a model recommends is what its scores say, to whom they may say it."""

import numpy as np
import pytest
import torch

from nsbench.data.dataset import Histories
from nsbench.errors import SettingsError
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.trained.recommender import Choice, Recommender, histories_of
from tests.trained.model_builder import model_of


def rows(*histories: list[int]) -> Histories:
    return histories_of([np.array(history, dtype=np.int32) for history in histories])


def by_definition(
    trained: object, histories: list[list[int]], k: int, allowed: set[int], *, exclude: bool
) -> list[list[int]]:
    """Lists from every score, item by item."""
    scorer = ModelScorer(trained.model)  # type: ignore[attr-defined]
    scores = scorer.score(scorer.encode(rows(*histories)), 0, len(trained.items) + 1).tolist()  # type: ignore[attr-defined]
    lists = []
    for history, row in zip(histories, scores, strict=True):
        may = [item for item in sorted(allowed) if not (exclude and item in history)]
        lists.append(sorted(may, key=lambda item: (-row[item], item))[:k])
    return lists


@pytest.mark.parametrize("seen", ["keep", "exclude"])
def test_a_list_holds_the_highest_scored_candidates(seen: str) -> None:
    trained = model_of(40)
    histories = [[3], [1, 2, 3, 4, 5, 6, 7], [40, 1], [9, 9, 9]]
    found = Recommender(trained, Choice(5, seen)).recommend(rows(*histories))  # type: ignore[arg-type]
    assert found.items.tolist() == by_definition(trained, histories, 5, set(range(1, 41)), exclude=seen == "exclude")
    assert not found.is_fallback.any()
    assert (np.diff(found.scores, axis=1) <= 0).all()


def test_allowed_and_denied_items_are_kept_to() -> None:
    trained = model_of(40)
    allowed, denied = np.array([2, 4, 6, 8, 30], dtype=np.int32), np.array([4, 7], dtype=np.int32)
    found = Recommender(trained, Choice(10, "exclude", allowed, denied)).recommend(rows([2, 5], [1]))
    wanted = by_definition(trained, [[2, 5], [1]], 10, {2, 6, 8, 30}, exclude=True)
    assert found.items.tolist() == [[*wanted[0], 0], wanted[1]]
    assert np.isnan(found.scores[0, 3])
    with pytest.raises(SettingsError, match="nothing is left to recommend"):
        Recommender(trained, Choice(10, "keep", np.array([7], dtype=np.int32), denied))


def test_the_rule_on_seen_items_is_the_models_unless_asked_otherwise() -> None:
    for rule in ("keep", "exclude"):
        trained = model_of(6, seen_items=rule)
        as_model = Recommender(trained, Choice(6)).recommend(rows([1, 2]))
        asked = Recommender(trained, Choice(6, rule)).recommend(rows([1, 2]))  # type: ignore[arg-type]
        assert as_model.items.tolist() == asked.items.tolist()
        assert (1 in as_model.items[0]) == (rule == "keep")


def test_a_history_without_a_known_item_gets_the_most_popular_ones() -> None:
    """Items are numbered by falling popularity; of the items that may be recommended here, 2 and 3 are the most popular."""
    trained = model_of(9)
    found = Recommender(trained, Choice(2, denied=np.array([1], dtype=np.int32))).recommend(rows([], [5], []))
    assert found.is_fallback.tolist() == [True, False, True]
    assert found.items[[0, 2]].tolist() == [[2, 3], [2, 3]]
    assert np.isnan(found.scores[[0, 2]]).all()


def test_items_without_training_are_not_recommended_and_not_shown_to_the_model() -> None:
    """Item 9 of 9 has no training interaction: a history of 5 and 9 is one of 5, and one of 9 alone is no fallback."""
    trained = model_of(9, n_trained=8)
    recommender = Recommender(trained, Choice(9))
    found = recommender.recommend(rows([5, 9], [5], [9]))
    assert found.items[0].tolist() == found.items[1].tolist()
    assert sorted(found.items[0].tolist()) == list(range(1, 9))
    assert not found.is_fallback[2]


def test_lists_do_not_depend_on_who_is_asked_for_beside() -> None:
    """700 histories are scored in three blocks, those without a known item apart."""
    trained = model_of(50)
    generator = np.random.default_rng(0)
    histories = [generator.integers(1, 51, size=int(generator.integers(0, 5))).tolist() for _ in range(700)]
    recommender = Recommender(trained, Choice(4, "exclude"))
    together = recommender.recommend(rows(*histories)).items
    alone = [recommender.recommend(rows(history)).items[0].tolist() for history in histories[::50]]
    assert together[::50].tolist() == alone


def test_a_history_of_100000_items_is_seen_whole() -> None:
    """Items 1 to 49 in turn: only item 50 was never had, and the model sees the last three items."""
    trained = model_of(50)
    history = [1 + step % 49 for step in range(100_000)]
    found = Recommender(trained, Choice(3, "exclude")).recommend(rows(history))
    assert found.items.tolist() == [[50, 0, 0]]
    kept = Recommender(trained, Choice(3, "keep")).recommend(rows(history, history[-3:]))
    assert kept.items[0].tolist() == kept.items[1].tolist()


def test_the_scores_are_products_of_state_and_vector() -> None:
    trained = model_of(5, vectors=torch.eye(5, 4))
    state = ModelScorer(trained.model).encode(rows([2]))[0].tolist()
    found = Recommender(trained, Choice(5)).recommend(rows([2]))
    scores = dict(zip(found.items[0].tolist(), found.scores[0].tolist(), strict=True))
    assert scores == pytest.approx({1: state[0], 2: state[1], 3: state[2], 4: state[3], 5: 0.0})

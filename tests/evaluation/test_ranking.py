"""Ranks on catalogues of a handful of items."""

import numpy as np
import pytest
import torch

from nsbench.data.dataset import Dataset, Histories
from nsbench.errors import TrainingError
from nsbench.evaluation import candidate
from nsbench.evaluation.ranking import rank_targets
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.shard import WHOLE
from nsbench.evaluation.targets.target import targets_of
from nsbench.terms import Cohort
from tests.builder import dataset_of
from tests.evaluation.scorer_builder import WrittenScorer

KEEP = EvaluationSettings(seen_items="keep")


def ranks_of(scorer: Scorer, dataset: Dataset, settings: EvaluationSettings = KEEP) -> list[float]:
    """The test targets' ranks."""
    return rank_targets(scorer, dataset, targets_of(dataset, "test", settings.targets), settings).ranks.tolist()


def one_target(item: int, history: list[int], seen_items: str = "exclude") -> Dataset:
    """Items 1 to 5, each once in another user's training; `item` after `history`."""
    return dataset_of(train=[[1, 2, 3, 4, 5], []], valid=[[], history], test=[[], [item]], seen_items=seen_items)


def test_rank_is_one_plus_the_items_that_score_higher() -> None:
    """Of the scores 5 1 4 2 3, item 5's 3 is exceeded by 5 and 4."""
    assert ranks_of(WrittenScorer([[5, 1, 4, 2, 3]]), one_target(5, [1])) == [3]


@pytest.mark.parametrize(("ties", "rank"), [("mean", 3.0), ("optimistic", 2.0)])
def test_ties_count_half_or_not_at_all(ties: str, rank: float) -> None:
    """Scores 9 5 5 5 1: item 3 shares places 2, 3 and 4 with two others, whose mean is 3 and whose best is 2."""
    settings = EvaluationSettings(seen_items="keep", ties=ties)  # type: ignore[arg-type]
    dataset = one_target(3, [1])
    table = rank_targets(WrittenScorer([[9, 5, 5, 5, 1]]), dataset, targets_of(dataset, "test", "rolling"), settings)
    assert table.ranks.tolist() == [rank]
    assert table.n_tied.tolist() == ([3] if ties == "mean" else [1])


def test_a_target_whose_score_is_not_a_number_is_an_error_and_no_first_place() -> None:
    """Nothing is higher than it."""
    with pytest.raises(TrainingError, match="not a number"):
        ranks_of(WrittenScorer([[5, 1, float("nan"), 2, 3]]), one_target(3, [1]))


@pytest.mark.parametrize(("seen_items", "rank"), [("keep", 4.0), ("exclude", 2.0)])
def test_seen_items_leave_the_ranking_once_however_often_they_were_seen(seen_items: str, rank: float) -> None:
    """Scores 5 4 3 2 1, target 4, history 1 2 1 1: without 1 and 2 only item 3 is above it."""
    settings = EvaluationSettings(seen_items=seen_items)  # type: ignore[arg-type]
    assert ranks_of(WrittenScorer([[5, 4, 3, 2, 1]]), one_target(4, [1, 2, 1, 1]), settings) == [rank]


def test_a_seen_item_of_equal_score_leaves_the_ranking_too() -> None:
    """Scores 7 7 0 0 0, target 2, history 1: alone at 7, so rank 1; with item 1 it would be 1.5."""
    assert ranks_of(WrittenScorer([[7, 7, 0, 0, 0]]), one_target(2, [1]), EvaluationSettings()) == [1]


def test_a_target_that_was_seen_before_is_ranked_all_the_same() -> None:
    """Scores 5 4 3 2 1, target 3, history 3 1 3: item 1 is excluded, item 2 is above, so rank 2."""
    assert ranks_of(WrittenScorer([[5, 4, 3, 2, 1]]), one_target(3, [3, 1, 3]), EvaluationSettings()) == [2]


@pytest.mark.parametrize(("card", "rank"), [("keep", 3.0), ("exclude", 2.0)])
def test_the_card_decides_on_seen_items_unless_the_settings_do(card: str, rank: float) -> None:
    """Scores 5 4 3 2 1, target 3, history 1."""
    assert ranks_of(WrittenScorer([[5, 4, 3, 2, 1]]), one_target(3, [1], card), EvaluationSettings()) == [rank]


def cold_log() -> Dataset:
    """Item 1 twice and item 2 once in training, head and mid; 3 and 4 cold; test targets 4 and then 2."""
    return dataset_of(train=[[1, 1, 2]], test=[[4, 2]], n_items=4)


def test_cold_items_are_no_candidates_and_their_targets_rank_infinite() -> None:
    """Scores 1 2 9 9: item 4 is no candidate; item 2 is first of the candidates 1 and 2."""
    dataset = cold_log()
    table = rank_targets(WrittenScorer([[1, 2, 9, 9]]), dataset, targets_of(dataset, "test", "rolling"), KEEP)
    assert table.ranks.tolist() == [np.inf, 1]
    assert table.cohorts.tolist() == [Cohort.COLD, Cohort.MID]
    assert table.items.tolist() == [4, 2]


def test_cold_items_that_count_as_tail_are_candidates() -> None:
    """Scores 1 2 9 8: item 4 is second, item 2 third."""
    dataset = cold_log()
    settings = EvaluationSettings(seen_items="keep", cold_items="tail")
    table = rank_targets(WrittenScorer([[1, 2, 9, 8]]), dataset, targets_of(dataset, "test", "rolling"), settings)
    assert table.ranks.tolist() == [2, 3]
    assert table.cohorts.tolist() == [Cohort.TAIL, Cohort.MID]


def test_frozen_targets_encode_each_history_once() -> None:
    """Two users with three test items each: two histories, six targets."""
    dataset = dataset_of(train=[[1, 2, 3], [1, 2, 3]], test=[[1, 2, 3], [3, 2, 1]])
    scorer = WrittenScorer([[3, 2, 1], [1, 2, 3]])
    settings = EvaluationSettings(seen_items="keep", targets="frozen")
    assert ranks_of(scorer, dataset, settings) == [1, 2, 3, 1, 2, 3]
    assert scorer.n_encoded == 2


def test_a_catalogue_of_one_stretch_is_scored_once() -> None:
    """Four targets over five items: 20 scores."""
    dataset = dataset_of(train=[[1, 2, 3, 4, 5]], test=[[1, 2, 3, 4]])
    scorer = WrittenScorer([[5, 4, 3, 2, 1]])
    ranks_of(scorer, dataset)
    assert scorer.n_scored == 20


class VectorScorer:
    """Scores by products of small whole numbers, exact in float32 in whatever order they are summed."""

    shard = WHOLE

    def __init__(self, n_items: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self._items = torch.randint(-3, 4, (n_items + 1, 5), generator=generator).float()

    def encode(self, histories: Histories) -> torch.Tensor:
        return self._items[torch.from_numpy(histories.item_ids[histories.end - 1]).long()]

    def score(self, states: torch.Tensor, first: int, end: int) -> torch.Tensor:
        return states @ self._items[first:end].T


def random_log(seed: int) -> Dataset:
    """40 users over 30 items, three of them cold."""
    generator = np.random.default_rng(seed)
    train = [[*range(1, 28)]] + [generator.integers(1, 28, 6).tolist() for _ in range(39)]
    counts = np.bincount(np.concatenate(train), minlength=31)[1:]
    order = {int(item) + 1: place for place, item in enumerate(np.argsort(-counts, kind="stable"), 1)}
    test = [generator.integers(1, 31, 4).tolist() for _ in range(40)]
    return dataset_of([[order[i] for i in row] for row in train], test=test, n_items=30)


def slow_rank(scores: list[float], target: int, seen: set[int], n_candidates: int, ties: str) -> float:
    """The definition, item by item; scores[j] is item j + 1's."""
    if target > n_candidates:
        return float("inf")
    others = [scores[j - 1] for j in range(1, n_candidates + 1) if j != target and j not in seen]
    own = scores[target - 1]
    equal = sum(score == own for score in others)
    return 1 + sum(score > own for score in others) + (equal / 2 if ties == "mean" else 0)


@pytest.mark.parametrize("block", [(1, 1), (1, 7), (3, 4), (64, 30), (1000, 1000)])
@pytest.mark.parametrize("mode", ["rolling", "frozen", "last"])
@pytest.mark.parametrize("ties", ["mean", "optimistic"])
@pytest.mark.parametrize("cold_items", ["separate", "tail"])
def test_ranks_agree_with_the_definition_whatever_the_blocks(
    block: tuple[int, int], mode: str, ties: str, cold_items: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared with a loop over items; whole-number scores have many ties, histories many repeats."""
    n_rows, n_items = block
    monkeypatch.setattr(candidate, "MIN_ROWS", n_rows)
    monkeypatch.setattr(candidate, "HOST_BLOCK_BYTES", 4 * n_rows * n_items)
    dataset = random_log(1)
    settings = EvaluationSettings.model_validate(
        {"targets": mode, "ties": ties, "cold_items": cold_items, "seen_items": "exclude", "unseen_in_history": "keep"}
    )
    targets = targets_of(dataset, "test", settings.targets)
    scorer = VectorScorer(30)
    histories = targets.histories
    scores = scorer.score(scorer.encode(histories), 1, 31).tolist()
    n_candidates = 30 if cold_items == "tail" else dataset.n_candidates
    expected = [
        slow_rank(
            scores[row],
            int(item),
            set(histories.item_ids[histories.start[row] : histories.end[row]].tolist()),
            n_candidates,
            ties,
        )
        for row, item in zip(targets.history_of, targets.items, strict=True)
    ]
    assert rank_targets(scorer, dataset, targets, settings).ranks.tolist() == expected


def test_a_model_whose_items_are_all_alike_ranks_every_target_in_the_middle() -> None:
    """1,001 equal vectors: each target ties with all others, so its mean rank is 501.

    But for a few: a product may sum its last columns in another order, and 0.1 x 0.3 is no exact float32.
    """

    class Collapsed:
        shard = WHOLE

        def encode(self, histories: Histories) -> torch.Tensor:
            return torch.full((len(histories), 50), 0.1)

        def score(self, states: torch.Tensor, first: int, end: int) -> torch.Tensor:
            return states @ torch.full((50, end - first), 0.3)

    dataset = dataset_of(train=[[*range(1, 1002)]], test=[[1, 500, 1001]])
    assert ranks_of(Collapsed(), dataset) == pytest.approx([501, 501, 501], abs=8)


def test_blocks_stay_within_the_budget_for_every_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """From one item to ten million; the budget itself is HOST_BLOCK_BYTES, four bytes a score."""
    for n_items in (1, 1_000, 12_101, 10_000_000):
        shape = candidate.block_shape(torch.device("cpu"), n_items)
        assert 4 * shape.n_rows * shape.n_items <= candidate.HOST_BLOCK_BYTES
        assert shape.n_rows >= 1
        assert 1 <= shape.n_items <= n_items

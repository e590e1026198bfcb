"""The baselines on logs of a few interactions."""

from dataclasses import replace

import numpy as np

from nsbench.data.dataset import Histories
from nsbench.evaluation.baseline import SECONDS_A_DAY, MarkovBaseline, PopularityBaseline
from nsbench.evaluation.ranking import rank_targets
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import targets_of
from tests.builder import dataset_of

KEEP = EvaluationSettings(seen_items="keep")


def order_after(scorer: Scorer, last_item: int, n_items: int) -> list[int]:
    """All items, best first, after a history that ends with an item."""
    histories = Histories(np.array([last_item], dtype=np.int32), np.array([0]), np.array([1]))
    return (1 + np.argsort(-scorer.score(scorer.encode(histories), 1, n_items + 1)[0].numpy(), kind="stable")).tolist()


def test_popularity_ranks_by_training_count_and_ties_share_their_rank() -> None:
    """Counts 3 2 1 1: the test items 1 2 3 4 rank 1, 2 and, tied, 3.5 twice; test interactions don't count."""
    dataset = dataset_of(train=[[1, 1, 2], [1, 2, 3], [4]], test=[[1, 2, 3, 4], [4], [4]])
    table = rank_targets(PopularityBaseline.all_time(dataset), dataset, targets_of(dataset, "test", "rolling"), KEEP)
    assert table.ranks.tolist() == [1, 2, 3.5, 3.5, 3.5, 3.5]


def test_popularity_tells_counts_apart_that_float32_does_not() -> None:
    """2^24 and 2^24 + 1 are one number in float32."""
    scorer = PopularityBaseline(np.array([0, 2**24, 2**24 + 1]))
    assert order_after(scorer, 1, 2) == [2, 1]


def test_popularity_of_the_last_days_counts_only_them() -> None:
    """Training 1 1 1 2 2 3, a day apart each: of the last two days item 2 has one interaction, item 3 one, item 1 none.

    The test interaction of item 1 on the seventh day is not looked at. An interaction exactly two days before the last
    one of training is too old.
    """
    dataset = dataset_of(train=[[1, 1, 1, 2, 2, 3]], test=[[1]])
    dataset = replace(dataset, timestamps=dataset.timestamps * SECONDS_A_DAY)
    scores = PopularityBaseline.last_days(dataset, 2)
    histories = Histories(dataset.item_ids, np.array([0]), np.array([1]))
    one, two, three = scores.score(scores.encode(histories), 1, 4)[0].tolist()
    assert two == three > one
    three_days = PopularityBaseline.last_days(dataset, 3)
    assert order_after(three_days, 1, 3) == [2, 3, 1]


def test_markov_ranks_by_transitions_then_by_popularity() -> None:
    """After 2 came 3 twice and 4 once; 1 and 2, never after 2, follow by their counts 5 and 3."""
    dataset = dataset_of(train=[[2, 3], [2, 3], [2, 4], [1], [1], [1], [1], [1, 3, 4]], test=[[]] * 8)
    assert order_after(MarkovBaseline(dataset), 2, 4) == [3, 4, 1, 2]


def test_markov_breaks_equal_transitions_by_popularity() -> None:
    """After 3 came 4 and 1, once each; item 1 is the more popular."""
    dataset = dataset_of(train=[[3, 4], [3, 1], [1], [1, 2], [2]])
    assert order_after(MarkovBaseline(dataset), 3, 4) == [1, 4, 2, 3]


def test_markov_counts_no_pair_across_users_or_out_of_training() -> None:
    """1 2 are consecutive in the flat array only across users, and 2 3 only across training and validation."""
    dataset = dataset_of(train=[[1], [2], [], [1]], valid=[[], [3]], test=[[], [1]])
    scorer = MarkovBaseline(dataset)
    histories = Histories(dataset.item_ids, np.array([0, 1]), np.array([1, 2]))
    assert (scorer.score(scorer.encode(histories), 1, 4) < 1).all()


def test_markov_scores_of_a_stretch_are_those_of_the_catalogue() -> None:
    """Random log of 12 items; stretches of 5 put side by side equal the whole."""
    generator = np.random.default_rng(0)
    dataset = dataset_of(train=[[*range(1, 13)], *(generator.permutation(np.arange(1, 13)).tolist() for _ in range(5))])
    scorer = MarkovBaseline(dataset)
    states = scorer.encode(Histories(dataset.item_ids, np.arange(12), np.arange(12) + 1))
    whole = scorer.score(states, 1, 13)
    for first in (1, 6, 11):
        end = min(first + 5, 13)
        assert (scorer.score(states, first, end) == whole[:, first - 1 : end - 1]).all()

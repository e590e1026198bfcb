"""Whether the order of a log says anything: yes where each item follows from the last one, no where order was drawn by lot."""

import json
from pathlib import Path

import numpy as np
import pytest

from nsbench.data.dataset import Dataset
from nsbench.evaluation.sequentiality import Accuracy, Sequentiality, n_frequent_pairs, sequentiality_of, shuffled
from nsbench.files.home import Home
from tests.builder import dataset_of
from tests.cli.in_process import nsbench
from tests.trained.model_builder import prepared_letters

N_ITEMS = 60


def drawn_log(seed: int) -> Dataset:
    """400 users with a taste of their own: 12 items each out of 15 that the user likes, in an order drawn by lot."""
    generator = np.random.default_rng(seed)
    rows = [generator.choice(np.arange(1, N_ITEMS + 1), 15, replace=False)[:13] for _ in range(400)]
    return numbered([list(row) for row in rows])


def ring_log() -> Dataset:
    """400 users who walk up a ring of 60 items."""
    generator = np.random.default_rng(0)
    return numbered(
        [[(int(start) + step) % N_ITEMS + 1 for step in range(13)] for start in generator.integers(60, size=400)]
    )


def numbered(rows: list[list[int]]) -> Dataset:
    """A log of whole rows, of which the last is the test and the one before validation; frequent items have small ids."""
    counts = np.bincount([item for row in rows for item in row[:11]], minlength=N_ITEMS + 1)
    number = np.empty(N_ITEMS + 1, dtype=int)
    number[np.argsort(-counts[1:], kind="stable") + 1] = np.arange(1, N_ITEMS + 1)
    renamed = [[int(number[item]) for item in row] for row in rows]
    return dataset_of(
        [row[:11] for row in renamed],
        [row[11:12] for row in renamed],
        [row[12:] for row in renamed],
        n_items=N_ITEMS,
        seen_items="keep",
    )


def test_a_ring_is_sequential() -> None:
    found = sequentiality_of(ring_log())
    assert found.chain.hit_rate == found.chain.ndcg == 1
    assert found.is_sequential
    assert found.verdict.startswith("This log's order carries information: the Markov chain's NDCG at 10 is 100.00 %")
    assert found.n_pairs == N_ITEMS


@pytest.mark.parametrize("seed", range(4))
def test_orders_drawn_by_lot_are_not(seed: int) -> None:
    found = sequentiality_of(drawn_log(seed))
    assert not found.is_sequential
    assert found.verdict.startswith("No information in this log's order is found")


@pytest.mark.parametrize(
    ("ndcg", "verdict"),
    [
        (
            0.0056,
            "This log's order carries information: the Markov chain's NDCG at 10 is 0.56 %, against 0.51 ± 0.01 % with each",
        ),
        (
            0.0055,
            "No information in this log's order is found: the Markov chain's NDCG at 10 is 0.55 %, against 0.51 ± 0.01 %",
        ),
    ],
)
def test_the_spread_of_the_shuffled_logs_decides(ndcg: float, verdict: str) -> None:
    """.0050 .0051 .0052: mean .0051, deviation .0001; t of 2 degrees is 4.30, and 4.30 x 1.155 x .0001 is .0005."""
    spread = tuple(Accuracy(hit_rate=0.01, ndcg=one) for one in (0.0050, 0.0052, 0.0051))
    found = Sequentiality(
        k=10,
        chain=Accuracy(hit_rate=0.03, ndcg=ndcg),
        shuffled_chains=spread,
        popularity=spread[0],
        n_targets=9,
        support=5,
        n_pairs=0,
        shuffled_n_pairs=(),
    )
    assert found.verdict.startswith(verdict)
    assert "(hit rate 3.00 % against 1.00 %)" in found.verdict


def test_the_same_log_gives_the_same_numbers() -> None:
    log = drawn_log(0)
    assert sequentiality_of(log, n_shuffles=2) == sequentiality_of(log, n_shuffles=2)


def test_shuffling_keeps_each_users_training_items_and_everything_after_them() -> None:
    log = drawn_log(1)
    other = shuffled(log, np.random.default_rng(0))
    assert not np.array_equal(other.item_ids, log.item_ids)
    for user in range(log.n_users):
        begin, end, last = int(log.offsets[user]), int(log.train_end[user]), int(log.offsets[user + 1])
        assert sorted(other.item_ids[begin:end]) == sorted(log.item_ids[begin:end])
        assert other.item_ids[end:last].tolist() == log.item_ids[end:last].tolist()


def test_a_pair_counts_once_for_each_user_and_in_its_order() -> None:
    """1 2 is taken in a row by users 0, 1 and 2, by user 0 twice; 2 1 by users 0 and 3; 2 3 by user 1 in validation alone."""
    log = dataset_of([[1, 2, 1, 2], [1, 2], [1, 2], [2, 1]], valid=[[], [3], [], []], n_items=3)
    assert [n_frequent_pairs(log, support) for support in (1, 2, 3, 4)] == [2, 2, 1, 0]


def test_the_command_shows_the_test_and_says_it_in_json(tmp_path: Path) -> None:
    prepared_letters(Home(tmp_path))
    shown = nsbench(tmp_path, "data", "describe", "letters", "--sequential")
    assert shown.code == 0, shown.err
    assert "shuffled within each user's training" in shown.out
    assert "This log's order carries information" in shown.out
    document = json.loads(nsbench(tmp_path, "data", "describe", "letters", "--sequential", "--json").out)
    assert document["sequentiality"]["is_sequential"]
    assert len(document["sequentiality"]["shuffled_chains"]) == 10
    assert "sequentiality" not in json.loads(nsbench(tmp_path, "data", "describe", "letters", "--json").out)

"""The chain's stated probabilities are the ones that logs are drawn with, and its ranks the ones of those probabilities."""

import numpy as np
import pytest
from numpy.typing import NDArray

from nsbench.data.cohort import cohorts_of
from nsbench.data.dataset import Dataset, Histories
from nsbench.data.synthetic.best_reachable import best_reachable, most_wanted, truth_of
from nsbench.data.synthetic.markov_chain import Chain, draw_chain
from nsbench.data.synthetic.shapes import SHAPES, Likeness
from nsbench.data.synthetic.synthetic_log import draw_log
from tests.builder import dataset_of


def chain_like(like: Likeness, n_items: int = 100, popularity_bias: float = 0.0) -> Chain:
    return draw_chain(SHAPES[like], n_items, 1.0, np.random.default_rng(3), popularity_bias)


def hand_chain(copy_probability: float = 0.0, popularity_bias: float = 0.0) -> Chain:
    """Six items in three groups {0, 3}, {1, 4}, {2, 5}, with popularity .3 .2 .2 .1 .1 .1 for items 0 to 5."""
    weights = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    in_groups = np.array([0, 3, 1, 4, 2, 5])
    return Chain(
        weights=weights,
        group_of=np.array([0, 1, 2, 0, 1, 2]),
        members=np.array([[0, 3], [1, 4], [2, 5]]),
        group_end=np.array([0.0, 0.4, 0.7, 1.0]),
        cumulative=np.cumsum(weights[in_groups]),
        in_groups=in_groups,
        available_from=np.zeros(6, dtype=np.int64),
        copy_probability=copy_probability,
        popularity_bias=popularity_bias,
    )


def test_next_item_comes_from_the_own_or_next_group_or_the_catalogue() -> None:
    """After item 0 (group 0, mass .4; group 1 has .3): .2/.4 * w in group 0, .5/.3 * w in group 1, .3 * w anywhere.

    item 1: .2 * (5/3 + .3) = .39333; item 2: .2 * .3 = .06; item 3: .1 * (.5 + .3) = .08; item 4: .19667; item 5: .03.
    Item 0 is seen and leaves; the rest sums to .76.
    """
    row = hand_chain().probabilities(np.array([0]))
    assert row * 0.76 == pytest.approx([0.0, 0.59 / 1.5, 0.06, 0.08, 0.295 / 1.5, 0.03])


def test_copies_go_to_earlier_items_but_never_to_the_last_one() -> None:
    """History 2, 0 with half copies: item 2 gets .5 * .06 + .5 * 1/2 = .28; items 1, 3, 4, 5 half of the test above
    (.19667, .04, .09833, .015); item 0 can't come at once. The sum is .63.
    """
    row = hand_chain(copy_probability=0.5).probabilities(np.array([2, 0]))
    assert row * 0.63 == pytest.approx([0.0, 0.59 / 3, 0.28, 0.04, 0.295 / 3, 0.015])


def test_exposure_is_popularity_over_the_highest_one_to_the_power_of_the_bias() -> None:
    """Popularity .3 .2 .2 .1 .1 .1; without a bias all is shown."""
    assert hand_chain(popularity_bias=1.0).exposure == pytest.approx([1, 2 / 3, 2 / 3, 1 / 3, 1 / 3, 1 / 3])
    assert hand_chain(popularity_bias=0.5).exposure[3] == pytest.approx(3**-0.5)
    assert hand_chain().exposure.tolist() == [1] * 6


@pytest.mark.parametrize(("like", "bias"), [("demo", 0.0), ("demo", 1.0), ("retailrocket", 0.0), ("retailrocket", 0.7)])
def test_drawn_items_follow_the_stated_probabilities(like: Likeness, bias: float) -> None:
    """Third items after each drawn pair, against the stated probabilities of the same pairs: the number in each tenth of
    the catalogue is a sum of independent draws, so its distance from its mean is within 5 standard deviations. With a bias
    they are in proportion to the stated ones times the exposure.
    """
    chain = chain_like(like, popularity_bias=bias)
    shape = SHAPES[like]
    rows = [rows_of(chunk.users, chunk.items) for chunk in draw_log(chain, shape, 8_000, 80_000, seed=5)]
    triples = np.concatenate([[row[:3] for row in part if len(row) > 2] for part in rows])
    on_sale = chain.available_from == 0
    expected, variance, found = np.zeros(10), np.zeros(10), np.zeros(10)
    tenth = np.arange(chain.n_items) // 10
    for first, second, third in triples:
        row = chain.probabilities(np.array([first, second]))
        row = np.where(on_sale, row * chain.exposure, 0.0)
        row /= row.sum()
        share = np.bincount(tenth, weights=row, minlength=10)
        expected += share
        variance += share * (1 - share)
        found[tenth[third]] += 1
    # Two late items of a hundred are on sale for part of the time only: leave their tenths to a wider bound.
    assert np.all(np.abs(found - expected) < 5 * np.sqrt(variance) + 0.002 * len(triples))


def rows_of(users: NDArray[np.int64], items: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    return np.split(items, np.flatnonzero(np.diff(users)) + 1)


def test_best_ranking_hits_what_the_probabilities_say() -> None:
    """After item 0 the ranking of `hand_chain` is 1, 4, 3, 2, 5 (probabilities in the test above).

    User 0 takes 4 (rank 2: hit at 2), user 1 takes 3 (rank 3: miss). Popularity order in training is 0, 1, 2, 3, 4, 5, so
    dataset ids are the chain's plus 1, and user 2 and 3 make every item a candidate.
    """
    train = [[1], [1], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5], [1, 2, 3], [1, 2]]
    dataset = dataset_of(train, test=[[5], [4]])
    best = best_reachable(dataset, np.arange(-1, 6), hand_chain(), k=2)
    assert best.hit_rate["all"] == 0.5


def test_items_unseen_in_training_take_no_place_and_are_never_hit() -> None:
    """As above, but item 1 (chain) is never trained on: user 1's item 3 moves up to rank 2 and hits; user 0, who takes
    item 1, misses: it is no candidate. The dataset's ids: chain 0, 2, 3, 4, 5 -> 1..5, and chain 1 -> 6.
    """
    train = [[1], [1], [1, 2, 3, 4, 5], [1, 2, 3, 4], [1, 2, 3], [1, 2]]
    dataset = dataset_of(train, test=[[6], [3]], n_items=6)
    best = best_reachable(dataset, np.array([-1, 0, 2, 3, 4, 5, 1]), hand_chain(), k=2)
    assert best.hit_rate["all"] == 0.5


@pytest.mark.parametrize("bias", [0.0, 0.8])
@pytest.mark.parametrize("like", ["demo", "amazon-beauty", "retailrocket"])
def test_counted_ranks_agree_with_sorting_the_whole_row(like: Likeness, bias: float) -> None:
    """Hit rates at 5 by `Chain.probabilities` times the exposure, one whole row a target, on a small log."""
    chain = chain_like(like, popularity_bias=bias)
    dataset, chain_items = split_log(chain, like)
    best = best_reachable(dataset, chain_items, chain, k=5)
    hits, cohorts = [], []
    for user in range(dataset.n_users):
        for position in range(max(dataset.valid_end[user], dataset.offsets[user] + 1), dataset.offsets[user + 1]):
            history = chain_items[dataset.item_ids[dataset.offsets[user] : position]]
            row = (chain.probabilities(history) * chain.exposure)[chain_items[1 : dataset.n_candidates + 1]]
            target = dataset.item_ids[position]
            hits.append(target <= dataset.n_candidates and np.sum(row > row[target - 1]) < 5)
            cohorts.append(cohorts_of(dataset.train_counts)[target])
    hit, cohort = np.array(hits), np.array(cohorts)
    assert len(hit) > 200
    assert best.hit_rate == pytest.approx(
        {"all": hit.mean()} | {name: hit[cohort == c].mean() for c, name in enumerate(["head", "mid", "tail"])}
    )


@pytest.mark.parametrize("copy_probability", [0.0, 0.5])
def test_the_truth_has_the_chains_probabilities_whatever_the_bias(copy_probability: float) -> None:
    """Histories 0, and 2 0, of the tests above; the dataset's ids are the chain's plus 1."""
    chain = hand_chain(copy_probability, popularity_bias=1.0)
    truth = truth_of(chain, np.arange(-1, 6))
    histories = Histories(np.array([3, 1], dtype=np.int32), np.array([1, 0]), np.array([2, 2]))
    found = truth.probabilities(histories)
    assert found[0] == pytest.approx([0, *chain.probabilities(np.array([0]))])
    assert found[1] == pytest.approx([0, *chain.probabilities(np.array([2, 0]))])


def test_items_that_the_log_lacks_are_wanted_by_nobody() -> None:
    """After item 0 items 1 to 5 are wanted as .39333 .06 .08 .19667 .03; without item 1 the others sum to .36667."""
    truth = truth_of(hand_chain(), np.array([-1, 0, 2, 3, 4, 5]))
    histories = Histories(np.array([1], dtype=np.int32), np.array([0]), np.array([1]))
    assert truth.probabilities(histories)[0] * 0.36667 == pytest.approx([0, 0, 0.06, 0.08, 0.19667, 0.03], abs=1e-4)


def test_lists_of_what_is_wanted_most_hold_the_sum_of_its_probabilities() -> None:
    """After item 0, lists of 2 hold the chain's 1 and 4: .39333 + .19667 of .76. Two test users, whoever of them takes what.

    Training counts are 6 4 3 2 2 1 for items 0 to 5: a total of 18, so that 0 has 6 (a third: mid), 1 has 10 (mid), and
    2, 3, 4, 5 are tail; no item is below a third, so that the most popular one is head.
    """
    train = [[1], [1], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5], [1, 2, 3], [1, 2]]
    dataset = dataset_of(train, test=[[5], [4]])
    truth = truth_of(hand_chain(), np.arange(-1, 6))
    best = most_wanted(dataset, truth, k=2)
    assert best.hit_rate == pytest.approx(
        {"all": 0.59 / 0.76, "mid": 1.0, "tail": 0.295 / 1.5 / (0.06 + 0.08 + 0.295 / 1.5 + 0.03)}
    )


def split_log(chain: Chain, like: Likeness) -> tuple[Dataset, NDArray[np.int64]]:
    """A small log of the chain with the first 80 % of each user for training and the last 20 % for the test."""
    (chunk,) = draw_log(chain, SHAPES[like], 200, 2_000, seed=1)
    rows = rows_of(chunk.users, chunk.items)
    cut = [max(1, int(0.8 * len(row))) for row in rows]
    counts = np.bincount(np.concatenate([row[:c] for row, c in zip(rows, cut, strict=True)]), minlength=chain.n_items)
    order = np.argsort(-counts, kind="stable")
    number = np.empty(chain.n_items, dtype=np.int64)
    number[order] = np.arange(1, chain.n_items + 1)
    dataset = dataset_of(
        [number[row[:c]].tolist() for row, c in zip(rows, cut, strict=True)],
        test=[number[row[c:]].tolist() for row, c in zip(rows, cut, strict=True)],
        n_items=chain.n_items,
        seen_items="keep" if chain.repeats else "exclude",
    )
    return dataset, np.concatenate([[-1], order])

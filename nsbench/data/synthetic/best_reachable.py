"""The best hit rate that any model can reach on a synthetic log's test interactions, because its chain is known.

Each test interaction with an earlier one is ranked by the probability that it was drawn with, after all that came before it
(rolling targets). Ranks are counted without a row of the whole catalogue: an item's probability is its popularity times a factor
that depends on its group only, so counting needs the next groups' members and one binary search in the catalogue.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.beside.truth import ExpectedHits, Truth, compared_histories
from nsbench.data.cohort import cohorts_of
from nsbench.data.dataset import BestReachable, Dataset, Histories
from nsbench.data.synthetic.markov_chain import CATALOGUE_PROBABILITY, STEP_PROBABILITIES, Chain
from nsbench.tensors.index_range import ranges
from nsbench.terms import ALL, BALANCED_COHORTS

HISTORY_ITEMS_PER_CHUNK = 1 << 21
TARGETS_PER_CHUNK = 1 << 14
ROUNDING = 1.0 + 1e-9
"""A probability counts as higher only beyond this factor: the same one is computed in two ways."""


@dataclass(frozen=True)
class _Targets:
    """Test interactions to rank, and their histories end to end.

    Attributes:
        items: int64[n], the chain's item to predict.
        last: int64[n], the item before it.
        row: int64[m], which target each entry of `history` belongs to, rising.
        history: int64[m], the user's items before the target.
    """

    items: NDArray[np.int64]
    last: NDArray[np.int64]
    row: NDArray[np.int64]
    history: NDArray[np.int64]


@dataclass(frozen=True)
class _Candidates:
    """What can be ranked: the items seen in training.

    Attributes:
        weights: float64[n_items + 1], the chain's popularity of candidates times their exposure, and 0 of others; the last
            entry is no item.
        rising: The same in rising order.
    """

    weights: NDArray[np.float64]
    rising: NDArray[np.float64]


def best_reachable(dataset: Dataset, chain_items: NDArray[np.int64], chain: Chain, k: int = 10) -> BestReachable:
    """Ranks every test interaction that has an earlier one by the probabilities that it was drawn with.

    Candidates are the items seen in training; other targets count as misses, as in the evaluation.

    Args:
        dataset: The prepared log of this chain, unfiltered.
        chain_items: int64[n_items + 1], the chain's number of each item of the dataset; entry 0 is not read.
        chain: What the log was drawn from.
        k: The cut-off.

    Returns:
        The share of hits in all, head, mid and tail; groups without a test interaction are left out.
    """
    positions = _target_positions(dataset)
    candidates = _candidates(dataset, chain_items, chain)
    parts = [_ranks(targets, chain, candidates) for targets in _chunks(dataset, chain_items, positions)]
    ranks = np.concatenate([np.empty(0), *parts])
    hits = ranks <= k
    cohorts = cohorts_of(dataset.train_counts)[dataset.item_ids[positions]]
    groups = {ALL: np.ones(len(hits), dtype=bool)} | {cohort.label: cohorts == cohort for cohort in BALANCED_COHORTS}
    return BestReachable(
        k=k, hit_rate={name: float(hits[group].mean()) for name, group in groups.items() if group.any()}
    )


def truth_of(chain: Chain, chain_items: NDArray[np.int64]) -> Truth:
    """What users of a chain's log want, with the dataset's item numbers.

    Args:
        chain: What the log was drawn from.
        chain_items: As of `best_reachable`.
    """
    items = chain_items[1:]
    factors = chain.step_factors(np.arange(chain.n_groups))
    return Truth(
        weights=np.concatenate([[0.0], chain.weights[items]]),
        groups=np.concatenate([[0], chain.group_of[items]]),
        factors=np.concatenate([factors, np.full((chain.n_groups, 1), CATALOGUE_PROBABILITY)], axis=1),
        copy_probability=chain.copy_probability,
    )


def most_wanted(dataset: Dataset, truth: Truth, k: int = 10) -> BestReachable:
    """The expected hit rate of lists of the k items that users want most, of those seen in training.

    Args:
        dataset: The prepared log.
        truth: What its users want.
        k: Length of the lists.
    """
    positions = _target_positions(dataset)
    start = dataset.offsets[np.searchsorted(dataset.offsets, positions, side="right") - 1]
    histories = Histories(dataset.item_ids, start, positions)
    compared = histories[compared_histories(histories)]
    hits = ExpectedHits(cohorts_of(dataset.train_counts))
    for part in truth.chunks(compared):
        wanted = truth.probabilities(compared[part])
        lists = np.argpartition(-wanted[:, : dataset.n_candidates + 1], k, axis=1)[:, :k]
        hits.add(wanted, lists)
    return BestReachable(k=k, hit_rate={group: rate for group, rate in hits.rates().items() if not np.isnan(rate)})


def _target_positions(dataset: Dataset) -> NDArray[np.int64]:
    """int64[n], absolute index of each test interaction whose user has an earlier one."""
    first, end = dataset.offsets[:-1], dataset.offsets[1:]
    test_from = np.maximum(dataset.valid_end, first + 1)
    sizes = np.maximum(end - test_from, 0)
    return ranges(test_from, sizes)


def _candidates(dataset: Dataset, chain_items: NDArray[np.int64], chain: Chain) -> _Candidates:
    weights = np.zeros(chain.n_items + 1)
    candidates = chain_items[1 : dataset.n_candidates + 1]
    weights[candidates] = (chain.weights * chain.exposure)[candidates]
    return _Candidates(weights, np.sort(weights))


def _chunks(dataset: Dataset, chain_items: NDArray[np.int64], positions: NDArray[np.int64]) -> Iterator[_Targets]:
    user_of = np.searchsorted(dataset.offsets, positions, side="right") - 1
    start = dataset.offsets[user_of]
    sizes = positions - start
    part = np.cumsum(sizes) // HISTORY_ITEMS_PER_CHUNK + np.arange(len(sizes)) // TARGETS_PER_CHUNK
    for chosen in np.split(np.arange(len(positions)), np.flatnonzero(np.diff(part)) + 1):
        if not len(chosen):
            continue
        row = np.repeat(np.arange(len(chosen)), sizes[chosen])
        begin = np.cumsum(sizes[chosen]) - sizes[chosen]
        index = np.arange(len(row)) - begin[row] + start[chosen][row]
        items = chain_items[dataset.item_ids[positions[chosen]]]
        last = chain_items[dataset.item_ids[positions[chosen] - 1]]
        yield _Targets(items, last, row, chain_items[dataset.item_ids[index]])


def _ranks(targets: _Targets, chain: Chain, candidates: _Candidates) -> NDArray[np.float64]:
    """float64[n]: 1 plus the number of candidates that are likelier than the target; infinite where it is none."""
    n, weights, drawn_share = len(targets.items), candidates.weights, 1 - chain.copy_probability
    row, items, counts = _distinct(targets, chain)
    copies = chain.copy_probability * counts / np.bincount(targets.row, minlength=n)[row]
    copies *= chain.exposure[items] * (weights[items] > 0)
    scores = drawn_share * _base(chain, weights, targets.last, targets.items)
    scores += np.bincount(row, weights=copies * (items == targets.items[row]), minlength=n)
    bar = scores * ROUNDING
    drawn = drawn_share * _base(chain, weights, targets.last[row], items)
    likelier = _count_likelier(chain, candidates, targets.last, bar / drawn_share)
    likelier -= np.bincount(row, weights=drawn > bar[row], minlength=n)
    if chain.repeats:
        can_come = items != targets.last[row]
        likelier += np.bincount(row, weights=can_come & (drawn + copies > bar[row]), minlength=n)
    return np.where(weights[targets.items] > 0, 1.0 + likelier, np.inf)


def _distinct(targets: _Targets, chain: Chain) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Row, item and number of times of each different item of each history."""
    if not chain.repeats:
        return targets.row, targets.history, np.ones_like(targets.row)
    keys, counts = np.unique(targets.row * chain.n_items + targets.history, return_counts=True)
    return keys // chain.n_items, keys % chain.n_items, counts


def _base(
    chain: Chain, weights: NDArray[np.float64], last: NDArray[np.int64], items: NDArray[np.int64]
) -> NDArray[np.float64]:
    """float64[n], in proportion to the probability of drawing each item after each last item, copies and refusals apart."""
    groups = chain.group_of[last]
    factors = np.concatenate([chain.step_factors(groups), np.full((len(last), 1), CATALOGUE_PROBABILITY)], axis=1)
    step = (chain.group_of[items] - groups) % chain.n_groups
    chosen: NDArray[np.float64] = factors[np.arange(len(last)), np.minimum(step, len(STEP_PROBABILITIES))]
    return chosen * weights[items]


def _count_likelier(
    chain: Chain, candidates: _Candidates, last: NDArray[np.int64], bar: NDArray[np.float64]
) -> NDArray[np.float64]:
    """float64[n], how many candidates of the whole catalogue have a base probability above the bar."""
    catalogue_bar = bar / CATALOGUE_PROBABILITY
    count = (len(candidates.rising) - np.searchsorted(candidates.rising, catalogue_bar, side="right")).astype(
        np.float64
    )
    groups = chain.group_of[last]
    for step, factor in enumerate(chain.step_factors(groups).T):
        members = candidates.weights[chain.members[(groups + step) % chain.n_groups]]
        count += (members > (bar / factor)[:, None]).sum(axis=1)
        count -= (members > catalogue_bar[:, None]).sum(axis=1)
    return count

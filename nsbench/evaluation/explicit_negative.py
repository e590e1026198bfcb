"""How high explicit negatives rank: what users skipped or disliked during the time of the test, among all candidates.

Each is ranked as a target is, after the history that its user had by then. Those that could not be recommended are left out:
items that are no candidates at that time, or that leave the ranking since they are in the user's history.
"""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import Dataset, Histories
from nsbench.evaluation.candidate import candidates_of
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import Targets
from nsbench.tensors.index_range import ranges

PLACES_AT_ONCE = 1 << 22
"""Interactions that are looked at together, about: histories of many negatives may be longer than memory."""


def negative_targets_of(dataset: Dataset, settings: EvaluationSettings) -> Targets:
    """The explicit negatives of the time of the test that could be recommended, with the history before each; maybe none.

    A history holds what came before the negative's time; with targets=frozen, the user's training and validation only. With a
    user's training 1 2 at times 1 and 2, test 3 at time 5, and item 4 skipped at times 4 and 6, it is skipped after 1 2 and
    after 1 2 3 (frozen: both times after 1 2).

    Args:
        dataset: The log; one without explicit negatives has no such targets.
        settings: Says what histories and candidates are.
    """
    found = dataset.explicit_negatives
    if found is None:
        return _targets(dataset, *(np.empty(0, dtype=np.int64) for _ in range(4)))
    is_test = np.asarray(found.timestamps) >= found.test_from
    users, items, times = found.users[is_test], np.asarray(found.item_ids)[is_test], found.timestamps[is_test]
    start, ends = dataset.offsets[:-1][users], dataset.offsets[1:][users]
    if settings.targets == "frozen":
        end = np.asarray(dataset.valid_end)[users]
    else:
        end = start + _n_before(dataset.timestamps, start, ends, times)
    candidates = candidates_of(dataset, settings)
    # Where the split isn't one in time, training may hold what came later.
    kept = (end > start) & (end >= dataset.valid_end[users]) & (items <= candidates.n_items)
    if dataset.availability is not None:
        kept &= dataset.availability.holds(items, times)
    users, items, times, end = users[kept], items[kept], times[kept], end[kept]
    if candidates.exclude_seen:
        unseen = ~_is_in(dataset.item_ids, dataset.offsets[:-1][users], end, items)
        users, items, times, end = users[unseen], items[unseen], times[unseen], end[unseen]
    return _targets(dataset, users, items, times, end)


def _targets(
    dataset: Dataset,
    users: NDArray[np.int64],
    items: NDArray[np.int32] | NDArray[np.int64],
    times: NDArray[np.int64],
    end: NDArray[np.int64],
) -> Targets:
    """With each history once: negatives of a user between two interactions share theirs."""
    begins = np.ones(len(users), dtype=bool)
    begins[1:] = (np.diff(users) != 0) | (np.diff(end) != 0)
    histories = Histories(dataset.item_ids, dataset.offsets[:-1][users[begins]], end[begins])
    return Targets(histories, np.cumsum(begins) - 1, users, items.astype(np.int32), times)


def _n_before(
    timestamps: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many of the interactions start..end - 1 come before each time."""
    return _count(start, end, lambda places, rows: np.asarray(timestamps[places]) < times[rows])


def _is_in(
    item_ids: NDArray[np.int32], start: NDArray[np.int64], end: NDArray[np.int64], items: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Whether each item is among those at start..end - 1."""
    return _count(start, end, lambda places, rows: np.asarray(item_ids[places]) == items[rows]) > 0


def _count(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    counts: Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]],
) -> NDArray[np.int64]:
    """How many of the places start..end - 1 of each row count, some rows at a time.

    Args:
        start: int64[n].
        end: int64[n].
        counts: Of places and the rows that they belong to, which of them count.
    """
    found = np.zeros(len(start), dtype=np.int64)
    lengths = end - start
    piece = np.cumsum(lengths) // PLACES_AT_ONCE
    bounds = np.concatenate([[0], np.flatnonzero(np.diff(piece)) + 1, [len(start)]])
    for first, last in pairwise(bounds.tolist()):
        own = slice(first, last)
        rows = np.repeat(np.arange(first, last), lengths[own])
        found[own] = np.bincount(rows[counts(ranges(start[own], lengths[own]), rows)] - first, minlength=last - first)
    return found

"""What the ranks of one evaluation already say of another one, so that nothing is ranked twice.

A target's rank depends on its history, its item and the candidates. So other cut-offs and cohorts change no rank, and other
targets have the ranks of those with the same history and item, whatever picked them.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import Dataset
from nsbench.evaluation.cohort import evaluated_cohorts
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import Targets, targets_of

OF_RANKS = frozenset({"cutoffs", "cohort_counts", "cohort_rule", "cohort_cut", "validation_users"})
"""The settings that change no rank of a test target."""


def ranks_under(
    ranks: RankTable, dataset: Dataset, before: EvaluationSettings, asked: EvaluationSettings
) -> RankTable | None:
    """The test ranks of another evaluation of the same model; None where these ranks don't hold them.

    Args:
        ranks: Of all test targets of `before`.
        dataset: What was ranked.
        before: How.
        asked: How it is asked for.
    """
    changed = {name for name, value in before if getattr(asked, name) != value} - OF_RANKS
    # `dataset` and what it means are one and the same.
    if before.seen_items_of(dataset.card) == asked.seen_items_of(dataset.card):
        changed.discard("seen_items")
    if changed - {"targets"}:
        return None
    chosen = _chosen(ranks, dataset, before, asked) if changed else slice(None)
    if chosen is None:
        return None
    items = ranks.items[chosen]
    return replace(
        ranks,
        users=ranks.users[chosen],
        items=items,
        cohorts=evaluated_cohorts(dataset, asked)[items],
        ranks=ranks.ranks[chosen],
        n_tied=ranks.n_tied[chosen],
    )


def _chosen(
    ranks: RankTable, dataset: Dataset, before: EvaluationSettings, asked: EvaluationSettings
) -> NDArray[np.int64] | None:
    """Where each target that is asked for stands among the ranks; None where one isn't there."""
    known = targets_of(dataset, "test", before.targets)
    # Ranks that another version made may be of other targets.
    if not (np.array_equal(known.users, ranks.users) and np.array_equal(known.items, ranks.items)):
        return None
    wanted = _keys(targets_of(dataset, "test", asked.targets), dataset)
    keys = _keys(known, dataset)
    order = np.argsort(keys, kind="stable")
    places = np.searchsorted(keys, wanted, sorter=order)
    found = order[np.minimum(places, len(order) - 1)]
    return found if np.array_equal(keys[found], wanted) else None


def _keys(targets: Targets, dataset: Dataset) -> NDArray[np.int64]:
    """int64[n_targets], a number for each pair of history and item.

    A user's histories all begin at the user's first interaction, and end after it, so that the end alone says whose one is.
    """
    return targets.histories.end[targets.history_of] * np.int64(dataset.n_items + 1) + targets.items

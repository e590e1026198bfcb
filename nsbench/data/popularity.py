"""How popularity spreads over a dataset's items, small enough for its card: the report draws it without the log."""

import numpy as np
from numpy.typing import NDArray

from nsbench.data.cohort import cohorts_of
from nsbench.data.cohort_cut import DEFAULT_CUT, CohortCut
from nsbench.data.dataset import CohortPopularity, Popularity
from nsbench.terms import BALANCED_COHORTS, Cohort

_THIRD_TOLERANCE = 0.05
"""How far a cohort's share of the training interactions may be from a third before that is said."""

_CURVE_POINTS = 120
"""Points of the popularity curve, before those that fall together are dropped."""


def popularity_of(
    train_counts: NDArray[np.int64],
    train_user_counts: NDArray[np.int64],
    n_train_users: int,
    cohorts: NDArray[np.int8] | None = None,
    cut: str = DEFAULT_CUT,
) -> Popularity:
    """Items, interactions and users of every cohort, and the popularity curve thinned to at most 120 points.

    Half of the points are evenly spaced in the logarithm of the rank, for the head, and half in the rank, for the tail.

    Args:
        train_counts: int64[n_items + 1], training interactions by item id; entry 0 is padding; falling from entry 1 on.
        train_user_counts: int64[n_items + 1], users with the item in training.
        n_train_users: Users with a training interaction.
        cohorts: int8[n_items + 1] of `Cohort` values; None: those of `cohorts_of` by training interactions.
        cut: Where those cohorts are cut.

    Three items with 4, 2 and 2 training interactions, one without:
    >>> popularity = popularity_of(np.array([0, 4, 2, 2, 0]), np.array([0, 2, 2, 1, 0]), n_train_users=2)
    >>> popularity.item_ranks, popularity.n_interactions, popularity.n_cumulative
    ((1, 2, 3), (4, 2, 2), (4, 6, 8))
    >>> popularity.cohorts["tail"]
    CohortPopularity(n_items=1, item_share=0.25, n_train=2, median_user_percentage=50.0)
    """
    cohorts = cohorts_of(train_counts) if cohorts is None else cohorts
    percentages = 100.0 * train_user_counts / max(n_train_users, 1)
    described = {}
    for cohort in Cohort:
        members = cohorts == cohort
        n_items = int(np.count_nonzero(members))
        described[cohort.label] = CohortPopularity(
            n_items=n_items,
            item_share=n_items / (len(train_counts) - 1),
            n_train=int(train_counts[members].sum()),
            median_user_percentage=float(np.median(percentages[members])) if n_items else None,
        )
    ranks = _curve_ranks(int(np.count_nonzero(train_counts)))
    return Popularity(
        n_train_users=n_train_users,
        cohorts=described,
        item_ranks=tuple(ranks.tolist()),
        n_interactions=tuple(train_counts[ranks].tolist()),
        n_cumulative=tuple(np.cumsum(train_counts)[ranks].tolist()),
        cut=None if cut == DEFAULT_CUT else cut,
    )


def cohort_note(popularity: Popularity) -> str:
    """Says where head, mid and tail are far from a third of the training interactions each; empty where they are not.

    Of cohorts that are cut elsewhere than at thirds, it says where.

    >>> popularity = popularity_of(np.array([0, 7, 1, 1, 1]), np.array([0, 1, 1, 1, 1]), n_train_users=1)
    >>> print(cohort_note(popularity))
    Of the training interactions head holds 70.0 %, mid 10.0 % and tail 20.0 %: single items are too popular for thirds.
    >>> cohorts = np.array([-1, 0, 1, 1, 2])
    >>> print(cohort_note(popularity_of(np.array([0, 7, 1, 1, 1]), np.array([0, 1, 1, 1, 1]), 1, cohorts, "items:0.25,0.75")))
    Of the training interactions head holds 70.0 %, mid 20.0 % and tail 10.0 %, cut by items:0.25,0.75: head is the most popular \
25 % of the items seen in training, mid goes up to 75 %, tail is the rest.
    """
    parts = {cohort.label: popularity.cohorts[cohort.label] for cohort in BALANCED_COHORTS}
    total = sum(part.n_train for part in parts.values())
    is_even = all(
        part.n_items and abs(part.n_train / max(total, 1) - 1 / 3) <= _THIRD_TOLERANCE for part in parts.values()
    )
    if total == 0 or (popularity.cut is None and is_even):
        return ""
    note = f"Of the training interactions {cohort_shares(popularity)}"
    if popularity.cut is None:
        note += ": single items are too popular for thirds."
    else:
        note += f", cut by {popularity.cut}: {CohortCut.read(popularity.cut).words}."
    empty = [label for label, part in parts.items() if not part.n_items]
    if empty:
        note += f" With no item in {' and '.join(empty)} there is no balance."
    return note


def cohort_shares(popularity: Popularity) -> str:
    """What head, mid and tail hold of the training interactions, in words."""
    counts = {cohort.label: popularity.cohorts[cohort.label].n_train for cohort in BALANCED_COHORTS}
    total = max(sum(counts.values()), 1)
    head, mid, tail = (f"{100 * count / total:.1f} %" for count in counts.values())
    return f"head holds {head}, mid {mid} and tail {tail}"


def _curve_ranks(n_items: int) -> NDArray[np.int64]:
    if n_items == 0:
        return np.empty(0, dtype=np.int64)
    half = _CURVE_POINTS // 2
    ranks = np.concatenate([np.geomspace(1, n_items, half), np.linspace(1, n_items, half)])
    return np.unique(np.rint(ranks).astype(np.int64))

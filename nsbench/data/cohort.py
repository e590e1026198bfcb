"""Cohorts of items by their training popularity."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nsbench.data.cohort_cut import THIRDS, CohortCut, ends_of
from nsbench.data.dataset import Dataset
from nsbench.terms import Cohort

PopularityCounts = Literal["interactions", "users"]
"""What makes an item popular: its training interactions, or how many users have it in training."""

CohortRule = Literal["filled", "published"]
"""Whether an item that crosses a cohort's border may fill it; `cohorts_of` says how."""


def item_cohorts(
    dataset: Dataset, counts: PopularityCounts = "interactions", rule: CohortRule = "filled", cut: CohortCut = THIRDS
) -> NDArray[np.int8]:
    """The popularity cohort of every item of a dataset: int8[n_items + 1] of `Cohort` values, as of `cohorts_of`.

    By interactions a cohort is a range of ids, by users it may not be. Ties go by item id.

    Args:
        dataset: The log.
        counts: What an item's popularity is.
        rule: How borders are drawn.
        cut: Where they are.
    """
    popularity = dataset.train_counts if counts == "interactions" else dataset.train_user_counts
    return cohorts_by(np.asarray(popularity), rule, cut)


def cohorts_by(counts: NDArray[np.int64], rule: CohortRule = "filled", cut: CohortCut = THIRDS) -> NDArray[np.int8]:
    """As `cohorts_of`, of counts in any order; ties go by item id.

    >>> cohorts_by(np.array([0, 1, 2, 1])).tolist()
    [-1, 1, 0, 2]
    """
    order = np.argsort(-counts[1:], kind="stable") + 1
    cohorts = np.full(len(counts), -1, dtype=np.int8)
    cohorts[order] = cohorts_of(np.concatenate([[0], counts[order]]), rule, cut)[1:]
    return cohorts


def cohorts_of(counts: NDArray[np.int64], rule: CohortRule = "filled", cut: CohortCut = THIRDS) -> NDArray[np.int8]:
    """The popularity cohort of every item.

    By thirds, an item is head while the cumulative share, itself included, is below 1/3, mid below 2/3, tail after that. So an
    item that crosses a border belongs to the lower cohort, and one with more than a third of all leaves the head empty. With
    rule=filled it belongs to the upper cohort where that is empty; where the head's one item has crossed both borders, mid
    and tail halve the rest in the same way. So head has an item where there is one, mid where there are two, tail where
    there are three. Where neither head nor mid is empty, the two rules agree.

    Args:
        counts: int64[n_items + 1], popularity in training by item id; entry 0 is padding; falling from entry 1 on.
        rule: How borders are drawn.
        cut: Where they are, if not at thirds.

    Returns:
        int8[n_items + 1] of `Cohort` values; padding is -1; items without a training interaction are cold.

    Source: paper, section 4.3; the published rule is the published code's. We break ties by item id, and count cold items
    apart.

    Shares below: .3, .6, .8, 1.
    >>> cohorts_of(np.array([0, 3, 3, 2, 2, 0])).tolist()
    [-1, 0, 1, 2, 2, 3]

    Shares below: .7, .8, .9, 1: the first item crosses both borders.
    >>> cohorts_of(np.array([0, 7, 1, 1, 1])).tolist(), cohorts_of(np.array([0, 7, 1, 1, 1]), "published").tolist()
    ([-1, 0, 1, 2, 2], [-1, 2, 2, 2, 2])
    """
    cohorts = np.full(len(counts), Cohort.COLD, dtype=np.int8)
    n_seen = int(np.count_nonzero(counts))
    head_end, mid_end = ends_of(cut, counts[1 : n_seen + 1], is_filled=rule == "filled")
    for cohort, begin, end in (
        (Cohort.HEAD, 0, head_end),
        (Cohort.MID, head_end, mid_end),
        (Cohort.TAIL, mid_end, n_seen),
    ):
        cohorts[begin + 1 : end + 1] = cohort
    cohorts[0] = -1
    return cohorts

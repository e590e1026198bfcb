"""Groups of the users who have a target: by activity and by taste, a third of them each as far as equal values allow."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from nsbench.data.dataset import Dataset
from nsbench.report.statistics.estimate import Statistics
from nsbench.terms import BALANCED_COHORTS, Cohort

NO_GROUP = int(Cohort.COLD)
"""The number of users who are in none of a grouping's groups."""

SLOTS = tuple(cohort.label for cohort in BALANCED_COHORTS)
"""The groups of a grouping as statistics know them: these test any three parts of the targets, whatever they are called."""


@dataclass(frozen=True)
class UserGroup:
    """Some of the users who have a target.

    Attributes:
        name: Such as "light users".
        border: What they have in common, such as "at most 3 interactions before the test".
        n_users: How many they are.
        n_targets: How many targets they have.
    """

    name: str
    border: str
    n_users: int
    n_targets: int


@dataclass(frozen=True)
class UserGrouping:
    """All users who have a target, in three groups.

    Attributes:
        name: "activity" or "taste".
        groups: From the lowest value up.
        n_others: Users without a value, who are in no group.
        statistics: Every method's accuracy in each group, and the differences, with the groups called as in SLOTS.
        notes: Which methods are missing and why, in sentences.
    """

    name: str
    groups: tuple[UserGroup, ...]
    n_others: int
    statistics: Statistics = field(default_factory=Statistics)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Grouped:
    """A grouping, and each user's group.

    Attributes:
        grouping: What the groups are.
        numbers: int8[n_users of the dataset], the group's number or NO_GROUP.
    """

    grouping: UserGrouping
    numbers: NDArray[np.int8]


def groupings_of(
    dataset: Dataset, cohorts: NDArray[np.int8], target_users: NDArray[np.int64]
) -> tuple[Grouped, Grouped]:
    """The users with a target by activity and by taste.

    Activity is the number of a user's interactions before the test; users without one are light. Taste is the share of them with
    a head item; users without one have none.

    Args:
        dataset: The log.
        cohorts: int8[n_items + 1], each item's cohort in the evaluation.
        target_users: int64[n_targets], the user of every target.

    Source: Abdollahpouri et al., "The unfairness of popularity bias in recommendation", RMSE at RecSys 2019, who call users by
    the share of popular items in their profile niche, diverse and blockbuster-focused. They cut at 20 and 80 % of the users, and
    take the most popular 20 % of the items; we cut at thirds, so that each group has targets enough, and take the head.
    """
    starts, ends = np.asarray(dataset.offsets[:-1]), np.asarray(dataset.valid_end)
    n_before = ends - starts
    heads = np.concatenate([[0], np.cumsum(cohorts[np.asarray(dataset.item_ids)] == Cohort.HEAD)])
    with np.errstate(invalid="ignore"):
        head_share = (heads[ends] - heads[starts]) / n_before
    activity = _grouped(
        "activity",
        ("light users", "middle users", "heavy users"),
        n_before.astype(np.float64),
        target_users,
        _count_border,
    )
    taste = _grouped(
        "taste", ("niche taste", "mixed taste", "blockbuster taste"), head_share, target_users, _share_border
    )
    return activity, taste


def thirds_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """The borders of three groups, as near to thirds as equal values allow: the first has the values up to the first border.

    With three values or more, no group is empty; with two the middle is, with one all are in the first.

    >>> thirds_of(np.array([5.0, 1, 1, 2, 3, 9])), thirds_of(np.array([1.0, 2, 3, 3, 3, 3])), thirds_of(np.array([1.0, 1, 2]))
    ((1.0, 3.0), (1.0, 2.0), (1.0, 1.0))
    """
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) < 3:
        return float(distinct[0]), float(distinct[0])
    below = np.cumsum(counts)
    first = int(np.argmin(np.abs(below[:-2] - len(values) / 3)))
    second = first + 1 + int(np.argmin(np.abs(below[first + 1 : -1] - 2 * len(values) / 3)))
    return float(distinct[first]), float(distinct[second])


def _grouped(
    name: str,
    names: tuple[str, str, str],
    values: NDArray[np.float64],
    target_users: NDArray[np.int64],
    border: Callable[[float, float], str],
) -> Grouped:
    users, n_targets = np.unique(target_users, return_counts=True)
    known = values[users][~np.isnan(values[users])]
    first, second = thirds_of(known) if len(known) else (np.nan, np.nan)
    numbers = np.where(values <= first, 0, np.where(values <= second, 1, 2)).astype(np.int8)
    numbers[np.isnan(values)] = NO_GROUP
    own = numbers[users]
    borders = (border(-np.inf, first), border(first, second), border(second, np.inf))
    groups = tuple(
        UserGroup(group, text, int((own == number).sum()), int(n_targets[own == number].sum()))
        for number, (group, text) in enumerate(zip(names, borders, strict=True))
    )
    return Grouped(UserGrouping(name, groups, int((own == NO_GROUP).sum())), numbers)


def _count_border(low: float, high: float) -> str:
    """What is above one number of interactions and up to another, in words.

    >>> _count_border(-np.inf, 3), _count_border(3, 5), _count_border(3, 4), _count_border(5, np.inf), _count_border(3, 3)
    ('at most 3 interactions before the test', '4 to 5', '4', 'more than 5', 'none between')
    """
    if np.isneginf(low):
        noun = "interaction" if high == 1 else "interactions"
        return f"at most {high:.0f} {noun} before the test" if high else "no interaction before the test"
    if np.isposinf(high):
        return f"more than {low:.0f}"
    if low == high:
        return "none between"
    return f"{high:.0f}" if high == low + 1 else f"{low + 1:.0f} to {high:.0f}"


def _share_border(low: float, high: float) -> str:
    """The same of shares of head items.

    >>> _share_border(-np.inf, 0), _share_border(0, 0.5), _share_border(0.5, np.inf)
    ('no head item before the test', 'up to 50 %', 'more than 50 %')
    """
    if np.isneginf(low):
        return f"at most {100 * high:.0f} % of the history on head items" if high else "no head item before the test"
    if np.isposinf(high):
        return f"more than {100 * low:.0f} %"
    return "none between" if low == high else f"up to {100 * high:.0f} %"

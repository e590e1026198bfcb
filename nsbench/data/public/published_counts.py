"""Counts that the paper's released runs betray, beside the ones of a prepared dataset.

The released runs hold hit rates in total and by cohort; as shares of whole numbers of hits they can only come from these
numbers of test pairs. They tell whether our preparation is the paper's. A difference is a finding, not an error: the
paper doesn't state its filters, and its loaders differ.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.data.cohort import cohorts_of
from nsbench.data.dataset import Dataset
from nsbench.errors import DatasetError
from nsbench.suggestion import did_you_mean
from nsbench.terms import BALANCED_COHORTS, Cohort


@dataclass(frozen=True)
class PublishedCount:
    """A published count, and how near ours must be to count as equal.

    Attributes:
        quantity: What is counted, such as "test pairs, head".
        count: The published count.
        tolerance: Largest relative difference that still counts as equal: 0 for exact counts, more for those read off a
            figure.
    """

    quantity: str
    count: int
    tolerance: float = 0.0


READ_OFF_A_FIGURE = 0.05


def _counts_of(pairs: tuple[int, ...], items: tuple[int, ...], tolerance: float) -> tuple[PublishedCount, ...]:
    names = ("all", *(cohort.label for cohort in BALANCED_COHORTS))
    return (
        *(PublishedCount(f"test pairs, {name}", count) for name, count in zip(names, pairs, strict=True)),
        *(PublishedCount(f"items, {name}", count, tolerance) for name, count in zip(names, items, strict=True)),
    )


PUBLISHED_COUNTS: dict[str, tuple[PublishedCount, ...]] = {
    "ml-10m": _counts_of((104_626, 15_071, 20_410, 69_145), (10_200, 230, 700, 9_270), READ_OFF_A_FIGURE),
    "retailrocket": _counts_of((443, 96, 124, 223), (36_847, 2_337, 7_655, 26_855), 0.0),
    "amazon-beauty": _counts_of((21_976, 4_992, 5_838, 11_146), (38_700, 1_800, 7_400, 29_500), READ_OFF_A_FIGURE),
}
"""In all, head, mid and tail. Exact but for the items of ml-10m and amazon-beauty, which are read off figure 3.

Source: the paper's released runs, cohort columns; paper, figure 3.
"""


@dataclass(frozen=True)
class Comparison:
    """A published count beside ours."""

    published: PublishedCount
    ours: int

    @property
    def difference(self) -> int:
        """Ours minus the published count."""
        return self.ours - self.published.count

    @property
    def agrees(self) -> bool:
        """Whether the two are equal within the published count's tolerance.

        >>> Comparison(PublishedCount("items, all", 10_200, tolerance=0.05), 10_196).agrees
        True
        >>> Comparison(PublishedCount("test pairs, all", 443), 444).agrees
        False
        """
        return abs(self.difference) <= self.published.tolerance * self.published.count


def compare_with_published(dataset: Dataset, name: str) -> tuple[Comparison, ...]:
    """Our counts beside the paper's, counted as the published code counts them.

    A test pair is a test interaction whose user has a training or a validation interaction to predict it from: the targets
    that `targets=frozen` ranks. Cohorts go by the number of users with the
    item in training, and items without a training interaction are tail.

    Args:
        dataset: The prepared dataset.
        name: Which of the paper's datasets it should be.

    Raises:
        DatasetError: The paper says nothing about `name`.
    """
    if name not in PUBLISHED_COUNTS:
        raise DatasetError(
            f"No published counts for {name!r}{did_you_mean(name, PUBLISHED_COUNTS)}. Known: {', '.join(PUBLISHED_COUNTS)}. "
            "Pass one with --as."
        )
    cohorts = published_cohorts(dataset)
    of_pairs = cohorts[dataset.item_ids[_published_test_pairs(dataset)]]
    ours = [*_counts(of_pairs), *_counts(cohorts[1:])]
    return tuple(Comparison(published, number) for published, number in zip(PUBLISHED_COUNTS[name], ours, strict=True))


def published_cohorts(dataset: Dataset) -> NDArray[np.int8]:
    """int8[n_items + 1], cohorts as the published code has them: by users in training, cold items in the tail.

    The padding's entry is -1. Ties in popularity go by item id here; there they are in arbitrary order.
    """
    order = np.argsort(-dataset.train_user_counts[1:], kind="stable") + 1
    falling = np.concatenate([[0], dataset.train_user_counts[order]])
    cohorts = np.full(dataset.n_items + 1, -1, dtype=np.int8)
    cohorts[order] = cohorts_of(falling, "published")[1:]
    return np.where(cohorts == Cohort.COLD, np.int8(Cohort.TAIL), cohorts)


def _counts(cohorts: NDArray[np.int8]) -> list[int]:
    """How many in all, head, mid and tail."""
    return [len(cohorts), *(int(np.count_nonzero(cohorts == cohort)) for cohort in BALANCED_COHORTS)]


def _published_test_pairs(dataset: Dataset) -> NDArray[np.bool_]:
    """bool[n_interactions], True where a test interaction is one of a user with training or validation."""
    has_history = dataset.valid_end > dataset.offsets[:-1]
    lengths = np.diff(dataset.offsets)
    from_test = np.arange(len(dataset.item_ids)) >= np.repeat(dataset.valid_end, lengths)
    return from_test & np.repeat(has_history, lengths)

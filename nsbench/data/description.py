"""What a prepared dataset looks like in numbers: sizes, lengths, cohorts, and what the test interactions cover."""

from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from nsbench.data.cohort import cohorts_of
from nsbench.data.dataset import CohortPopularity, Dataset, DatasetCard, Popularity
from nsbench.data.log.order_note import order_note
from nsbench.data.popularity import cohort_note, popularity_of
from nsbench.tensors.index_range import ranges
from nsbench.terms import Cohort


class LengthDescription(BaseModel):
    """Interactions per user."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    median: float
    mean: float
    max: int


class CohortDescription(CohortPopularity):
    """A cohort of items, and its part of training and test."""

    n_test: int
    """Test interactions with the cohort's items."""
    n_rolling_targets: int
    """Those of them that have an earlier interaction of their user, so that a model has something to go by."""


class Description(BaseModel):
    """A dataset in numbers. Counts not listed here are on its card."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    card: DatasetCard
    times_are_order: bool
    """Whether only the order is known: then there are no days."""
    first_day: str | None
    """ISO date of the first interaction, UTC."""
    last_day: str | None
    span_days: float | None
    lengths: LengthDescription
    n_train_users: int
    """Users with a training interaction."""
    cohorts: dict[str, CohortDescription]
    """By the cohort's label: head, mid, tail, cold."""
    cohort_note: str
    """What head, mid and tail hold where that is far from a third each; empty where it is not."""
    order_note: str
    """Why the order may be wrong for a global split; empty where nothing speaks for that."""


def describe(dataset: Dataset) -> Description:
    """Counts what a dataset holds, in one pass over its arrays."""
    card = dataset.card
    lengths = np.diff(dataset.offsets)
    n_train_users = int(np.count_nonzero(dataset.train_end > dataset.offsets[:-1]))
    popularity = popularity_of(dataset.train_counts, dataset.train_user_counts, n_train_users)
    return Description(
        card=card,
        times_are_order=card.times_are_order,
        first_day=None if card.times_are_order else _day(card.first_time),
        last_day=None if card.times_are_order else _day(card.last_time),
        span_days=None if card.times_are_order else (card.last_time - card.first_time) / 86_400,
        lengths=LengthDescription(
            median=float(np.median(lengths)), mean=float(lengths.mean()), max=int(lengths.max(initial=0))
        ),
        n_train_users=popularity.n_train_users,
        cohorts=_describe_cohorts(dataset, popularity),
        cohort_note=cohort_note(popularity),
        order_note=order_note(dataset),
    )


def _describe_cohorts(dataset: Dataset, popularity: Popularity) -> dict[str, CohortDescription]:
    cohorts = cohorts_of(dataset.train_counts)
    tested, rolling = _test_counts(dataset)
    return {
        cohort.label: CohortDescription(
            **popularity.cohorts[cohort.label].model_dump(),
            n_test=int(tested[cohorts == cohort].sum()),
            n_rolling_targets=int(rolling[cohorts == cohort].sum()),
        )
        for cohort in Cohort
    }


def _test_counts(dataset: Dataset) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """int64[n_items + 1] twice: test interactions by item, and those that have an earlier one of their user."""
    starts, ends = dataset.valid_end, dataset.offsets[1:]
    sizes = ends - starts
    positions = ranges(starts, sizes)
    is_first = np.repeat(starts == dataset.offsets[:-1], sizes) & np.isin(positions, starts)
    items = dataset.item_ids[positions]
    size = dataset.n_items + 1
    return np.bincount(items, minlength=size), np.bincount(items[~is_first], minlength=size)


def _day(seconds: int) -> str:
    # Numbers that only give an order may have been read as seconds, of years that no calendar has.
    try:
        return datetime.fromtimestamp(seconds, tz=UTC).date().isoformat()
    except (OverflowError, ValueError, OSError):
        return str(seconds)

"""What a prepared interaction log is: flat arrays in (user, time) order, and a card that says where they come from.

This file only holds the types. `nsbench.data.store` reads and writes them; `nsbench.data.log.prepare` makes them from a log.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, computed_field, field_validator, model_validator

from nsbench.data.beside.availability import Availability, AvailabilityCounts
from nsbench.data.beside.explicit_negative import ExplicitNegativeCounts, ExplicitNegatives
from nsbench.data.cohort_cut import CohortCut
from nsbench.data.origin import Origin, origin_of_source

if TYPE_CHECKING:
    from nsbench.data.beside.truth import Truth

SplitName = Literal["train", "valid", "test"]
"""The three parts of the log, in time order."""


class BestReachable(BaseModel):
    """The best hit rate that any model could reach on the test interactions of a synthetic log, because its true
    next-item probabilities are known. `hit_rate` maps a group (all, head, mid, tail) to a share in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    k: int
    hit_rate: dict[str, float]


class CohortPopularity(BaseModel):
    """A cohort's part of a dataset's items and training interactions."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    n_items: int
    item_share: float
    """Share of all items, cold ones included, in [0, 1]."""
    n_train: int
    """Training interactions with the cohort's items."""
    median_user_percentage: float | None
    """For each item, the percentage of the training users who have it; the median over the cohort's items. None for an
    empty cohort. Source: paper, table 2, "MPU"."""


class Popularity(BaseModel):
    """How the training interactions spread over the items; made by `nsbench.data.popularity`.

    The curve is thinned: entry i of the three tuples says that the item of rank `item_ranks[i]` by falling popularity has
    `n_interactions[i]` training interactions, and it and all more popular ones together `n_cumulative[i]`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    n_train_users: int
    """Users with a training interaction."""
    cohorts: dict[str, CohortPopularity]
    """By the cohort's label: head, mid, tail, cold."""
    item_ranks: tuple[int, ...]
    n_interactions: tuple[int, ...]
    n_cumulative: tuple[int, ...]
    cut: str | None = None
    """Where the cohorts are cut, as `nsbench.data.cohort_cut` reads it; None: at thirds of the interactions."""

    @field_validator("cut")
    @classmethod
    def _is_cut(cls, cut: str | None) -> str | None:
        return None if cut is None else CohortCut.read(cut).text


class LeftOut(BaseModel):
    """How many interactions the filters left out, in the order in which they work; each is counted once."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    n_repeats: int = 0
    """Interactions with an item that their user had before, or had just had."""
    n_duplicates: int = 0
    """Rows with the user, item and time of an earlier row."""
    n_of_rare_users: int = 0
    """Interactions of users with too few."""
    n_of_rare_items: int = 0
    """Interactions with items that have too few, of users who have enough at that point."""


class TimeLeak(BaseModel):
    """What training knows of later times than the test's, where the split is not global in time. Shares lie in [0, 1]."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    after_first_test_share: float
    """Share of the training interactions that are later than the earliest test interaction."""
    after_median_test_share: float
    """Share of them that are later than half of the test interactions."""
    n_users_out_of_order: int
    """Users with an interaction of a later part before one of an earlier part."""


class DatasetCard(BaseModel):
    """Where a dataset comes from and what it holds; stored as JSON beside the arrays.

    Counts are of the dataset after filtering. Times are unix seconds, or numbers without a unit where `times_are_order`.
    Shares lie in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str
    content_hash: str
    """Hash of the arrays and the split: two datasets with the same hash train and rank alike."""
    origin: Origin
    options: dict[str, str | int | float | bool | None]
    """The preparation's options: filters, split rule and shares."""
    n_users: int
    n_items: int
    n_interactions: int
    n_train: int
    n_valid: int
    n_test: int
    valid_from: int
    """Time of the first validation interaction."""
    test_from: int
    """Time of the first test interaction."""
    first_time: int
    last_time: int
    n_ties: int
    """Interactions that share their user and time with another one: their order is the log's."""
    n_tied_test: int | None = None
    """Those of them that are test interactions. None on a card that an older version wrote."""
    n_ties_cut: int
    """Interactions that a split by row count puts on another side than an interaction of the same time; 0 when split by time."""
    n_new_test_users: int
    """Users with a test interaction and no training interaction."""
    n_cold_test_items: int
    """Items with a test interaction and no training interaction."""
    n_cold_items: int
    """Items without a training interaction."""
    repeat_share: float
    """Share of interactions whose user had the item before."""
    seen_items: Literal["exclude", "keep"]
    """Whether items of the user's history leave the ranking: excluded where users don't repeat items."""
    best_reachable: BestReachable | None = None
    most_wanted: BestReachable | None = None
    """The best expected hit rate if users took what they want, where a generated log holds that (`nsbench.data.beside.truth`)."""
    popularity: Popularity | None = None
    """None on a card that an older version wrote."""
    left_out: LeftOut | None = None
    """None on a card that an older version wrote."""
    time_leak: TimeLeak | None = None
    """None where the split is global in time."""
    explicit_negatives: ExplicitNegativeCounts | None = None
    """None where none were asked for."""
    availability: AvailabilityCounts | None = None
    """None where items are always available."""

    @model_validator(mode="before")
    @classmethod
    def _with_origin(cls, fields: object) -> object:
        """Takes `source` in: all that older versions knew of the origin, and what newer ones write beside it for readers."""
        if not isinstance(fields, dict) or not isinstance(source := fields.get("source"), str):
            return fields
        others = {name: value for name, value in fields.items() if name != "source"}
        return {"origin": origin_of_source(source), **others}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def source(self) -> str:
        """The origin in a line."""
        return self.origin.text

    @property
    def times_are_order(self) -> bool:
        """Whether the log's times only say what came before what, so that nothing counts seconds or days of them."""
        return self.options.get("time_unit") == "order"


@dataclass(frozen=True)
class Dataset:
    """A prepared log: each user's row is training, then validation, then test.

    Items are numbered 1..n_items by falling number of training interactions (ties: the label's order), so the items
    seen in training are 1..n_candidates, and cold items come last; 0 is padding.

    Attributes:
        card: Where it comes from, and its counts.
        item_ids: int32[n_interactions], in (user, time) order.
        timestamps: int64[n_interactions], unix seconds, or numbers in the order of time where the card says so.
        offsets: int64[n_users + 1]; user u's interactions are item_ids[offsets[u]:offsets[u + 1]].
        train_end: int64[n_users], absolute index where user u's training ends and validation begins.
        valid_end: int64[n_users], absolute index where user u's validation ends and test begins.
        train_counts: int64[n_items + 1], training interactions of each item; entry 0 is 0; falling from entry 1 on.
        train_user_counts: int64[n_items + 1], users with the item in training (a user's repeats count once).
        truth: What its users want, where a generated log holds that; None elsewhere.
        explicit_negatives: What users skipped or disliked; None where that isn't kept.
        availability: When items are available; None where they always are.
    """

    card: DatasetCard
    item_ids: NDArray[np.int32]
    timestamps: NDArray[np.int64]
    offsets: NDArray[np.int64]
    train_end: NDArray[np.int64]
    valid_end: NDArray[np.int64]
    train_counts: NDArray[np.int64]
    train_user_counts: NDArray[np.int64]
    truth: "Truth | None" = None
    explicit_negatives: ExplicitNegatives | None = None
    availability: Availability | None = None

    @property
    def n_users(self) -> int:
        """Number of users."""
        return len(self.offsets) - 1

    @property
    def n_items(self) -> int:
        """Number of items, cold ones included, padding not."""
        return len(self.train_counts) - 1

    @property
    def n_candidates(self) -> int:
        """Number of items seen in training: the ids 1..n_candidates."""
        return int(np.count_nonzero(self.train_counts))


@dataclass(frozen=True)
class Histories:
    """Stretches of a flat item array, one per history, without copying them.

    Attributes:
        item_ids: int32[n_interactions], the dataset's flat array.
        start: int64[n_histories], absolute index of the first item of each history.
        end: int64[n_histories], absolute index after the last one; equal to start where nothing is known of a user.
    """

    item_ids: NDArray[np.int32]
    start: NDArray[np.int64]
    end: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.start)

    def __getitem__(self, chosen: slice | NDArray[np.int64]) -> "Histories":
        """Some of the histories."""
        return Histories(self.item_ids, self.start[chosen], self.end[chosen])

"""Explicit negatives: what users skipped or disliked, kept beside the log.

They are never positives, never part of a history, and count in no popularity. Samplers may draw from those of the time of
training, and an evaluation ranks those of the time of the test.
"""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict


class ExplicitNegativeCounts(BaseModel):
    """How many explicit negatives a dataset has, and what became of the others of the log."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    n_negatives: int
    """Those that are kept."""
    n_users: int
    """Users who have one."""
    n_train: int
    """Those before the first validation interaction."""
    n_test: int
    """Those from the first test interaction on."""
    n_repeated: int = 0
    """Rows left out since an earlier one has the same user, item and time."""
    n_of_other_users: int = 0
    """Rows left out since their user has no interaction that is kept."""
    n_of_other_items: int = 0
    """Rows left out since their item is in no interaction that is kept: models don't know it."""
    n_outside_sessions: int = 0
    """Rows left out since they lie in none of their user's sessions."""


@final
@dataclass(frozen=True)
class ExplicitNegatives:
    """The explicit negatives of a dataset's users, in (user, time) order.

    Attributes:
        item_ids: int32[n_negatives].
        timestamps: int64[n_negatives], as the dataset's.
        offsets: int64[n_users + 1]; user u's are item_ids[offsets[u]:offsets[u + 1]].
        train_until: Those before this time may be trained on: that of the first validation interaction.
        test_from: Those from this time on are evaluated: that of the first test interaction.
    """

    item_ids: NDArray[np.int32]
    timestamps: NDArray[np.int64]
    offsets: NDArray[np.int64]
    train_until: int
    test_from: int

    @property
    def users(self) -> NDArray[np.int64]:
        """int64[n_negatives], the user of each."""
        return np.repeat(np.arange(len(self.offsets) - 1, dtype=np.int64), np.diff(self.offsets))

    @property
    def is_for_training(self) -> NDArray[np.bool_]:
        """bool[n_negatives], whether each may be trained on."""
        return np.asarray(self.timestamps) < self.train_until

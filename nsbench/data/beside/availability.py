"""From when until when each item is available: before and after, nobody can choose it, and it is no candidate."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

ALWAYS_FROM, ALWAYS_UNTIL = int(np.iinfo(np.int64).min), int(np.iinfo(np.int64).max)
"""The times of an item without dates."""


class AvailabilityCounts(BaseModel):
    """What is known of when items are available."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    source: str
    """The file's name, or `first-seen`."""
    n_from: int
    """Items with a first date."""
    n_until: int
    """Items with a last date."""
    n_unknown_rows: int = 0
    """Rows of the file whose item is not in the log."""
    n_outside: int = 0
    """Interactions before their item's first date or after its last one; the dates were widened to hold them."""


@final
@dataclass(frozen=True)
class Availability:
    """When items are available.

    Attributes:
        first: int64[n_items + 1], the first time at which each item can be chosen, as the dataset's timestamps.
        last: int64[n_items + 1], the last one.
    """

    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def holds(self, items: NDArray[np.int32], times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each item is available at a time."""
        return np.asarray((self.first[items] <= times) & (times <= self.last[items]))

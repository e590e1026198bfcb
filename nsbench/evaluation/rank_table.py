"""What is kept of an evaluation: one rank per target. Numpy only, so that the report can read it without torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RankTable:
    """The rank of every evaluated target; any k, metric, interval or test follows from it without retraining.

    Attributes:
        users: int64[n_targets], the user's number.
        items: int32[n_targets], the target item.
        cohorts: int8[n_targets], the target item's `Cohort`.
        ranks: float32[n_targets], 1 is best; ties get their mean rank; infinite where the item is no candidate.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int32]
    cohorts: NDArray[np.int8]
    ranks: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.ranks)

"""What is kept of an evaluation: where each target stands. Numpy only, so that the report can read it without torch."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RankTable:
    """The rank of every evaluated target; any k, metric, interval or test follows from it without retraining.

    A target that shares its score with others is at any of `n_tied` neighbouring places with the same chance. The first of
    them, 1 + the candidates that score higher, is ranks - (n_tied - 1) / 2.

    Attributes:
        users: int64[n_targets], the user's number.
        items: int32[n_targets], the target item.
        cohorts: int8[n_targets], the target item's `Cohort`.
        ranks: float64[n_targets], 1 is best; the mean of the target's places; infinite where the item is no candidate.
        n_tied: int32[n_targets], the target's places: candidates with its score, itself included. 1 where no other has it,
            where the target wins ties, and where it is no candidate. Ranks that an older version wrote have 1 everywhere,
            so that metrics are those of the mean rank, as they were then.
    """

    users: NDArray[np.int64]
    items: NDArray[np.int32]
    cohorts: NDArray[np.int8]
    ranks: NDArray[np.float64]
    n_tied: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.ranks)

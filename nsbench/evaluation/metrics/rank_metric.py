"""What a metric of ranks is, and how tied targets are counted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class PerTarget(Protocol):
    """A metric's value of each target."""

    def __call__(self, ranks: NDArray[np.float64], k: int, n_tied: NDArray[np.int32] | int = 1) -> NDArray[np.float64]:
        """The values.

        Args:
            ranks: Any shape; 1 is best, the mean of the target's places, infinity is a miss at every k.
            k: The cut-off, at least 1.
            n_tied: The places that the target shares with equal scores, as `RankTable.n_tied`.

        Returns:
            As many as ranks, each in [0, 1].
        """
        ...


@dataclass(frozen=True)
class RankMetric:
    """A metric of ranks at a cut-off.

    Attributes:
        name: In the names of MLflow's metrics and of objectives, such as "hit_rate".
        title: At the head of a table, such as "Hit rate".
        short: Where there is little room, such as "HR".
        per_target: Its value of each target; what is recorded is the mean over a group of targets.
        in_full: The same without a cut-off, from ranks and n_tied; None where that isn't recorded.
    """

    name: str
    title: str
    short: str
    per_target: PerTarget
    in_full: Callable[[NDArray[np.float64], NDArray[np.int32]], NDArray[np.float64]] | None = None

    @property
    def in_sentence(self) -> str:
        """The title within a sentence.

        >>> from nsbench.evaluation.metrics import METRICS
        >>> METRICS["hit_rate"].in_sentence, METRICS["ndcg"].in_sentence
        ('hit rate', 'NDCG')
        """
        return self.title if self.title.isupper() else self.title.lower()


def n_higher(ranks: NDArray[np.float64], n_tied: NDArray[np.int32]) -> NDArray[np.float64]:
    """How many candidates score higher: the places before the first of the target's.

    >>> n_higher(np.array([1.0, 2.0]), np.array([1, 3])).tolist()
    [0.0, 0.0]
    """
    return ranks - 1 - (n_tied - 1) / 2


def mean_over_places(
    gain: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    alone: NDArray[np.float64],
    ranks: NDArray[np.float64],
    n_tied: NDArray[np.int32] | int,
    k: int | None = None,
) -> NDArray[np.float64]:
    """The mean gain over each target's places up to k.

    Args:
        gain: Of places, 1 being the best.
        alone: Each target's gain where it has one place, as long as ranks.
        ranks: As in `PerTarget`.
        n_tied: As in `PerTarget`.
        k: The cut-off; None: every place counts.
    """
    n_tied = np.broadcast_to(n_tied, ranks.shape)
    tied = n_tied > 1
    if not tied.any():
        return alone
    first = n_higher(ranks[tied], n_tied[tied]).round().astype(np.int64)
    last = first + n_tied[tied]
    k = int(last.max()) if k is None else k
    sums = np.concatenate([[0.0], np.cumsum(gain(np.arange(1.0, k + 1)))])
    found = alone.copy()
    found[tied] = (sums[np.minimum(last, k)] - sums[np.minimum(first, k)]) / n_tied[tied]
    return found

"""Hides the items that are not available at the time of a ranking: not there yet, or gone."""

from dataclasses import dataclass
from typing import Protocol, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.beside.availability import Availability
from nsbench.evaluation.shard import EvaluationShard
from nsbench.evaluation.targets.target import Targets


class Hidden(Protocol):
    """What leaves the ranking, row by row."""

    def hide(self, scores: Tensor, first: int) -> None:
        """Sets the scores [n_rows, n] of some places from `first` on to minus infinity where they are left out, in place."""


@final
@dataclass(frozen=True)
class Unavailable:
    """The items that are not available at some rows' times.

    Items that all rows have, as most do, cost nothing, and those that no row has next to nothing.

    Attributes:
        times: int64[n_rows].
        availability: Of all items.
        shard: Says which items the places are.
    """

    times: NDArray[np.int64]
    availability: Availability
    shard: EvaluationShard

    def hide(self, scores: Tensor, first: int) -> None:
        """As of `Hidden`."""
        if not len(self.times):
            return
        items = self.shard.items_at(torch.arange(first, first + scores.shape[1])).numpy()
        begins, ends = np.asarray(self.availability.first[items]), np.asarray(self.availability.last[items])
        earliest, latest = self.times.min(), self.times.max()
        never = (begins > latest) | (ends < earliest)
        if never.any():
            scores.index_fill_(1, _on(scores, np.flatnonzero(never)), -torch.inf)
        sometimes = np.flatnonzero(~never & ((begins > earliest) | (ends < latest)))
        if not len(sometimes):
            return
        rows = self.times[:, None]
        hidden = (begins[sometimes] > rows) | (ends[sometimes] < rows)  # [n_rows, items]
        columns = _on(scores, sometimes)
        scores.index_copy_(1, columns, scores.index_select(1, columns).masked_fill_(_on(scores, hidden), -torch.inf))


def unavailable_at(
    targets: Targets, chosen: NDArray[np.int64], availability: Availability | None, shard: EvaluationShard
) -> tuple[Hidden, ...]:
    """What some targets leave out of their ranking for its time; nothing where the dataset has no dates.

    Args:
        targets: All targets.
        chosen: int64[n_rows], which of them; row r is target chosen[r].
        availability: The dataset's.
        shard: Says where items are.
    """
    if availability is None or targets.times is None:
        return ()
    return (Unavailable(targets.times[chosen], availability, shard),)


def _on(scores: Tensor, array: NDArray[np.int64] | NDArray[np.bool_]) -> Tensor:
    return torch.from_numpy(array).to(scores.device)

"""Rankings that need no training: what a model has to beat. They pass through the same ranking as any model."""

from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset, Histories
from nsbench.evaluation.shard import WHOLE

SECONDS_A_DAY = 86_400


class PopularityBaseline:
    """Recommends what was popular in training, the same to everybody (PopRec in the paper)."""

    shard = WHOLE

    def __init__(self, counts: NDArray[np.int64], device: torch.device | None = None) -> None:
        """Ranks items by `counts`, int64[n_items + 1]; equal counts are ties."""
        # Places among the distinct counts, not counts: float32 tells whole numbers apart up to 2^24 only.
        places = np.unique(counts, return_inverse=True)[1]
        self._scores = torch.from_numpy(places).to(device=device, dtype=torch.float32)

    @classmethod
    def all_time(cls, dataset: Dataset, device: torch.device | None = None) -> Self:
        """Popularity over the whole training part."""
        return cls(np.asarray(dataset.train_counts), device)

    @classmethod
    def last_days(cls, dataset: Dataset, n_days: float, device: torch.device | None = None) -> Self:
        """Popularity over the training interactions less than n_days before the last one of them.

        Source: Ji et al., "A re-visit of the popularity baseline in recommender systems", SIGIR 2020: recent popularity
        is much stronger than that of all time where taste moves.
        """
        is_train = _is_train(dataset)
        times = dataset.timestamps[is_train]
        recent = times > times.max(initial=0) - n_days * SECONDS_A_DAY
        return cls(np.bincount(dataset.item_ids[is_train][recent], minlength=dataset.n_items + 1), device)

    def encode(self, histories: Histories) -> Tensor:
        """Nothing: [n_histories, 0]."""
        return torch.empty(len(histories), 0, device=self._scores.device)

    def score(self, states: Tensor, first: int, end: int) -> Tensor:
        """The items' popularity, the same in every row; see `Scorer.score`."""
        return self._scores[first:end].repeat(len(states), 1)


class MarkovBaseline:
    """Recommends what most often followed the last item in training; by popularity among equal ones and after them.

    After an empty history that is popularity alone.
    """

    shard = WHOLE

    def __init__(self, dataset: Dataset, device: torch.device | None = None) -> None:
        """Counts the pairs of consecutive training interactions of a user."""
        self._base = dataset.n_items + 1
        starts_pair = _is_train(dataset)
        ends = dataset.train_end[dataset.train_end > dataset.offsets[:-1]]
        starts_pair[ends - 1] = False
        before = np.flatnonzero(starts_pair)
        pairs = dataset.item_ids[before].astype(np.int64) * self._base + dataset.item_ids[before + 1]
        keys, counts = np.unique(pairs, return_counts=True)
        self._keys = torch.from_numpy(keys).to(device)
        self._counts = torch.from_numpy(counts).to(device=device, dtype=torch.float32)
        # Below 1, so that popularity never outweighs a transition.
        weights = dataset.train_counts / (dataset.train_counts.max() + 1)
        self._popularity = torch.from_numpy(weights).to(device=device, dtype=torch.float32)

    def encode(self, histories: Histories) -> Tensor:
        """int64[n_histories, 1], the last item of each history; 0, which nothing follows, of an empty one."""
        last_items = np.zeros(len(histories), dtype=np.int64)
        begun = histories.end > histories.start
        last_items[begun] = histories.item_ids[histories.end[begun] - 1]
        return torch.from_numpy(last_items).to(self._keys.device)[:, None]

    def score(self, states: Tensor, first: int, end: int) -> Tensor:
        """Transitions from the last item, plus a popularity below 1; see `Scorer.score`."""
        scores = self._popularity[first:end].repeat(len(states), 1)
        row_keys = states[:, 0] * self._base
        begin = torch.searchsorted(self._keys, row_keys + first)
        lengths = torch.searchsorted(self._keys, row_keys + end) - begin
        rows = torch.repeat_interleave(lengths)
        places = torch.arange(len(rows), device=rows.device) + (begin - lengths.cumsum(0) + lengths)[rows]
        columns = self._keys[places] - row_keys[rows] - first
        scores[rows, columns] += self._counts[places]
        return scores


def _is_train(dataset: Dataset) -> NDArray[np.bool_]:
    """bool[n_interactions], whether each interaction belongs to training."""
    ends = np.column_stack([dataset.train_end, dataset.offsets[1:]]).ravel()
    return np.repeat(np.tile([True, False], dataset.n_users), np.diff(ends, prepend=0))

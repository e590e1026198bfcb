"""What a sampler may know of the log it draws for: counts, histories, cohorts, and who shares a draw."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from nsbench.batching.window import Windows
from nsbench.data.cohort import CohortRule, PopularityCounts, item_cohorts
from nsbench.data.dataset import Dataset
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.sharing import SharedBy, Sharing

Exclusion = Literal["whole", "window"]
"""Which items of a user are never negatives: all of the training history, or the last max_length targets."""


@dataclass(frozen=True)
class StateSize:
    """What the size of a sampler's state may depend on.

    Attributes:
        n_items: Items, padding not counted.
        n_positives: Positives of a step, at most.
    """

    n_items: int
    n_positives: int

    @classmethod
    def of(cls, windows: Windows, batch_size: int, n_users: int, n_items: int) -> "StateSize":
        """With room for full batches of the longest rows; an epoch may have a row for each user, with or without a window."""
        n_rows = min(batch_size, max(len(windows), n_users))
        return cls(n_items, n_rows * int(windows.lengths.max()))


@dataclass(frozen=True)
class SamplerContext:
    """What samplers may know of the training interactions; built once and shared by all samplers of a run."""

    dataset: Dataset
    windows: Windows
    whole_history: UserHistory
    window_history: UserHistory
    batch_size: int
    """Users of a step, at most."""
    users_per_group: int
    """Neighbouring users that share a draw where groups do."""
    n_candidates: int
    """Items that may be recommended, so that uniform draws come from 1..n_candidates."""
    device: torch.device
    cohort_counts: PopularityCounts = "interactions"
    """What an item's cohort goes by, as in the evaluation."""
    cohort_rule: CohortRule = "filled"
    """How cohorts' borders are drawn, as in the evaluation."""

    def history(self, excluded: Exclusion) -> UserHistory:
        """The items of each user that are never negatives."""
        return self.whole_history if excluded == "whole" else self.window_history

    @cached_property
    def cohorts(self) -> Tensor:
        """int64[n_items + 1] of `Cohort` values; padding is -1."""
        cohorts = item_cohorts(self.dataset, self.cohort_counts, self.cohort_rule)
        return torch.from_numpy(cohorts.astype(np.int64)).to(self.device)

    @property
    def state_size(self) -> StateSize:
        """What the size of a sampler's state may depend on."""
        return StateSize.of(self.windows, self.batch_size, self.dataset.n_users, self.dataset.n_items)

    def sharing(self, shared_by: SharedBy) -> Sharing:
        """Who shares a draw, in numbers."""
        n_users = {"position": 1, "user": 1, "group": self.users_per_group, "batch": None}[shared_by]
        return Sharing(by_position=shared_by == "position", n_users=n_users)

    @cached_property
    def target_share(self) -> Tensor:
        """float64[n_items + 1], each item's share of the targets that a pass over the windows trains on."""
        counts = np.bincount(
            np.asarray(self.dataset.item_ids)[self.windows.target_index()], minlength=self.dataset.n_items + 1
        )
        return torch.from_numpy(counts / counts.sum()).to(self.device)

    def popularity(self, counts: Literal["interactions", "users"], gamma: float) -> Tensor:
        """float64[n_items + 1], counts ** gamma scaled to sum 1; 0 for padding and for items not seen in training."""
        raw = np.asarray(self.dataset.train_counts if counts == "interactions" else self.dataset.train_user_counts)
        weights = np.zeros(len(raw), dtype=np.float64)
        weights[raw > 0] = raw[raw > 0].astype(np.float64) ** gamma
        return torch.from_numpy(weights / weights.sum()).to(self.device)

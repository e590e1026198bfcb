"""Ranks by counting: how many candidates score higher than the target; nothing is sorted, no [users, items] is held.

With s_j the candidates' scores and t the target's, sum_j sign(s_j - t) is the number of higher scores minus that of
lower ones, so that the mean rank over ties is (1 + n + sum_j sign(s_j - t)) / 2 with n candidates, target included. A
block of scores is small enough to stay in cache while that is done, so that the product remains what takes the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset
from nsbench.data.item import cohorts_of
from nsbench.evaluation.candidate import (
    Candidates,
    SeenItems,
    block_shape,
    candidates_of,
    chunks,
)
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.target import Targets
from nsbench.terms import Cohort


@torch.inference_mode()
def rank_targets(
    scorer: Scorer, dataset: Dataset, targets: Targets, settings: EvaluationSettings, states: Tensor | None = None
) -> RankTable:
    """The rank of every target among the candidates, each history being encoded once.

    A rank is 1 + the candidates that score higher + half of the others that score the same (ties=mean) or none of them
    (ties=optimistic). Seen items are those of the whole history, however short a model's window; a target that the user
    had before is ranked all the same. A target that is no candidate has rank infinity.

    Args:
        scorer: The model or baseline; the work is done on its device.
        dataset: The log that the targets are of.
        targets: What to rank.
        settings: The protocol; only `seen_items`, `cold_items` and `ties` are read.
        states: What the scorer's `encode` gave for the targets' histories, if that is known already.

    Raises:
        TrainingError: The scorer has no scores.
    """
    states = scorer.encode(targets.histories) if states is None else states
    candidates = candidates_of(dataset, settings)
    counting = _Counting(scorer, candidates, settings.ties == "optimistic")
    shape = block_shape(states.device, candidates.n_items)
    # In the order of ids, the targets of some rows lie in few stretches, mostly one: the others are scored twice.
    order = np.argsort(targets.items, kind="stable")
    order = order[targets.items[order] <= candidates.n_items]
    ranks = np.full(len(targets), np.inf, dtype=np.float32)
    for part in chunks(len(order), shape.n_rows):
        chosen = order[part]
        history_of = targets.history_of[chosen]
        seen = SeenItems.of(targets.histories, history_of, candidates)
        rows = states.index_select(0, torch.from_numpy(history_of).to(states.device))
        items = targets.items[chosen]
        stretches = shape.stretches(candidates.n_items, int(items[0]), int(items[-1]))
        ranks[chosen] = counting.ranks(rows, items, seen, stretches)
    return RankTable(targets.users, targets.items, _target_cohorts(dataset, targets, settings), ranks)


def _target_cohorts(dataset: Dataset, targets: Targets, settings: EvaluationSettings) -> NDArray[np.int8]:
    """int8[n_targets]; cold items are tail if the settings say so."""
    cohorts = cohorts_of(np.asarray(dataset.train_counts))[targets.items]
    if settings.cold_items == "tail":
        cohorts[cohorts == Cohort.COLD] = Cohort.TAIL
    return cohorts


@dataclass(frozen=True)
class _Counting:
    """Counts candidates that score higher.

    Attributes:
        scorer: Gives the scores.
        candidates: What is ranked.
        optimistic: Whether equal scores count as lower ones; if not, as half a higher one.
    """

    scorer: Scorer
    candidates: Candidates
    optimistic: bool

    def ranks(
        self, states: Tensor, items: NDArray[np.int32], seen: SeenItems, stretches: Sequence[tuple[int, int]]
    ) -> NDArray[np.float32]:
        """The rank of items[r] after states[r], the catalogue being scored stretch by stretch.

        A target is compared by the score that the same product gave it: computed apart it would differ in the last bits
        from an item with the same vector. So its stretch is scored before the others are compared with it.
        """
        own = _OwnScores(torch.empty(len(items), 1, device=states.device), items)
        holding = [(first, end) for first, end in stretches if own.rows_in(first, end).size]
        for first, end in holding:
            scores = self.scorer.score(states, first, end)
            own.read(scores, first)
        above = torch.zeros(len(items), dtype=torch.float64, device=states.device)
        # The last stretch scored is compared first, so that a catalogue of one stretch is scored once.
        others = [stretch for stretch in stretches if stretch not in holding]
        for number, (first, end) in enumerate([*reversed(holding), *others]):
            if number > 0:
                scores = self.scorer.score(states, first, end)
            seen.hide(scores, first)
            own.write(scores, first)
            signs = scores.sub_(own.scores).sign_()
            above += (signs.clamp_(min=0) if self.optimistic else signs).sum(1)
        ranks = 1 + above if self.optimistic else (1 + self.candidates.n_items + above) / 2
        return ranks.float().cpu().numpy()


class _OwnScores:
    """The targets' own scores, one a row, and where they stand in a block."""

    def __init__(self, scores: Tensor, items: NDArray[np.int32]) -> None:
        self.scores = scores
        self._items = items

    def rows_in(self, first: int, end: int) -> NDArray[np.int64]:
        """The rows whose target is one of the items first..end - 1."""
        return np.flatnonzero((self._items >= first) & (self._items < end))

    def read(self, block: Tensor, first: int) -> None:
        """Takes the targets' scores from a block of the items first..first + n - 1."""
        rows, columns = self._place(block, first)
        self.scores[rows, 0] = block[rows, columns]

    def write(self, block: Tensor, first: int) -> None:
        """Puts them back into it, so that a target is equal to itself even where it is hidden as seen."""
        rows, columns = self._place(block, first)
        block[rows, columns] = self.scores[rows, 0]

    def _place(self, block: Tensor, first: int) -> tuple[Tensor, Tensor]:
        rows = self.rows_in(first, first + block.shape[1])
        columns = self._items[rows].astype(np.int64) - first
        return torch.from_numpy(rows).to(block.device), torch.from_numpy(columns).to(block.device)

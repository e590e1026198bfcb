"""Ranks by counting: how many candidates score higher than the target; nothing is sorted, no [users, items] is held.

With h candidates that score higher and e that score the same, the target included, its places are h + 1 to h + e. A block
of scores is small enough to stay in cache while it is compared twice, so that the product remains what takes the time.
Where several processes hold the catalogue, each counts among its items, and the counts are added up.

The same score is the same float32, as the device's product gave it. Nearly equal scores are no ties, and items with the
same vector may miss being one by a last bit where a product sums some of its columns in another order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset
from nsbench.errors import TrainingError
from nsbench.evaluation.availability import Hidden, unavailable_at
from nsbench.evaluation.candidate import BlockShape, SeenItems, block_shape, candidates_of
from nsbench.evaluation.cohort import evaluated_cohorts
from nsbench.evaluation.rank_table import RankTable
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.history import encoded
from nsbench.evaluation.targets.target import Targets


@torch.inference_mode()
def rank_targets(
    scorer: Scorer, dataset: Dataset, targets: Targets, settings: EvaluationSettings, states: Tensor | None = None
) -> RankTable:
    """The rank of every target among the candidates, each history being encoded once.

    A rank is 1 + the candidates that score higher + half of the others that score the same (ties=mean) or none of them
    (ties=optimistic: the target wins, and so has one place). Seen items are those of the whole history, however short a
    model's window, those that it leaves out included. An item that is not available at a target's time is none of its
    candidates. A target that the user had before is ranked all the same. A target
    that is no candidate has rank infinity.

    Args:
        scorer: The model or baseline; the work is done on its device.
        dataset: The log that the targets are of.
        targets: What to rank.
        settings: The protocol; its `targets` and `cutoffs` are not read.
        states: What `encoded` gave, if that is known already.

    Raises:
        TrainingError: The scorer has no scores, or a target's is not a number.
    """
    states = encoded(scorer, dataset, targets, settings) if states is None else states
    shard, candidates = scorer.shard, candidates_of(dataset, settings)
    shape = block_shape(states.device, shard.most_places(candidates.n_items))
    counting = _Counting(scorer, shard.places(candidates.n_items), shape)
    # In the order of ids, the targets of some rows lie in few stretches, mostly one: the others are scored twice.
    order = np.argsort(targets.items, kind="stable")
    order = order[targets.items[order] <= candidates.n_items]
    counts = np.zeros((2, len(order)))
    for part in shard.chunks(len(order), shape.n_rows):
        history_of = targets.history_of[order[part]]
        seen = SeenItems.of(targets.histories, history_of, candidates, shard)
        rows = states.index_select(0, torch.from_numpy(history_of).to(states.device))
        hidden = (seen, *unavailable_at(targets, order[part], dataset.availability, shard))
        counts[:, part] = counting.counts(rows, shard.places_of(targets.items[order[part]]), hidden)
    higher, equal = shard.total(torch.from_numpy(counts)).numpy()
    if not np.isfinite(equal).all():
        raise TrainingError("a score is not a number; the model has diverged: lower learning_rate")
    ranks, n_tied = np.full(len(targets), np.inf), np.ones(len(targets), dtype=np.int32)
    n_tied[order] = 1 if settings.ties == "optimistic" else equal
    ranks[order] = 1 + higher + (n_tied[order] - 1) / 2
    return RankTable(targets.users, targets.items, evaluated_cohorts(dataset, settings)[targets.items], ranks, n_tied)


@dataclass(frozen=True)
class _Counting:
    """Counts candidates that score higher than a target, and those that score the same.

    Attributes:
        scorer: Gives the scores.
        places: Of the candidates that this process scores.
        shape: Of the blocks.
    """

    scorer: Scorer
    places: range
    shape: BlockShape

    def counts(self, states: Tensor, targets: NDArray[np.int32], hidden: Sequence[Hidden]) -> NDArray[np.float64]:
        """float64[2, n]: how many of the places score higher than each target, and how many the same.

        The latter is not a number where the target's score is none.

        A target is compared by the score that the same product gave it: computed apart it would differ in the last bits
        from an item with the same vector. So its stretch is scored before the others are compared with it.

        Args:
            states: [n, width].
            targets: int32[n], the targets' places, rising but for -1 where another process scores the target.
            hidden: What is left out.
        """
        held = targets[targets >= 0]
        lowest, highest = (int(held[0]), int(held[-1])) if len(held) else (0, 0)
        stretches = self.shape.stretches(self.places, lowest, highest)
        own = _OwnScores(torch.zeros(len(targets), 1, device=states.device), targets)
        holding = [(first, end) for first, end in stretches if own.rows_in(first, end).size]
        for first, end in holding:
            scores = self.scorer.score(states, first, end)
            own.read(scores, first)
        own.scores = self.scorer.shard.own_scores(own.scores)
        counts = torch.zeros(2, len(targets), dtype=torch.float64, device=states.device)
        # The last stretch scored is compared first, so that a catalogue of one stretch is scored once.
        others = [stretch for stretch in stretches if stretch not in holding]
        for number, (first, end) in enumerate([*reversed(holding), *others]):
            if number > 0 or not holding:
                scores = self.scorer.score(states, first, end)
            for one in hidden:
                one.hide(scores, first)
            own.write(scores, first)
            # Signs as float32: they are summed in a tenth of the time that bools take, and exactly up to 2^24.
            signs = scores.sub_(own.scores).sign_()  # [n, end - first]
            surplus = signs.sum(1)  # [n], higher less lower
            n_other = signs.abs_().sum(1)  # [n], higher and lower
            counts[0] += (surplus + n_other) / 2
            counts[1] += (end - first) - n_other
        # The sign of what is not a number is 0, which would pass for a tie with everything.
        counts[1] += 0 * own.scores[:, 0]
        return counts.cpu().numpy()


class _OwnScores:
    """The targets' own scores, one per row, and where they stand in a block."""

    def __init__(self, scores: Tensor, places: NDArray[np.int32]) -> None:
        self.scores = scores
        self._places = places

    def rows_in(self, first: int, end: int) -> NDArray[np.int64]:
        """The rows whose target is at one of the places first..end - 1."""
        return np.flatnonzero((self._places >= first) & (self._places < end))

    def read(self, block: Tensor, first: int) -> None:
        """Takes the targets' scores from a block of the places first..first + n - 1."""
        rows, columns = self._place(block, first)
        self.scores[rows, 0] = block[rows, columns]

    def write(self, block: Tensor, first: int) -> None:
        """Puts them back into it, so that a target is equal to itself even where it is hidden."""
        rows, columns = self._place(block, first)
        block[rows, columns] = self.scores[rows, 0]

    def _place(self, block: Tensor, first: int) -> tuple[Tensor, Tensor]:
        rows = self.rows_in(first, first + block.shape[1])
        columns = self._places[rows].astype(np.int64) - first
        return torch.from_numpy(rows).to(block.device), torch.from_numpy(columns).to(block.device)

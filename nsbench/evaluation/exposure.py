"""How often each item is recommended, which says whom a model shows at all, right or wrong."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.data.dataset import Dataset
from nsbench.errors import TrainingError
from nsbench.evaluation.availability import unavailable_at
from nsbench.evaluation.candidate import SeenItems, block_shape, candidates_of
from nsbench.evaluation.history import encoded
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.shard import EvaluationShard
from nsbench.evaluation.target import Targets


@torch.inference_mode()
def exposure_of(
    scorer: Scorer,
    dataset: Dataset,
    targets: Targets,
    settings: EvaluationSettings,
    k: int,
    states: Tensor | None = None,
) -> NDArray[np.int64]:
    """How many of the histories get each item among their k recommendations.

    Each history gets one list, however many targets follow it. The list is shorter than k where fewer candidates are
    left; among equal scores at its end, which items it holds is up to the device.

    Args:
        scorer: The model or baseline; the work is done on its device.
        dataset: The log that the targets are of.
        targets: Whose histories get a list.
        settings: The protocol; only `seen_items`, `cold_items` and `unseen_in_history` are read.
        k: Length of a list, at least 1.
        states: What `encoded` gave, if that is known already.

    Returns:
        int64[n_items + 1], lists that hold the item; padding, and items that are no candidates, are in none.

    Raises:
        TrainingError: A score is not a number.
    """
    shard, candidates = scorer.shard, candidates_of(dataset, settings)
    counts = torch.zeros(dataset.n_items + 1, dtype=torch.int64)
    states = encoded(scorer, dataset, targets, settings) if states is None else states
    shape = block_shape(states.device, shard.most_places(candidates.n_items))
    # A list is made when the first target of its history comes.
    first_targets = np.searchsorted(targets.history_of, np.arange(len(targets.histories)))
    for part in shard.chunks(len(targets.histories), shape.n_rows):
        rows = states[part]
        seen = SeenItems.of(targets.histories, np.arange(part.start, part.stop), candidates, shard)
        asked = first_targets[part]
        hidden = (seen, *unavailable_at(targets, asked, dataset.availability, shard))
        best = _Best(len(rows), k, states.device)
        for first, end in shape.stretches(shard.places(candidates.n_items)):
            scores = scorer.score(rows, first, end)
            for one in hidden:
                one.hide(scores, first)
            best.add(scores, first)
        counts += torch.bincount(best.recommended(shard).cpu(), minlength=len(counts))
    # The owners of the items of a list have all counted it.
    return (shard.total(counts) // shard.owners.size).numpy()


class _Best:
    """The k items with the highest scores so far, row by row, as places."""

    def __init__(self, n_rows: int, k: int, device: torch.device) -> None:
        self._k = k
        self._scores = torch.full((n_rows, 0), -torch.inf, device=device)
        self._places = torch.zeros((n_rows, 0), dtype=torch.int64, device=device)

    def add(self, block: Tensor, first: int) -> None:
        """Takes the scores [n_rows, n] of the places first..first + n - 1 in."""
        scores, columns = block.topk(min(self._k, block.shape[1]), dim=1)
        scores, places = torch.cat([self._scores, scores], 1), torch.cat([self._places, columns + first], 1)
        self._scores, self._places = self._highest(scores, places)

    def recommended(self, shard: EvaluationShard) -> Tensor:
        """The items of all rows, of all owners' the best, hidden ones left out.

        Raises:
            TrainingError: A score is not a number; topk takes such a score for the highest.
        """
        scores, items = shard.side_by_side(self._scores), shard.side_by_side(shard.items_at(self._places))
        scores, items = self._highest(scores, items)
        if bool(scores.isnan().any()):
            raise TrainingError("a score is not a number; the model has diverged: lower learning_rate")
        return items[scores > -torch.inf]

    def _highest(self, scores: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        highest, kept = scores.topk(min(self._k, scores.shape[1]), dim=1)
        return highest, items.gather(1, kept)

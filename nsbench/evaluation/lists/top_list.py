"""The k items with the highest scores after each history, found block by block of the catalogue."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from nsbench.data.dataset import Histories
from nsbench.errors import TrainingError
from nsbench.evaluation.availability import Hidden
from nsbench.evaluation.candidate import Candidates, SeenItems, block_shape
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.shard import EvaluationShard


def top_lists(
    scorer: Scorer,
    histories: Histories,
    states: Tensor,
    candidates: Candidates,
    k: int,
    more_hidden: Callable[[slice], Sequence[Hidden]] = lambda _: (),
) -> Iterator[tuple[slice, Tensor]]:
    """The lists of all histories, or of those that this process ranks.

    Among equal scores at a list's end, which items it holds is up to the device.

    Args:
        scorer: The model or baseline; the work is done on its device.
        histories: Of the users, whose items may leave the lists.
        states: [n_histories, width], what the scorer made of what it was shown of them.
        candidates: What is ranked.
        k: Length of a list, at least 1.
        more_hidden: What leaves the lists of some histories beside what they have seen.

    Yields:
        Which histories; int64[n, k], their items, 0 where fewer candidates are left.

    Raises:
        TrainingError: A score is not a number.
    """
    shard = scorer.shard
    shape = block_shape(states.device, shard.most_places(candidates.n_items))
    for part in shard.chunks(len(histories), shape.n_rows):
        rows = states[part]
        seen = SeenItems.of(histories, np.arange(part.start, part.stop), candidates, shard)
        hidden = (seen, *more_hidden(part))
        best = _Best(len(rows), k, states.device)
        for first, end in shape.stretches(shard.places(candidates.n_items)):
            scores = scorer.score(rows, first, end)
            for one in hidden:
                one.hide(scores, first)
            best.add(scores, first)
        yield part, best.recommended(shard)


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
        """The items of all rows, of all owners' the best, 0 in the place of hidden ones.

        Raises:
            TrainingError: A score is not a number; topk takes such a score for the highest.
        """
        scores, items = shard.side_by_side(self._scores), shard.side_by_side(shard.items_at(self._places))
        scores, items = self._highest(scores, items)
        if bool(scores.isnan().any()):
            raise TrainingError("a score is not a number; the model has diverged: lower learning_rate")
        return items.where(scores > -torch.inf, 0)

    def _highest(self, scores: Tensor, items: Tensor) -> tuple[Tensor, Tensor]:
        highest, kept = scores.topk(min(self._k, scores.shape[1]), dim=1)
        return highest, items.gather(1, kept)

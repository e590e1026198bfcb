"""What can be ranked: anything that encodes histories and scores stretches of the catalogue for them."""

from typing import Protocol

from torch import Tensor

from nsbench.data.dataset import Histories
from nsbench.evaluation.shard import EvaluationShard


class Scorer(Protocol):
    """A trained model or a baseline, as the ranking sees it."""

    @property
    def shard(self) -> EvaluationShard:
        """Which items it scores: `WHOLE`, all of them, unless several processes evaluate together."""

    def encode(self, histories: Histories) -> Tensor:
        """What scoring needs of each history; where several processes evaluate, they all call it and get the same.

        Args:
            histories: Of any lengths, 0 included; a model uses the last `max_length` items of each.

        Returns:
            [n_histories, width], on the scorer's device.
        """

    def score(self, states: Tensor, first: int, end: int) -> Tensor:
        """Scores of the items at the places first..end - 1 after each history; higher is more likely next.

        Args:
            states: [n, width], rows of what `encode` returned.
            first: First place, as `shard` numbers them; an item's id where it scores all of them.
            end: Place after the last one.

        Returns:
            float32[n, end - first], finite, a new tensor that the caller may overwrite.
        """

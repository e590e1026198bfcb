"""What can be ranked: anything that encodes histories and scores stretches of the catalogue for them."""

from typing import Protocol

from torch import Tensor

from nsbench.data.dataset import Histories


class Scorer(Protocol):
    """A trained model or a baseline, as the ranking sees it."""

    def encode(self, histories: Histories) -> Tensor:
        """What scoring needs of each history.

        Args:
            histories: Of any lengths; a model uses the last `max_length` items of each.

        Returns:
            [n_histories, width], on the scorer's device.
        """

    def score(self, states: Tensor, first_item: int, end_item: int) -> Tensor:
        """Scores of the items first_item..end_item - 1 after each history; higher is more likely next.

        Args:
            states: [n, width], rows of what `encode` returned.
            first_item: First item id; at least 1.
            end_item: Item id after the last one.

        Returns:
            float32[n, end_item - first_item], finite, a new tensor that the caller may overwrite.
        """

"""The items whose vectors lie nearest to an item's, for a look at what a model has learned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nsbench.errors import SettingsError
from nsbench.trained.folder import TrainedModel


@dataclass(frozen=True)
class Neighbours:
    """Items by falling likeness.

    Attributes:
        items: int32[k], their numbers.
        cosines: float32[k], of the angle between their vectors and the item's, in [-1, 1].
    """

    items: NDArray[np.int32]
    cosines: NDArray[np.float32]


def similar_items(trained: TrainedModel, item: int, k: int) -> Neighbours:
    """The k items that were trained whose vectors have the largest cosine with an item's; itself is left out.

    Args:
        trained: The model.
        item: The item's number.
        k: How many.

    Raises:
        SettingsError: The item was never trained, so that its vector says nothing.
    """
    n_trained = trained.card.n_trained_items
    if item > n_trained:
        raise SettingsError(
            f"item {trained.items.labels[item - 1]} has no training interaction, so the model knows nothing of it; choose another"
        )
    vectors = trained.model.items[0, 1 : n_trained + 1].double().numpy()
    lengths = np.maximum(np.linalg.norm(vectors, axis=1), np.finfo(np.float64).tiny)
    cosines = vectors @ vectors[item - 1] / (lengths * lengths[item - 1])
    cosines[item - 1] = -np.inf
    order = np.argsort(-cosines, kind="stable")[: min(k, n_trained - 1)]
    return Neighbours((order + 1).astype(np.int32), cosines[order].astype(np.float32))

"""A model as a scorer: encodes histories in rectangles of similar length, scores by products with the item table."""

from collections.abc import Callable
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import UserBatch
from nsbench.batching.step import step_of
from nsbench.data.dataset import Histories
from nsbench.errors import TrainingError
from nsbench.evaluation.shard import WHOLE, EvaluationShard
from nsbench.models.model import Model
from nsbench.tensors.device import to_device

LookUp = Callable[[Tensor, Tensor], Tensor]
"""Gives the vectors [n, hidden_dim] of some items, int64[n]; their table may lie in parts, of which it gets this process's."""

POSITIONS_PER_STEP = 32_768
"""Positions encoded at once: enough to fill the kernels, few enough to stay in cache."""


def own_vectors(table: Tensor, items: Tensor) -> Tensor:
    """The vectors of some items from a table that has them all."""
    return functional.embedding(items, table)


class ModelScorer:
    """One trained replica, as the ranking sees it."""

    def __init__(self, model: Model, shard: EvaluationShard = WHOLE, look_up: LookUp = own_vectors) -> None:
        """Wraps a model of one replica.

        Args:
            model: With the vectors of the items that this process scores, item by item in the order of their places.
            shard: What this process does.
            look_up: Gives any item's vector; all processes call it as often.
        """
        if model.n_replicas != 1:
            raise ValueError(f"a ModelScorer ranks with one replica, not {model.n_replicas}; use model.replica(i)")
        self.shard = shard
        self._model = model
        self._encoder = model.backbone.ranking_pass(model.dense, partial(look_up, model.items[0]))

    @torch.inference_mode()
    def encode(self, histories: Histories) -> Tensor:
        """The state after the last item of each history: float32[n_histories, hidden_dim].

        Each history is seen as at training: its last `max_length` items, the last one at the last position. Of an empty one
        the model sees the last position without an item, which makes every such user's state the same.

        Raises:
            TrainingError: A parameter is not a finite number, so that scores would be none.
        """
        finite = all(bool(part.isfinite().all()) for part in (self._model.dense, self._model.items))
        if self.shard.is_anywhere(own=not finite):
            raise TrainingError(
                "a parameter is not a finite number, so there are no ranks; the model has diverged: lower learning_rate"
            )
        lengths = np.minimum(histories.end - histories.start, self._model.settings.max_length)
        states = torch.empty(len(histories), self._model.settings.hidden_dim, device=self._model.items.device)
        own = self.shard.own_pieces(_rectangles(lengths))
        for rows in own:
            states[torch.from_numpy(rows).to(states.device)] = self._last_states(histories, rows, lengths[rows])
        self.shard.fill(states, np.concatenate(own))
        return states

    @torch.inference_mode()
    def score(self, states: Tensor, first: int, end: int) -> Tensor:
        """Products with the items' vectors: float32[n, end - first]."""
        return states @ self._model.items[0, first:end].T

    def _last_states(self, histories: Histories, rows: NDArray[np.int64], lengths: NDArray[np.int64]) -> Tensor:
        steps = np.arange(max(int(lengths[0]), 1))
        index = histories.end[rows][:, None] - lengths[:, None] + steps  # [rows, length]
        real = steps < lengths[:, None]
        inputs = np.zeros(real.shape, dtype=np.int64)
        inputs[real] = histories.item_ids[index[real]]
        # Item 0 is the zero vector, so that an empty history is a position of its own.
        lengths = np.maximum(lengths, 1)
        device = self._model.items.device
        items, lengths_on_device = to_device(inputs, device), to_device(lengths, device)
        users = torch.zeros(len(rows), dtype=torch.int64, device=device)
        step = step_of([UserBatch(users, lengths_on_device, items, items, lengths_on_host=lengths)])
        return self._encoder.encode(step)


def _rectangles(lengths: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The histories that are encoded at once, of falling length."""
    order = np.argsort(-lengths, kind="stable")
    rectangles, first = [], 0
    while first < len(order):
        n_rows = max(1, POSITIONS_PER_STEP // max(int(lengths[order[first]]), 1))
        rectangles.append(order[first : first + n_rows])
        first += n_rows
    return rectangles

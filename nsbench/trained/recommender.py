"""Recommends items after histories: the k that a model scores highest, of those that may be recommended."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
import torch
from numpy.typing import NDArray

from nsbench.data.dataset import Histories
from nsbench.errors import SettingsError
from nsbench.evaluation.candidate import Candidates, SeenItems
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.shard import WHOLE
from nsbench.evaluation.targets.history import seen_in_training
from nsbench.models.model import Model
from nsbench.tensors.device import choose_device
from nsbench.trained.folder import TrainedModel
from nsbench.trained.top_items import TopItems

SeenRule = Literal["dataset", "keep", "exclude"]
"""Whether items of the history are recommended again; dataset: as the model was evaluated."""


@dataclass(frozen=True)
class Choice:
    """What may be recommended, and how much of it.

    Attributes:
        top: Items of each list, at most.
        seen: What becomes of items of the history.
        allowed: int32, the only items that may be recommended; None: all that the model was evaluated on.
        denied: int32, items that may not.
    """

    top: int = 10
    seen: SeenRule = "dataset"
    allowed: NDArray[np.int32] | None = None
    denied: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class Recommendations:
    """The lists of some histories, best item first.

    Attributes:
        items: int32[n_histories, k], the items' numbers; 0 where a list has ended.
        scores: float32[n_histories, k]; NaN where a list has ended, and in lists that no model made.
        is_fallback: bool[n_histories], whether nothing of the history is known, so that it gets the most popular items.
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float32]
    is_fallback: NDArray[np.bool_]


@final
class Recommender:
    """A trained model with what may be recommended.

    Args:
        trained: The model.
        choice: What may be recommended.

    Raises:
        SettingsError: Nothing is left to recommend.
    """

    def __init__(self, trained: TrainedModel, choice: Choice) -> None:
        card, device = trained.card, choose_device()
        dense, items = trained.model.dense.to(device), trained.model.items.to(device)
        self._scorer = ModelScorer(Model(trained.model.settings, dense, items))
        self._ids = _recommended_ids(card.n_candidates, choice)
        if not len(self._ids):
            raise SettingsError(
                f"nothing is left to recommend: of the {card.n_candidates:,} items that the model may recommend, none is allowed "
                "and not denied; look at --allow and --deny"
            )
        self._columns = np.full(card.n_items + 1, -1, dtype=np.int64)
        self._columns[self._ids] = np.arange(len(self._ids))
        self._top = TopItems(items[0].index_select(0, torch.from_numpy(self._ids).to(device)), choice.top)
        # Numbers fall with popularity, but for those of a model that was trained on more than the dataset's training.
        counts = trained.train_counts[self._ids]
        self._popular = self._ids[np.argsort(-counts, kind="stable")][: self._top.k]
        self._device = device
        self._n_seen_in_training = card.n_trained_items if card.unseen_in_history == "leave_out" else card.n_items
        seen = card.seen_items if choice.seen == "dataset" else choice.seen
        self._candidates = Candidates(card.n_candidates, seen == "exclude")

    @torch.inference_mode()
    def recommend(self, histories: Histories) -> Recommendations:
        """The lists of some histories.

        A model sees the last items of a history, as in training; all of a history counts as seen. A history without a single
        known item gets the most popular items that may be recommended, without scores.

        Args:
            histories: Of items of the model's catalogue; those of unknown items are empty.
        """
        n, k = len(histories), self._top.k
        items, scores = np.zeros((n, k), dtype=np.int32), np.full((n, k), np.nan, dtype=np.float32)
        is_fallback = histories.end == histories.start
        items[is_fallback] = self._popular
        known = np.flatnonzero(~is_fallback)
        if not len(known):
            return Recommendations(items, scores, is_fallback)
        own = Histories(histories.item_ids, histories.start[known], histories.end[known])
        states = self._scorer.encode(seen_in_training(own, self._n_seen_in_training))
        for first in range(0, len(known), self._top.n_rows):
            part = np.arange(first, min(first + self._top.n_rows, len(known)))
            seen = SeenItems.of(own, part, self._candidates, WHOLE)
            columns = self._columns[seen.places]
            hidden = [torch.from_numpy(array[columns >= 0]).to(self._device) for array in (seen.rows, columns)]
            found_scores, found = (one.cpu().numpy() for one in self._top.of(states[first : part[-1] + 1], *hidden))
            there = np.isfinite(found_scores)
            # Places where a list has ended may lie behind the last item.
            items[known[part]] = np.where(there, self._ids[np.where(there, found, 0)], 0)
            scores[known[part]] = np.where(there, found_scores, np.nan)
        return Recommendations(items, scores, is_fallback)


def _recommended_ids(n_candidates: int, choice: Choice) -> NDArray[np.int32]:
    """The items that may be recommended, by number."""
    ids = np.arange(1, n_candidates + 1, dtype=np.int32)
    if choice.allowed is not None:
        ids = ids[np.isin(ids, choice.allowed)]
    return ids if choice.denied is None else ids[~np.isin(ids, choice.denied)]


def histories_of(rows: Sequence[NDArray[np.int32]]) -> Histories:
    """Some histories given one by one."""
    ends = np.cumsum([len(row) for row in rows]).astype(np.int64)
    flat = np.concatenate([*rows, np.zeros(0, dtype=np.int32)]).astype(np.int32)
    return Histories(flat, np.concatenate([[0], ends[:-1]]).astype(np.int64) if len(rows) else ends, ends)

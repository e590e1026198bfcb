"""Recommendation as the bench measures it: lists of ten for every user's history, as `nsbench recommend` makes them."""

from pathlib import Path

import numpy as np
import polars as pl
import torch

from nsbench import __version__
from nsbench.bench.measuring.slice import Case
from nsbench.data.dataset import Dataset, Histories
from nsbench.data.item_label import ItemLabels
from nsbench.models.backbone import BackboneSettings
from nsbench.models.model import initial_model
from nsbench.trained.card import ModelCard
from nsbench.trained.folder import TrainedModel
from nsbench.trained.recommender import Choice, Recommender

_FLOPS_OF_A_CALL = 6e10
_FEWEST_USERS, _MOST_USERS = 128, 4_096


def recommendation_flops(model: BackboneSettings, n_items: int) -> float:
    """Useful floating-point operations of a history: 2 d for each item; its encoding is not counted."""
    return 2.0 * model.hidden_dim * n_items


def recommendation_case(model: BackboneSettings, dataset: Dataset, device: torch.device) -> Case[None]:
    """Encodes some users' histories and selects the ten highest items of each, those of the history left out."""
    recommender = Recommender(_untrained(model, dataset), Choice(10, seen="exclude"))
    n_users = round(_FLOPS_OF_A_CALL / recommendation_flops(model, dataset.n_items))
    n_users = min(max(n_users, _FEWEST_USERS), _MOST_USERS, dataset.n_users)
    histories = Histories(dataset.item_ids, dataset.offsets[:n_users], dataset.offsets[1 : n_users + 1])

    def step(_: None) -> int:
        recommender.recommend(histories)
        return n_users

    return Case(lambda: None, step, device)


def _untrained(model: BackboneSettings, dataset: Dataset) -> TrainedModel:
    """A model that could have been kept of the dataset, with the parameters that it begins with."""
    n_items = dataset.n_items
    card = ModelCard(
        nsbench=__version__,
        method="random",
        label="Random",
        settings={"sampler": "random", **model.model_dump()},
        seed=0,
        kind="single",
        run_id=None,
        objective="valid/all/hit_rate_at_10",
        best_epoch=0,
        dataset=dataset.card.name,
        dataset_hash=dataset.card.content_hash,
        protocol="rolling",
        fingerprint="",
        n_items=n_items,
        n_candidates=n_items,
        n_trained_items=n_items,
        seen_items="exclude",
        unseen_in_history="keep",
        metrics={},
    )
    labels = ItemLabels(pl.Series("label", np.arange(1, n_items + 1)).cast(pl.String), None)
    parameters = initial_model(model, n_items, [torch.Generator().manual_seed(0)])
    return TrainedModel(Path(), card, parameters, labels, np.asarray(dataset.train_counts))

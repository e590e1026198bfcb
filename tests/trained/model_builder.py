"""A home with a small dataset and trained models, and models made in memory with vectors that a test chooses."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import torch

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.data.item_label import ItemLabels
from nsbench.data.log.prepare import prepare_frame
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.origin import LogOrigin
from nsbench.data.store import load_dataset
from nsbench.files.home import Home
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.terms import KeepModels, RunKind
from nsbench.tracking.record import RunRecord
from nsbench.tracking.store import open_store
from nsbench.trained.card import ModelCard
from nsbench.trained.folder import TrainedModel
from nsbench.trained.keeper import HomeModelKeeper

SIZE = SasrecSettings(hidden_dim=4, n_blocks=1, max_length=3)
SMALL = {"hidden_dim": 8, "max_length": 5, "batch_size": 16, "max_epochs": 2, "validate_every": 1, "n_blocks": 1}


def model_of(
    n_items: int,
    *,
    vectors: torch.Tensor | None = None,
    n_trained: int | None = None,
    seen_items: str = "keep",
    titles: Sequence[str | None] | None = None,
    size: SasrecSettings = SIZE,
    seed: int = 0,
) -> TrainedModel:
    """A model with items a1, a2, ... in memory, untrained, or with these vectors [n_items, hidden_dim]."""
    model = initial_model(size, n_items, [torch.Generator().manual_seed(seed)])
    if vectors is not None:
        model = Model(size, model.dense, torch.cat([torch.zeros(1, size.hidden_dim), vectors])[None])
    n_trained = n_trained or n_items
    counts = np.array([0, *range(n_trained, 0, -1), *[0] * (n_items - n_trained)])
    labels = pl.Series("label", [f"a{number}" for number in range(1, n_items + 1)])
    card = ModelCard(
        nsbench="0",
        method="random",
        label="Random",
        settings={"sampler": "random", **size.model_dump()},
        seed=0,
        kind="repeat",
        run_id=None,
        objective="valid/all/hit_rate_at_10",
        best_epoch=1,
        dataset="letters",
        dataset_hash="0",
        protocol="rolling",
        fingerprint="0",
        n_items=n_items,
        n_candidates=n_trained,
        n_trained_items=n_trained,
        seen_items=seen_items,  # type: ignore[arg-type]
        unseen_in_history="leave_out",
        metrics={},
    )
    named = ItemLabels(labels, None if titles is None else pl.Series("title", titles))
    return TrainedModel(Path("nowhere"), card, model, named, counts)


def prepared_letters(
    home: Home, *, n_users: int = 60, seed: int = 0, seen_items: str = "keep", name: str = "letters"
) -> Dataset:
    """A prepared log of users who walk around a ring of items called a, b, c, ..."""
    generator = np.random.default_rng(seed)
    rows = []
    for user in range(n_users):
        place = int(generator.integers(12))
        for step in range(int(generator.integers(6, 12))):
            place = (place + int(generator.choice([1, 1, 1, 2]))) % 12
            rows.append((f"u{user}", "abcdefghijkl"[place], 1000 * step + user))
    frame = pl.DataFrame(rows, schema=["user", "item", "time"], orient="row").lazy()
    options = PrepareOptions(seen_items=seen_items, valid_share=0.1, test_share=0.15)  # type: ignore[arg-type]
    prepare_frame(frame, options, LogOrigin(file="letters.csv"), name, home, replace=True)
    return load_dataset(name, home)


def trained(
    home: Home,
    dataset: Dataset,
    *,
    seed: int = 0,
    keep: KeepModels = "best",
    sampler: str = "random",
    kind: RunKind = RunKind.REPEAT,
    **values: object,
) -> RunRecord:
    """A recorded run whose model is kept."""
    store = open_store(home)
    store.create()
    settings = Settings.of(sampler, {**SMALL, **values})  # type: ignore[dict-item]
    request = RunRequest(kind, seed, keep_model=keep)
    return run(settings, dataset, store.tracker(), request, keeper=HomeModelKeeper(home))

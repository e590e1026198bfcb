"""A trained model as a folder: written by `nsbench.trained.keeper`, read here."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from nsbench.data.item_label import ItemLabels
from nsbench.errors import DatasetError
from nsbench.files.disk import write_atomically
from nsbench.models.model import Model
from nsbench.trained.card import ModelCard, read_model_card
from nsbench.training.checkpoint.model_file import load_model

PARAMETERS = "model.safetensors"
ITEMS = "items.parquet"
"""Row i - 1 holds item i: `label`, `n_training` (its training interactions) and, where the dataset has some, `title`."""


@dataclass(frozen=True)
class TrainedModel:
    """A trained model with all that its use needs.

    Attributes:
        folder: Where it lies.
        card: What it says of itself.
        model: The parameters, one replica, on the CPU.
        items: The items' labels and titles.
        train_counts: int64[n_items + 1], training interactions of each item; entry 0 is 0.
    """

    folder: Path
    card: ModelCard
    model: Model
    items: ItemLabels
    train_counts: NDArray[np.int64]


def open_model(folder: Path) -> TrainedModel:
    """Reads a model's folder.

    Raises:
        DatasetError: A file is missing, damaged, or of another model.
    """
    card = read_model_card(folder)
    items, counts = _read_items(folder / ITEMS)
    model = load_model(folder / PARAMETERS)
    n_rows, n_replicas = model.items.shape[1], model.n_replicas
    if n_replicas != 1 or {len(items), n_rows - 1} != {card.n_items}:
        raise DatasetError(
            f"{folder} is damaged: its card says {card.n_items:,} items, {ITEMS} holds {len(items):,}, and {PARAMETERS} holds "
            f"{n_rows - 1:,} of {n_replicas} model(s)"
        )
    for name in ("n_candidates", "n_trained_items"):
        if not 1 <= getattr(card, name) <= card.n_items:
            raise DatasetError(
                f"{folder} is damaged: its card says {name} = {getattr(card, name)}, and there are {card.n_items:,} items"
            )
    if items.labels.null_count() or not items.labels.is_unique().all():
        raise DatasetError(f"{folder} is damaged: {ITEMS} holds an item without an id, or an id twice")
    own, given = card.run_settings().model, model.settings
    if (own.name, own.hidden_dim, own.max_length) != (given.name, given.hidden_dim, given.max_length):
        raise DatasetError(f"{folder} is damaged: its card says {own!r}, and {PARAMETERS} holds {given!r}")
    return TrainedModel(folder, card, model, items, counts)


def write_items(items: ItemLabels, train_counts: NDArray[np.int64], folder: Path) -> None:
    """Writes the items into a model's folder.

    Args:
        items: Labels and titles.
        train_counts: int64[n_items + 1].
        folder: The model's.
    """
    columns = [items.labels.alias("label"), pl.Series("n_training", np.asarray(train_counts[1:]))]
    if items.titles is not None:
        columns.append(items.titles.alias("title"))
    write_atomically(folder / ITEMS, pl.DataFrame(columns).write_parquet)


def _read_items(path: Path) -> tuple[ItemLabels, NDArray[np.int64]]:
    try:
        frame = pl.read_parquet(path, glob=False)
        counts = np.concatenate([[0], frame["n_training"].to_numpy()]).astype(np.int64)
        return ItemLabels(frame["label"], frame["title"] if "title" in frame.columns else None), counts
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(f"can't read a trained model's items {path}: {reason}") from error

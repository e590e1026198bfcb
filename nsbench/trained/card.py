"""What a trained model's folder says of itself."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from nsbench.config import Flat, Settings, sections_of
from nsbench.errors import DatasetError
from nsbench.files.disk import write_atomically
from nsbench.formerly import former_values

CARD = "card.json"
FORMAT = 1
"""Raised when a folder can no longer be read by what wrote or read the number before."""


class ModelCard(BaseModel):
    """Where a model comes from and how it is used; stored as JSON beside its parameters.

    Attributes:
        format: The folder's format.
        nsbench: The version that wrote it.
        method: The method's name, such as mixed+softmax.
        label: What tables call it.
        settings: Every setting by its flat name.
        seed: The run's root seed.
        kind: What the run stands for, such as repeat.
        run_id: The run in MLflow; None where none is recorded.
        objective: The validation metric that chose the best epoch.
        best_epoch: The epoch whose parameters these are.
        dataset: The name of the dataset that it was trained on.
        dataset_hash: The content hash of that dataset's card.
        protocol: How the run was evaluated, as `nsbench.runs.plan.protocol_of` says it.
        fingerprint: Hash of the settings, seed apart.
        n_items: Items of the dataset, cold ones included.
        n_candidates: Items that may be recommended: the ids 1..n_candidates.
        n_trained_items: Items with a training interaction: the ids 1..n_trained_items.
        seen_items: Whether items of a user's history are recommended again, unless asked otherwise.
        unseen_in_history: Whether the model sees items of a history that it was never trained on.
        fallback: What a user without a known history gets: the items with the most training interactions.
        metrics: Those of the run, by full name; undefined ones are left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    nsbench: str
    method: str
    label: str
    settings: dict[str, Flat]
    seed: int
    kind: str
    run_id: str | None
    objective: str
    best_epoch: int
    dataset: str
    dataset_hash: str
    protocol: str
    fingerprint: str
    n_items: int
    n_candidates: int
    n_trained_items: int
    seen_items: Literal["exclude", "keep"]
    unseen_in_history: Literal["leave_out", "keep"]
    fallback: Literal["most_popular"] = "most_popular"
    metrics: dict[str, float]

    def run_settings(self) -> Settings:
        """The settings of the run; what was no setting yet when it was trained is as it was then.

        Raises:
            SettingsError: This version of nsbench doesn't take them.
        """
        former = former_values(*sections_of(self.method).values())
        return Settings.of(self.method, {**former, **self.settings})


def write_card(card: ModelCard, folder: Path) -> None:
    """Writes the card into a model's folder."""
    text = card.model_dump_json(indent=2) + "\n"
    write_atomically(folder / CARD, lambda path: path.write_text(text, encoding="utf-8"))


def read_model_card(folder: Path) -> ModelCard:
    """The card of a model's folder.

    Raises:
        DatasetError: The folder holds none, or one that can't be read.
    """
    path = folder / CARD
    try:
        fields = json.loads(path.read_bytes())
        written = fields.get("format") if isinstance(fields, dict) else None
        if isinstance(written, int) and written > FORMAT:
            raise DatasetError(
                f"{path} has format {written}, and this version of nsbench reads format {FORMAT} at most; it was written by "
                f"nsbench {fields.get('nsbench', 'of a later version')}: use that one"
            )
        return ModelCard.model_validate(fields)
    except (OSError, ValueError, RecursionError) as error:
        reason = str(error.errors()[0]) if isinstance(error, ValidationError) else str(error)
        raise DatasetError(
            f"{folder} is no trained model: {CARD} can't be read ({reason.partition(chr(10))[0]}); a model's folder holds "
            f"{CARD}, model.safetensors and items.parquet"
        ) from error

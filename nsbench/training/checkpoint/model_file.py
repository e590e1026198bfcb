"""A trained model as a safetensors file, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nsbench.errors import DatasetError
from nsbench.files.disk import storage_error, write_atomically
from nsbench.models import DEFAULT_MODEL, MODELS, BackboneSettings
from nsbench.models.model import Model


def save_model(model: Model, path: Path) -> None:
    """Writes the parameters with their names and the model's settings; an interrupted write leaves the old file.

    Raises:
        StorageError: The disk is full or can't be written.
    """
    tensors = {"items": model.items.detach().cpu().contiguous(), "dense": model.dense.detach().cpu().contiguous()}
    notes = notes_of(model.settings)
    try:
        write_atomically(path, lambda partial: save_file(tensors, partial, metadata=notes))
    except (OSError, SafetensorError) as error:
        n_bytes = sum(tensor.nbytes for tensor in tensors.values())
        raise storage_error("the trained model", path, error, n_bytes) from error


def load_model(path: Path) -> Model:
    """Reads what `save_model` wrote, onto the CPU.

    Raises:
        DatasetError: The file is missing, is no checkpoint, or holds tensors that are no such model's.
    """
    try:
        with safe_open(path, framework="pt") as file:
            settings = _settings_in(file.metadata())
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in ("dense", "items")}
        _check(settings, tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(
            f"can't read the checkpoint {path}: {reason}; give a file that nsbench train wrote"
        ) from error
    return Model(settings, tensors["dense"], tensors["items"])


def notes_of(settings: BackboneSettings) -> dict[str, str]:
    """What a model's file says of its backbone."""
    return {"model": settings.name, "settings": settings.model_dump_json()}


def _settings_in(notes: Mapping[str, str]) -> BackboneSettings:
    # Files of the version before name no backbone: there was one.
    return MODELS[notes.get("model", DEFAULT_MODEL)].model_validate(json.loads(notes["settings"]))


def _check(settings: BackboneSettings, tensors: Mapping[str, Tensor]) -> None:
    """Checks that tensors are a model's of these settings.

    Raises:
        ValueError: They aren't.
    """
    replicas, rows = tensors["dense"].shape[:1], tensors["items"].shape[1:2]
    shapes = {
        "dense": [*replicas, settings.build().n_dense],
        "items": [*replicas, *rows, settings.hidden_dim],
    }
    for name, tensor in tensors.items():
        if list(tensor.shape) != shapes[name] or tensor.dtype != torch.float32:
            raise ValueError(
                f"its {name} is {list(tensor.shape)} of {tensor.dtype}, and a {settings.label} of {settings} has "
                f"{shapes[name]} of torch.float32"
            )
        if not bool(torch.isfinite(tensor.sum())):
            raise ValueError(f"its {name} holds values that are NaN or infinite")

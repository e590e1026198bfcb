"""A trained model as a safetensors file, written whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nsbench.disk import storage_error, write_whole
from nsbench.errors import DatasetError
from nsbench.models.sasrec.definition import ModelSettings, Sasrec, shapes_of


def save_model(model: Sasrec, path: Path) -> None:
    """Writes the parameters with their names and the model's settings; an interrupted write leaves the old file.

    Raises:
        StorageError: The disk is full or can't be written.
    """
    tensors = {"items": model.items.detach().cpu().contiguous(), "dense": model.dense.detach().cpu().contiguous()}
    notes = {"settings": model.settings.model_dump_json()}
    try:
        write_whole(path, lambda partial: save_file(tensors, partial, metadata=notes))
    except (OSError, SafetensorError) as error:
        n_bytes = sum(tensor.nbytes for tensor in tensors.values())
        raise storage_error("the trained model", path, error, n_bytes) from error


def load_model(path: Path) -> Sasrec:
    """Reads what `save_model` wrote, onto the CPU.

    Raises:
        DatasetError: The file is missing, is no checkpoint, or holds tensors that are no such model's.
    """
    try:
        with safe_open(path, framework="pt") as file:
            settings = ModelSettings.model_validate(json.loads(file.metadata()["settings"]))
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in ("dense", "items")}
        _check(settings, tensors)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(
            f"can't read the checkpoint {path}: {reason}; give a file that nsbench train wrote"
        ) from error
    return Sasrec(settings, tensors["dense"], tensors["items"])


def _check(settings: ModelSettings, tensors: Mapping[str, Tensor]) -> None:
    """Sees that tensors are a model's of these settings.

    Raises:
        ValueError: They aren't.
    """
    replicas, rows = tensors["dense"].shape[:1], tensors["items"].shape[1:2]
    shapes = {
        "dense": [*replicas, sum(shapes_of(settings).counts)],
        "items": [*replicas, *rows, settings.hidden_dim],
    }
    for name, tensor in tensors.items():
        if list(tensor.shape) != shapes[name] or tensor.dtype != torch.float32:
            raise ValueError(
                f"its {name} is {list(tensor.shape)} of {tensor.dtype}, and a model of hidden_dim={settings.hidden_dim}, "
                f"n_blocks={settings.n_blocks}, max_length={settings.max_length} has {shapes[name]} of torch.float32"
            )
        if not bool(torch.isfinite(tensor.sum())):
            raise ValueError(f"its {name} holds values that are infinite or no numbers")

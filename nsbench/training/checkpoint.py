"""A trained model as a safetensors file, written whole or not at all."""

import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from nsbench.disk import storage_error, write_whole
from nsbench.errors import DatasetError
from nsbench.model import ModelSettings, Sasrec, shapes_of


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
        DatasetError: The file is missing, is no checkpoint, or holds other parameters than its settings ask for.
    """
    try:
        with safe_open(path, framework="pt") as file:
            settings = ModelSettings.model_validate(json.loads(file.metadata()["settings"]))
            tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in ("dense", "items")}
        n_dense = sum(shapes_of(settings).counts)
        dense, items = tensors["dense"], tensors["items"]
        if dense.dim() != 2 or dense.shape[1] != n_dense or items.dim() != 3 or items.shape[2] != settings.hidden_dim:
            raise ValueError(
                f"its settings ask for [replicas, {n_dense}] and [replicas, items, {settings.hidden_dim}] parameters, and it "
                f"holds {list(dense.shape)} and {list(items.shape)}"
            )
        if not (dense.isfinite().all() and items.isfinite().all()):
            raise ValueError("some of its parameters are infinite or no numbers")
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise DatasetError(
            f"can't read the checkpoint {path}: {reason}; give a file that nsbench train wrote"
        ) from error
    return Sasrec(settings, tensors["dense"], tensors["items"])

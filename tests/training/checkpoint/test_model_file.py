"""Checkpoints are whole or not there."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nsbench.errors import DatasetError
from nsbench.models import MODELS, BackboneSettings
from nsbench.models.model import initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.training.checkpoint.model_file import load_model, save_model

SIZE = SasrecSettings(hidden_dim=4, n_blocks=1, max_length=3)


@pytest.mark.parametrize(
    "size",
    [
        SIZE,
        SIZE.model_copy(update={"attention_output": False}),
        *(settings(hidden_dim=4, max_length=3) for settings in MODELS.values()),
    ],
)
def test_a_saved_model_comes_back_as_it_was(tmp_path: Path, size: BackboneSettings) -> None:
    model = initial_model(size, 9, [torch.Generator().manual_seed(0)])
    path = tmp_path / "deep" / "model.safetensors"
    save_model(model, path)
    loaded = load_model(path)
    assert loaded.settings == size
    assert torch.equal(loaded.items, model.items)
    assert torch.equal(loaded.dense, model.dense)
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


def test_a_damaged_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"not a checkpoint")
    with pytest.raises(DatasetError, match="can't read the checkpoint"):
        load_model(path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"items": torch.zeros(1, 10, 5)}, r"its items is \[1, 10, 5\]"),
        ({"items": torch.zeros(10, 4)}, r"its items is \[10, 4\]"),
        ({"dense": torch.zeros(1, 7)}, r"its dense is \[1, 7\]"),
        ({"items": torch.zeros(1, 10, 4, dtype=torch.float64)}, "its items is .* of torch.float64"),
        ({"items": torch.full((1, 10, 4), torch.nan)}, "its items holds values that are NaN or infinite"),
    ],
)
def test_a_model_whose_tensors_are_no_such_models_is_refused(
    tmp_path: Path, change: dict[str, torch.Tensor], reason: str
) -> None:
    path = tmp_path / "model.safetensors"
    model = initial_model(SIZE, 9, [torch.Generator().manual_seed(0)])
    tensors = {"items": model.items, "dense": model.dense, **change}
    save_file(tensors, path, metadata={"settings": SIZE.model_dump_json()})
    with pytest.raises(DatasetError, match=f"can't read the checkpoint .*{reason}"):
        load_model(path)


@pytest.mark.parametrize("settings", ["{", '{"hidden_dim": "wide"}', "[]"])
def test_a_model_whose_settings_are_none_is_refused(tmp_path: Path, settings: str) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"items": torch.zeros(1, 2, 4)}, path, metadata={"settings": settings})
    with pytest.raises(DatasetError, match="can't read the checkpoint"):
        load_model(path)

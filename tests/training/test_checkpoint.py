"""Checkpoints are whole or not there."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from nsbench.errors import DatasetError
from nsbench.model import ModelSettings, initial_model
from nsbench.training.checkpoint import load_model, save_model

SIZE = ModelSettings(hidden_dim=4, n_blocks=1, max_length=3)


@pytest.mark.parametrize("size", [SIZE, SIZE.model_copy(update={"attention_output": False})])
def test_a_saved_model_comes_back_as_it_was(tmp_path: Path, size: ModelSettings) -> None:
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
    ("tensors", "settings", "said"),
    [
        ({"dense": torch.zeros(1, 5), "items": torch.zeros(1, 10, 4)}, SIZE.model_dump_json(), "holds"),
        ({"dense": torch.zeros(1, 5), "items": torch.zeros(10, 4)}, SIZE.model_dump_json(), "holds"),
        ({"dense": torch.zeros(1, 5)}, SIZE.model_dump_json(), "items"),
        ({}, "{", "Expecting property name"),
        ({}, '{"hidden_dim": -1}', "validation error"),
        ({}, "[" * 100_000, "can't read"),
    ],
)
def test_a_checkpoint_that_holds_something_else_than_its_settings_ask_for_is_named(
    tmp_path: Path, tensors: dict[str, torch.Tensor], settings: str, said: str
) -> None:
    path = tmp_path / "model.safetensors"
    save_file(tensors, path, metadata={"settings": settings})
    with pytest.raises(DatasetError, match="can't read the checkpoint") as caught:
        load_model(path)
    assert said in str(caught.value)


def test_a_checkpoint_of_no_numbers_is_named(tmp_path: Path) -> None:
    model = initial_model(SIZE, 9, [torch.Generator().manual_seed(0)])
    model.items[0, 3, 1] = torch.nan
    save_model(model, tmp_path / "model.safetensors")
    with pytest.raises(DatasetError, match="no numbers"):
        load_model(tmp_path / "model.safetensors")

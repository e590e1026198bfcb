"""Old checkpoints are deleted; those of trainings that go on, and trained models, are not."""

import os
import time
from pathlib import Path

import pytest
import torch

from nsbench.training.checkpoint.expiry import remove_abandoned
from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import leading
from nsbench.training.checkpoint.training_checkpoint import CheckpointFile, Checkpoints, TrainingIdentity

DAY_S = 86_400


def saved(root: Path, seed: int, days: float) -> CheckpointFile:
    """The checkpoint of a training that was kept so many days ago."""
    file = Checkpoints(root).of(TrainingIdentity(["a1b2"], "c3d4", [seed], ["valid/all/mrr"], "cpu"))
    file.save(Snapshot({"x": leading(torch.arange(3.0))}, "{}"))
    age(file.path.parent, days)
    return file


def age(folder: Path, days: float) -> None:
    for path in (*folder.iterdir(), folder):
        os.utime(path, (time.time() - days * DAY_S,) * 2)


def test_a_checkpoint_older_than_30_days_is_deleted_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    old, young = saved(tmp_path, 0, days=30.1), saved(tmp_path, 1, days=29.9)
    part = saved(tmp_path / "process-1-of-2", 0, days=31)
    remove_abandoned(tmp_path)
    assert not old.path.parent.exists()
    assert not part.path.parent.exists()
    assert young.load() is not None
    assert str(old.path.parent) in caplog.text


def test_a_training_that_saves_again_keeps_its_checkpoint(tmp_path: Path) -> None:
    file = saved(tmp_path, 0, days=40)
    file.save(Snapshot({"x": leading(torch.arange(4.0))}, "{}"))
    remove_abandoned(tmp_path)
    assert file.load() is not None


def test_what_a_killed_write_left_is_deleted_too(tmp_path: Path) -> None:
    file = saved(tmp_path, 0, days=0)
    file.path.rename(file.path.with_name(f".{file.path.name}.123.partial"))
    age(file.path.parent, days=31)
    remove_abandoned(tmp_path)
    assert not list(tmp_path.iterdir())


def test_trained_models_and_other_folders_stay_however_old(tmp_path: Path) -> None:
    """A dataset's folder holds models that were trained to be kept."""
    model = tmp_path / "demo" / "random-0123456789abcdef-seed0.safetensors"
    model.parent.mkdir()
    model.touch()
    age(model.parent, days=400)
    remove_abandoned(tmp_path)
    assert model.exists()


def test_a_home_without_checkpoints_has_nothing_to_delete(tmp_path: Path) -> None:
    remove_abandoned(tmp_path / "none")

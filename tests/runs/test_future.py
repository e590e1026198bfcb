"""What comes later changes nothing before it: not a batch, a negative, a parameter, or a rank of an earlier part."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.models.model import Model
from nsbench.runs.experiment import run
from nsbench.runs.preparation import trainer_of
from nsbench.runs.request import RunRequest
from nsbench.samplers import SAMPLERS
from nsbench.terms import RunKind
from nsbench.tracking.record import RunRecord
from nsbench.tracking.tracker import NullTracker
from nsbench.training.batch_stream import BatchStream
from nsbench.training.checkpoint.model_file import load_model
from tests.builder import with_some_negatives
from tests.training.noisy_log import noisy_log

SMALL = {"hidden_dim": 8, "n_blocks": 1, "max_length": 6, "batch_size": 32, "learning_rate": 1e-2, "patience": 0}


def tampered(dataset: Dataset, *parts: str) -> Dataset:
    """The log with other items in these parts, "valid" or "test"; who has how many interactions, and when, stays."""
    items = np.array(dataset.item_ids)
    begin = {"valid": dataset.train_end, "test": dataset.valid_end}
    end = {"valid": dataset.valid_end, "test": dataset.offsets[1:]}
    for part in parts:
        for first, last in zip(begin[part], end[part], strict=True):
            items[first:last] = dataset.n_items + 1 - items[first:last]
    assert (items != dataset.item_ids).any()
    return replace(dataset, item_ids=items)


def settings_of(sampler: str, **values: int) -> Settings:
    return Settings.of(sampler, {**SMALL, **values})  # type: ignore[dict-item]


def steps_of(dataset: Dataset, sampler: str) -> Sequence[torch.Tensor]:
    """Users, inputs, targets and negatives of the steps of two epochs."""
    trainer = trainer_of(settings_of(sampler), dataset)
    stream = BatchStream(trainer.batches, trainer.sampler, 0, trainer.device)
    found = []
    for one in [*stream.epoch(), *stream.epoch()]:
        found += [one.batch.users, one.batch.inputs, one.batch.targets, one.negatives.item_ids, one.negatives.mask]
    return found


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_other_items_in_validation_and_test_change_no_batch_and_no_negative(sampler: str) -> None:
    log = with_some_negatives(noisy_log())
    own, other = steps_of(log, sampler), steps_of(tampered(log, "valid", "test"), sampler)
    assert len(own) == len(other) > 0
    assert all(torch.equal(one, changed) for one, changed in zip(own, other, strict=True))


def trained(dataset: Dataset, path: Path, **values: int) -> tuple[Model, RunRecord]:
    """A model that selects its negatives by score, so that whatever differs anywhere shows in the parameters."""
    request = RunRequest(RunKind.SINGLE, 0, checkpoint=path / "model.safetensors")
    record = run(settings_of("adaptive-mixed", **values), dataset, NullTracker(), request)
    return load_model(path / "model.safetensors"), record


def test_other_items_in_validation_and_test_change_no_parameter(tmp_path: Path) -> None:
    """Bit for bit after four epochs; the only validation is at the end, so that it chooses no epoch."""
    log = noisy_log()
    model, record = trained(log, tmp_path, max_epochs=4, validate_every=4)
    other, its_record = trained(tampered(log, "valid", "test"), tmp_path, max_epochs=4, validate_every=4)
    assert torch.equal(model.items, other.items)
    assert torch.equal(model.dense, other.dense)
    assert record.metrics["train/loss"] == its_record.metrics["train/loss"]
    assert record.metrics["valid/all/mrr"] != its_record.metrics["valid/all/mrr"]


def test_other_items_in_the_test_change_no_validation_and_no_choice_of_the_best_epoch(tmp_path: Path) -> None:
    log = noisy_log()
    model, record = trained(log, tmp_path, max_epochs=6, validate_every=1)
    other, its_record = trained(tampered(log, "test"), tmp_path, max_epochs=6, validate_every=1)
    # As text, in which what is not a number equals itself.
    assert str(record.validations) == str(its_record.validations)
    assert record.best_epoch == its_record.best_epoch
    assert torch.equal(model.items, other.items)
    assert record.metrics["test/all/mrr"] != its_record.metrics["test/all/mrr"]


def test_what_follows_a_test_interaction_changes_no_rank_of_it(tmp_path: Path) -> None:
    """Two test interactions a user, and then another item as the second one: every first one keeps its rank."""
    log = two_test_items(noisy_log())
    items = np.array(log.item_ids)
    last = log.offsets[1:] - 1
    items[last] = log.n_items + 1 - items[last]
    _, record = trained(log, tmp_path, max_epochs=2, validate_every=2)
    _, its_record = trained(replace(log, item_ids=items), tmp_path, max_epochs=2, validate_every=2)
    assert record.ranks is not None
    assert its_record.ranks is not None
    assert np.array_equal(record.ranks.ranks[::2], its_record.ranks.ranks[::2])
    assert not np.array_equal(record.ranks.ranks[1::2], its_record.ranks.ranks[1::2])


def two_test_items(log: Dataset) -> Dataset:
    """The log with its last training interaction of each user as validation, and the two after that as test."""
    return replace(log, train_end=log.train_end - 1, valid_end=log.train_end)

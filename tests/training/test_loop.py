"""Epochs, the best epoch, early stopping, and the sources of a step."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch

from nsbench.batching.batch import BatchSampler
from nsbench.batching.window import windows_of
from nsbench.errors import NonFiniteLoss
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.models.model import Model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers.random import RandomSettings
from nsbench.training.batch_stream import BatchStream
from nsbench.training.event import Ended, TrainedEpoch, TrainingEvent
from nsbench.training.loop import Trainer
from nsbench.training.progress import Replica, Validation
from nsbench.training.result import TrainingResult
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.step import Stepper
from tests.samplers.log import CPU, context_of, skewed_log

LOG = skewed_log()
SIZE = SasrecSettings(hidden_dim=8, n_blocks=1, max_length=6)


class Judge:
    """Scores epochs as it is told, and keeps what it saw."""

    observes_steps = False

    def __init__(self, score: Callable[[int, int], float]) -> None:
        self._score = score
        self.validations: list[tuple[int, int]] = []
        self.losses: list[float] = []
        self.n_drawn: list[int] = []
        self.items: dict[int, torch.Tensor] = {}
        self.failures: list[int] = []

    def observe(self, replicas: Sequence[int], event: TrainingEvent) -> None:
        if isinstance(event, Ended):
            self.failures += replicas

    def validate(self, replica: int, model: Model, epoch: TrainedEpoch) -> Validation:
        self.validations.append((replica, epoch.number))
        self.losses.append(epoch.loss)
        self.n_drawn.append(epoch.n_drawn)
        self.items[epoch.number] = model.items.detach().clone()
        return Validation(epoch.number, self._score(replica, epoch.number), {"train/loss": epoch.loss}, 0.0)


def train(judge: Judge, replicas: list[Replica] | None = None, **settings: object) -> TrainingResult:
    training = TrainingSettings.model_validate({"validate_every": 1, "max_epochs": 6, "batch_size": 16, **settings})
    batches = BatchSampler(LOG, windows_of(LOG, SIZE.max_length), training.batch_size, CPU)
    sampler = RandomSettings(n_negatives=5).build(context_of(LOG))
    trainer = Trainer(batches, sampler, BinaryCrossEntropy(), SIZE, training, LOG.n_items, CPU)
    return trainer.train(replicas or [Replica(0, 1e-2)], judge, judge)


def test_the_parameters_of_the_best_epoch_are_kept() -> None:
    judge = Judge(lambda _, epoch: -abs(epoch - 3))
    result = train(judge, patience=0)
    assert result.best_epochs == (3,)
    assert result.n_epochs == (6,)
    assert torch.equal(result.model.items, judge.items[3])


def test_training_stops_after_patience_validations_without_a_better_one() -> None:
    """Best at the validation of epoch 2; validations at 4 and 6 are worse: patience 2 stops at 6 of 20."""
    judge = Judge(lambda _, epoch: -epoch)
    result = train(judge, patience=2, validate_every=2, max_epochs=20)
    assert judge.validations == [(0, 2), (0, 4), (0, 6)]
    assert result.best_epochs == (2,)


def test_a_stopped_replica_is_not_validated_again_while_others_go_on() -> None:
    judge = Judge(lambda replica, epoch: -epoch if replica == 0 else epoch)
    result = train(judge, [Replica(0, 1e-2), Replica(1, 1e-2)], patience=1, max_epochs=4)
    assert [epoch for replica, epoch in judge.validations if replica == 0] == [1, 2]
    assert result.best_epochs == (1, 4)


def test_the_same_seed_gives_the_same_parameters_bit_for_bit() -> None:
    first, second = (train(Judge(lambda _, epoch: epoch)) for _ in range(2))
    other = train(Judge(lambda _, epoch: epoch), [Replica(1, 1e-2)])
    assert torch.equal(first.model.items, second.model.items)
    assert not torch.equal(first.model.items, other.model.items)


def test_the_loss_falls() -> None:
    judge = Judge(lambda _, epoch: epoch)
    train(judge, max_epochs=15)
    assert judge.losses[-1] < 0.9 * judge.losses[0]


def test_a_loss_that_is_no_number_ends_the_training_and_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    """40 users in batches of 16 are 3 steps: the fifth is the second of epoch 2."""
    step, steps = Stepper.step, itertools.count(1)
    monkeypatch.setattr(
        Stepper, "step", lambda self, *inputs: step(self, *inputs) * (torch.nan if next(steps) == 5 else 1)
    )
    with pytest.raises(NonFiniteLoss, match="loss is nan in step 2 of epoch 2 .seed 0, learning_rate 0.01"):
        train(Judge(lambda _, epoch: epoch))


def test_a_replica_that_has_stopped_keeps_its_result_whatever_its_loss_becomes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replica 0 is best at epoch 1 and stops at epoch 2, after 6 steps; from the 8th on its loss is no number."""
    step, steps = Stepper.step, itertools.count(1)
    monkeypatch.setattr(
        Stepper,
        "step",
        lambda self, *inputs: step(self, *inputs) * torch.tensor([torch.nan if next(steps) >= 8 else 1, 1]),
    )
    judge = Judge(lambda replica, epoch: -epoch if replica == 0 else epoch)
    result = train(judge, [Replica(0, 1e-2), Replica(1, 1e-2)], patience=1, max_epochs=4)
    assert judge.failures == []
    assert result.replica_ids == (0, 1)
    assert result.best_epochs == (1, 4)


def test_replay_takes_stored_draws_again_once_the_factor_is_reached() -> None:
    """3 steps an epoch and a factor of 2: six draws are fresh, all later ones are among them."""
    source = BatchSampler(LOG, windows_of(LOG, 6), 16, CPU)
    draws = BatchStream(source, RandomSettings().build(context_of(LOG)), 0, CPU, replay_factor=2)
    fresh = [draw for _ in range(2) for draw in draws.epoch()]
    again = [draw for _ in range(4) for draw in draws.epoch()]
    assert len({id(draw) for draw in fresh}) == 6
    assert len(again) == 12
    assert {id(draw) for draw in again} <= {id(draw) for draw in fresh}


def test_without_replay_negatives_are_fresh_each_epoch() -> None:
    source = BatchSampler(LOG, windows_of(LOG, 6), 40, CPU)
    draws = BatchStream(source, RandomSettings().build(context_of(LOG)), 0, CPU)
    first, second = (next(draws.epoch()) for _ in range(2))
    assert not np.array_equal(first.negatives.item_ids, second.negatives.item_ids)


def test_the_items_drawn_up_to_each_validation_are_counted() -> None:
    """As often as the sampler's own stream names different items, epoch by epoch."""
    judge = Judge(lambda _, epoch: epoch)
    train(judge, patience=0, max_epochs=3)
    batches = BatchSampler(LOG, windows_of(LOG, SIZE.max_length), 16, CPU)
    source = BatchStream(batches, RandomSettings(n_negatives=5).build(context_of(LOG)), 0, CPU)
    expected, seen = [], set()
    for _ in range(3):
        for draw in source.epoch():
            seen |= set(draw.negatives.item_ids.flatten().tolist())
        expected.append(len(seen))
    assert judge.n_drawn == expected

"""The training loop: epochs, looks at the validation interactions, the best epoch, early stopping."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from nsbench.data.batch import BatchSource
from nsbench.data.layout import step_of
from nsbench.errors import TrainingError
from nsbench.model import ModelSettings, Sasrec, initial_model
from nsbench.samplers.sampler import Sampler
from nsbench.seeding import derive_seed
from nsbench.training.settings import TrainingSettings
from nsbench.training.source import DrawSource, stacked
from nsbench.training.step import Stepper


@dataclass(frozen=True)
class Replica:
    """What may differ between models that train side by side."""

    seed: int
    learning_rate: float


class Listener(Protocol):
    """What the loop tells."""

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """After each step: positives trained on by all replicas, and float32[replicas] losses."""

    def on_validation(self, replica: int, epoch: int, model: Sasrec, loss: float) -> float:
        """Asks for a replica's validation score; higher is better. May raise to end the training."""


@dataclass
class Progress:
    """How one replica stands."""

    best_score: float = -math.inf
    best_epoch: int = 0
    n_worse: int = 0
    n_epochs: int = 0
    stopped: bool = False


@dataclass(frozen=True)
class TrainingResult:
    """What training gives.

    Attributes:
        model: Each replica's parameters at its best epoch.
        best_epochs: Each replica's, counted from 1.
        n_epochs: Epochs until each replica stopped.
        train_s: Seconds of steps, validation apart.
        n_positives: Positives trained on by all replicas.
        n_negatives_scored: Negatives scored by all replicas.
    """

    model: Sasrec
    best_epochs: tuple[int, ...]
    n_epochs: tuple[int, ...]
    train_s: float
    n_positives: int
    n_negatives_scored: int


@dataclass
class Trainer:
    """Trains replicas side by side; a replica's result doesn't depend on which others there are.

    Attributes:
        batches: Cuts users into batches.
        sampler: Proposes and selects negatives.
        model_settings: SASRec's size.
        settings: Optimiser, loss, stopping.
        n_items: Items, padding not counted.
        device: Where it runs.
    """

    batches: BatchSource
    sampler: Sampler
    model_settings: ModelSettings
    settings: TrainingSettings
    n_items: int
    device: torch.device
    _n_positives: int = field(default=0, init=False)
    _n_scored: int = field(default=0, init=False)
    _train_s: float = field(default=0.0, init=False)

    def train(self, replicas: Sequence[Replica], listener: Listener) -> TrainingResult:
        """Trains until every replica has stopped.

        Raises:
            TrainingError: A loss that is not a finite number.
        """
        model = initial_model(self.model_settings, self.n_items, self._generators(replicas, "init"))
        stepper = Stepper(
            model,
            self.sampler,
            self.settings,
            [replica.learning_rate for replica in replicas],
            self._generators(replicas, "dropout"),
        )
        sources = [
            DrawSource(self.batches, self.sampler, replica.seed, self.device, self.settings.replay_factor)
            for replica in replicas
        ]
        best = model.copy()
        progress = [Progress() for _ in replicas]
        for epoch in range(1, self.settings.max_epochs + 1):
            losses = self._epoch(stepper, sources, listener, epoch, replicas)
            if epoch % self.settings.validate_every == 0 or epoch == self.settings.max_epochs:
                self._validate(model, best, progress, listener, epoch, losses)
            if all(state.stopped for state in progress):
                break
        return TrainingResult(
            best,
            tuple(state.best_epoch for state in progress),
            tuple(state.n_epochs for state in progress),
            self._train_s,
            self._n_positives,
            self._n_scored,
        )

    def _generators(self, replicas: Sequence[Replica], stream: str) -> list[torch.Generator]:
        return [torch.Generator(self.device).manual_seed(derive_seed(r.seed, stream)) for r in replicas]

    def _epoch(
        self,
        stepper: Stepper,
        sources: Sequence[DrawSource],
        listener: Listener,
        epoch: int,
        replicas: Sequence[Replica],
    ) -> list[float]:
        """Trains one epoch and gives each replica's mean loss."""
        started = time.perf_counter()
        total = torch.zeros(len(sources), device=self.device)
        n_steps = 0
        for draws in zip(*(source.epoch() for source in sources), strict=True):
            losses = stepper.step(step_of([draw.batch for draw in draws]), stacked([draw.negatives for draw in draws]))
            n_steps += 1
            total += losses
            n_positives = sum(draw.batch.n_positives for draw in draws)
            self._n_positives += n_positives
            self._n_scored += sum(draw.batch.n_positives * draw.negatives.item_ids.shape[-1] for draw in draws)
            listener.on_step(n_positives, losses)
        means = (total / n_steps).tolist()
        self._train_s += time.perf_counter() - started
        for replica, loss in zip(replicas, means, strict=True):
            if not math.isfinite(loss):
                raise TrainingError(
                    f"the loss is {loss} in epoch {epoch} (seed {replica.seed}, learning_rate {replica.learning_rate}); "
                    "a lower learning_rate usually helps"
                )
        return [float(loss) for loss in means]

    def _validate(
        self,
        model: Sasrec,
        best: Sasrec,
        progress: Sequence[Progress],
        listener: Listener,
        epoch: int,
        losses: Sequence[float],
    ) -> None:
        """Looks at the validation interactions and keeps what is better than before."""
        for number, state in enumerate(progress):
            if state.stopped:
                continue
            state.n_epochs = epoch
            score = listener.on_validation(number, epoch, model.replica(number), losses[number])
            # The first look counts even where the score is undefined.
            if score > state.best_score or state.best_epoch == 0:
                state.best_score = score if math.isfinite(score) else -math.inf
                state.best_epoch = epoch
                state.n_worse = 0
                best.dense[number] = model.dense[number].detach()
                best.items[number] = model.items[number].detach()
            else:
                state.n_worse += 1
                state.stopped = 0 < self.settings.patience <= state.n_worse

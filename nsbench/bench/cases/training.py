"""Training as the bench measures it: the settings, the steps, and the operations that a positive needs."""

import itertools
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import final

import numpy as np
import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.batching.buckets import layout_of
from nsbench.batching.step import Step, step_of
from nsbench.bench.cases.workload import Workload
from nsbench.bench.measuring.slice import Case
from nsbench.config import Flat, Settings
from nsbench.data.dataset import Dataset
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.models.backbone import BackboneSettings
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.preparation import trainer_of
from nsbench.samplers import SAMPLERS
from nsbench.samplers.drawing.sharing import SharedByUsers
from nsbench.samplers.drawing.stream import SamplerState, Streams
from nsbench.samplers.sampler import Negatives, Sampler
from nsbench.training.batch_stream import BatchStream, TrainingBatch, epoch_of
from nsbench.training.loop import Trainer
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.replica_steps import BatchedReplicas, ReplicaSteps, laid_out, replica_steps, static_layout
from nsbench.training.steps.step import Stepper
from nsbench.training.steps.step_graph import CudaGraphRunner

_LEARNING_RATE = 1e-3


def flops_per_positive(model: BackboneSettings, mean_context: float, n_negatives: int) -> float:
    """Useful floating-point operations of one positive in training.

    3 (n_blocks (12 d ** 2 + 4 c d) + 2 d (1 + n)), with width d, mean context c and n negatives: forward, each attention
    block has four products of d x d for attention, or three without an output weight, and two for the feed-forward part,
    2 d ** 2 each, and attends to c positions twice, 2 d each; scoring takes 2 d for the positive and each negative.
    Backward takes twice as much.

    These are the operations of the model's definition. A step that gets by with fewer, by multiplying the weights of one
    head beforehand, does no less useful work for it, so its share of the machine's rate may even pass 1.
    """
    return encoder_flops(model, mean_context) + scoring_flops(model, n_negatives)


def encoder_flops(model: BackboneSettings, mean_context: float) -> float:
    """The encoder's part of `flops_per_positive`."""
    return 3 * model.build().flops(mean_context)


def scoring_flops(model: BackboneSettings, n_negatives: int) -> float:
    """The scores' part of `flops_per_positive`."""
    return 3 * 2 * model.hidden_dim * (1 + n_negatives)


def model_of(workload: Workload) -> SasrecSettings:
    """The model that is trained on a workload."""
    return SasrecSettings(max_length=workload.max_length, hidden_dim=workload.hidden_dim)


def settings_with(
    sampler: str, n_negatives: int, model: SasrecSettings, negative_sharing: SharedByUsers = "user"
) -> Settings:
    """A sampler's settings that propose n_negatives in all, half of them by each part of a mixture."""
    fields = SAMPLERS[sampler].model_fields
    counts = {"n_negatives": n_negatives, "n_in_batch": n_negatives // 2, "n_uniform": n_negatives - n_negatives // 2}
    values: dict[str, Flat] = {name: count for name, count in counts.items() if name in fields}
    if "negative_sharing" in fields:
        values["negative_sharing"] = negative_sharing
    kept = SAMPLERS[sampler].count_fields().kept
    if kept is not None:
        values[kept] = min(int(fields[kept].default), n_negatives)
    return Settings.of(sampler, {**values, **model.model_dump()})


def one_rectangle(draw: TrainingBatch, max_length: int) -> tuple[Step, Negatives]:
    """The step with its padding computed: every row as long as the model's longest, in one block."""
    step, negatives = no_padding(draw)
    longest = np.full(len(step.layout.longest), max_length)
    return step_of(step.batches, negatives.users_per_draw, layout_of(longest, 1, step.device)), negatives


def no_padding(draw: TrainingBatch) -> tuple[Step, Negatives]:
    """The step as nsbench trains it."""
    return laid_out([draw])


def source_of(trainer: Trainer, seed: int) -> BatchStream:
    """A replica's batches and negatives."""
    return BatchStream(trainer.batches, trainer.sampler, seed, trainer.device)


def endless_draws(trainer: Trainer, seed: int = 0) -> Iterator[TrainingBatch]:
    """A replica's batches and negatives, epoch after epoch."""
    source = source_of(trainer, seed)
    return itertools.chain.from_iterable(source.epoch() for _ in itertools.count())


@final
class TrainingBench:
    """One model that several samplers train in turn, so that a large table is held once.

    Args:
        model: The model's size.
        dataset: The log.
        device: Where.
        n_replicas: Models that are trained side by side, each with draws of its own.
    """

    def __init__(self, model: SasrecSettings, dataset: Dataset, device: torch.device, n_replicas: int = 1) -> None:
        generators = [torch.Generator(device).manual_seed(stream) for stream in range(2 * n_replicas)]
        self._device = device
        self._dataset = dataset
        self._n_replicas = n_replicas
        self._selector = _Switch()
        self._model = initial_model(model, dataset.n_items, generators[:n_replicas])
        self._dropout = generators[n_replicas:]

    @cached_property
    def _stepper(self) -> Stepper:
        """Of all models in the same kernels."""
        return self._stepper_of(self._model, slice(None))

    def _stepper_of(self, model: Model, places: slice) -> Stepper:
        rates = [_LEARNING_RATE] * model.n_replicas
        return Stepper(model, self._selector, BinaryCrossEntropy(), TrainingSettings(), rates, self._dropout[places])

    def case(
        self, settings: Settings, lay_out: Callable[[TrainingBatch], tuple[Step, Negatives]] | None = None
    ) -> tuple[Case[TrainingBatch], Iterator[TrainingBatch]]:
        """Steps with a sampler, laid out as in a training, or otherwise; and draws of their own to look at."""
        trainer = trainer_of(settings, self._dataset)
        draws = endless_draws(trainer)
        static = static_layout(trainer.batches, 1, self._device)

        def step(draw: TrainingBatch) -> int:
            self._selector.sampler = trainer.sampler
            laid = laid_out([draw], static) if lay_out is None else lay_out(draw)
            self._stepper.step(*laid, draw.sampler_states)
            return draw.batch.n_positives

        return Case(lambda: next(draws), step, self._device), draws

    def with_its_loss(self, settings: Settings) -> tuple[Case[TrainingBatch], Iterator[TrainingBatch]]:
        """Steps with a sampler and the loss of the settings, where `case` has binary cross-entropy; and draws to look at.

        They have moments of their own and the model in common with all others of this bench.
        """
        trainer = trainer_of(settings, self._dataset)
        draws = endless_draws(trainer)
        static = static_layout(trainer.batches, 1, self._device)
        rates = [_LEARNING_RATE] * self._n_replicas
        stepper = Stepper(self._model, trainer.sampler, trainer.loss, TrainingSettings(), rates, self._dropout)

        def step(draw: TrainingBatch) -> int:
            stepper.step(*laid_out([draw], static))
            return draw.batch.n_positives

        return Case(lambda: next(draws), step, self._device), draws

    def side_by_side(self, settings: Settings) -> tuple[Case[tuple[TrainingBatch, ...]], Iterator[TrainingBatch]]:
        """Steps of all replicas with a sampler, as a training takes them; and one's draws to look at."""
        trainer = trainer_of(settings, self._dataset)
        steps, sources = self._steps_and_sources(trainer)
        together = itertools.chain.from_iterable(epoch_of(sources) for _ in itertools.count())

        def step(draws: tuple[TrainingBatch, ...]) -> int:
            self._selector.sampler = trainer.sampler
            steps.step(draws)
            return sum(draw.batch.n_positives for draw in draws)

        return Case(lambda: next(together), step, self._device), endless_draws(trainer)

    def repeated(self, settings: Settings) -> tuple[Case[None], Iterator[TrainingBatch]]:
        """The same steps, draws included, which a GPU repeats as a graph; and one's draws to look at."""
        trainer = trainer_of(settings, self._dataset)
        steps, sources = self._steps_and_sources(trainer)
        assert isinstance(steps, BatchedReplicas)
        runner = CudaGraphRunner(sources, steps)
        results = itertools.chain.from_iterable(runner.epoch() for _ in itertools.count())

        def step(_: None) -> int:
            self._selector.sampler = trainer.sampler
            return next(results).n_positives

        return Case(lambda: None, step, self._device), endless_draws(trainer)

    def _steps_and_sources(self, trainer: Trainer) -> tuple[ReplicaSteps, list[BatchStream]]:
        def stepper(model: Model, places: slice) -> Stepper:
            # All together, as on a GPU: the one that is there already, with its moments.
            return self._stepper if model is self._model else self._stepper_of(model, places)

        steps = replica_steps(self._model, stepper, trainer.batches)
        return steps, [source_of(trainer, seed) for seed in range(self._n_replicas)]


@final
class _Switch(Sampler):
    """Selects and learns as another sampler does, which may change from step to step."""

    sampler: Sampler

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        return self.sampler.propose(batch, streams)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        return self.sampler.log_q(batch, item_ids)

    def select(self, negatives: Negatives, scores: Tensor, positive_scores: Tensor) -> Negatives:
        return self.sampler.select(negatives, scores, positive_scores)

    def in_state(self, state: SamplerState) -> Sampler:
        return self.sampler.in_state(state)

    @property
    def n_observed(self) -> int:
        return self.sampler.n_observed

    def observe(self, selected: Negatives, positive_scores: Tensor, targets: Tensor, observed: Tensor) -> None:
        self.sampler.observe(selected, positive_scores, targets, observed)

    def learn(self, state: SamplerState, observed: Tensor) -> None:
        self.sampler.learn(state, observed)

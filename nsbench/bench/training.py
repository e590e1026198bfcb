"""Training rates: positives a second of every sampler, beside the plain PyTorch step and the machine's limits."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from nsbench.bench.plain import PlainTrainer
from nsbench.bench.workload import Workload
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.data.layout import step_of
from nsbench.experiment import trainer_of
from nsbench.model import ModelSettings, initial_model
from nsbench.samplers import SAMPLERS
from nsbench.training.source import Draw, DrawSource, stacked
from nsbench.training.step import Stepper

WARM_UP_STEPS = 3


@dataclass(frozen=True)
class TrainingRate:
    """What one sampler reaches on one workload.

    Attributes:
        sampler: Its name, or "plain" for the plain PyTorch step.
        positives_per_s: Real positives trained on, padding not counted.
        negatives_per_s: Negatives scored.
        draw_share: Share of the time that drawing batches and negatives takes.
        useful_flops: FLOP/s that the model needs for those positives (`flops_per_positive`).
    """

    sampler: str
    positives_per_s: float
    negatives_per_s: float
    draw_share: float
    useful_flops: float


def flops_per_positive(model: ModelSettings, mean_context: float, n_negatives: int) -> float:
    """Useful floating-point operations of one positive in training.

    Forward, each attention block has four products of d x d for attention and two for the feed-forward part, 2 d ** 2
    each, and attends to `mean_context` positions twice, 2 d each; scoring takes 2 d for the positive and each negative.
    Backward takes twice as much.
    """
    d = model.hidden_dim
    block = 6 * 2 * d**2 + 2 * 2 * mean_context * d
    return 3 * (model.n_blocks * block + 2 * d * (1 + n_negatives))


def settings_with(sampler: str, n_negatives: int, model: ModelSettings) -> Settings:
    """A sampler's settings that propose n_negatives in all, half of them by each part of a mixture."""
    fields = SAMPLERS[sampler].model_fields
    counts = {"n_negatives": n_negatives, "n_in_batch": n_negatives // 2, "n_uniform": n_negatives - n_negatives // 2}
    values = {name: count for name, count in counts.items() if name in fields}
    return Settings.of(sampler, {**values, **model.model_dump()})


def training_rate(sampler: str, dataset: Dataset, workload: Workload, n_negatives: int, seconds: float) -> TrainingRate:
    """Trains with a sampler for some seconds and measures."""
    model = ModelSettings(max_length=workload.max_length)
    settings = settings_with(sampler, n_negatives, model)
    trainer = trainer_of(settings, dataset)
    generators = [torch.Generator(trainer.device).manual_seed(stream) for stream in range(2)]
    stepper = Stepper(
        initial_model(model, dataset.n_items, generators[:1]),
        trainer.sampler,
        settings.training,
        [1e-3],
        generators[1:],
    )
    source = DrawSource(trainer.batches, trainer.sampler, 0, trainer.device)
    draws = itertools.chain.from_iterable(source.epoch() for _ in itertools.count())

    def step(draw: Draw) -> None:
        stepper.step(step_of([draw.batch]), stacked([draw.negatives]))
        if trainer.device.type == "cuda":
            torch.cuda.synchronize(trainer.device)

    return _measured(sampler, lambda: next(draws), step, model, seconds)


def plain_rate(dataset: Dataset, workload: Workload, n_negatives: int, seconds: float) -> TrainingRate:
    """The same for the plain step; its negatives are the cheapest there are, uniform with nothing excluded."""
    model = ModelSettings(max_length=workload.max_length)
    trainer = trainer_of(settings_with("random", n_negatives, model), dataset)
    plain = PlainTrainer(model, dataset.n_items)
    source = DrawSource(trainer.batches, trainer.sampler, 0, trainer.device)
    draws = itertools.chain.from_iterable(source.epoch() for _ in itertools.count())

    def step(draw: Draw) -> None:
        inputs, targets = draw.batch.inputs, draw.batch.targets
        plain.step(inputs, targets, torch.randint(1, dataset.n_items + 1, (len(inputs), n_negatives)))

    return _measured("plain", lambda: next(draws), step, model, seconds)


def _measured(
    name: str, draw: Callable[[], Draw], step: Callable[[Draw], None], model: ModelSettings, seconds: float
) -> TrainingRate:
    for _ in range(WARM_UP_STEPS):
        step(draw())
    n_positives = n_negatives = 0
    context = draw_s = step_s = 0.0
    while draw_s + step_s < seconds:
        started = time.perf_counter()
        drawn = draw()
        drew = time.perf_counter()
        step(drawn)
        draw_s += drew - started
        step_s += time.perf_counter() - drew
        n_positives += drawn.batch.n_positives
        n_negatives += drawn.batch.n_positives * drawn.negatives.item_ids.shape[-1]
        context += float((drawn.batch.lengths * (drawn.batch.lengths + 1)).sum()) / 2
    # The plain step is not charged for our drawing: it draws its own negatives.
    total = step_s if name == "plain" else draw_s + step_s
    flops = flops_per_positive(model, context / n_positives, n_negatives // n_positives)
    rate = n_positives / total
    return TrainingRate(name, rate, n_negatives / total, draw_s / total if name != "plain" else 0.0, rate * flops)

"""What the missing runs of a ladder take: every training by the rates of one like it, and every ranking by those of a test."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

from nsbench.config import Settings
from nsbench.forecast.dataset_shape import DatasetShape
from nsbench.forecast.epochs import Epochs, epochs_allowed
from nsbench.forecast.prediction import COMMAND_S, RUN_S, makespan
from nsbench.forecast.rate import Rates, RateSource
from nsbench.forecast.run_work import RunWork, work_of
from nsbench.study.workers.job import RungJob


@dataclass(frozen=True)
class LadderTime:
    """Seconds that the missing runs of a ladder take with some workers.

    Attributes:
        likely_s: With the epochs that runs which stop early took on other logs.
        most_s: If no training stops early.
    """

    likely_s: float
    most_s: float


def predict_ladder(jobs: Sequence[RungJob], shape: DatasetShape, source: RateSource, n_workers: int) -> LadderTime:
    """How long the jobs of a ladder take.

    Args:
        jobs: Those that are to be done, in their order.
        shape: The prepared log.
        source: Where rates come from; it is asked once, for a training of each kind.
        n_workers: Workers at once.

    Raises:
        SettingsError: The source has no rates of a sampler.
    """
    if not jobs:
        return LadderTime(0.0, 0.0)
    works = [work_of(shape, job.tasks[0].settings) for job in jobs]
    kinds = {_kind_of(work.settings): work for work in works}
    rates = dict(zip(kinds, source.rates(shape, list(kinds.values())), strict=True))
    parts = [(job, work, rates[_kind_of(work.settings)]) for job, work in zip(jobs, works, strict=True)]

    def total(epochs: Callable[[Epochs], float]) -> float:
        return COMMAND_S + makespan([_seconds(*part, epochs) for part in parts], n_workers)

    return LadderTime(likely_s=total(lambda epochs: float(epochs.typical)), most_s=total(lambda epochs: epochs.most))


def _kind_of(settings: Settings) -> Hashable:
    """What decides the cost of a step: trainings that are alike in it have one rate."""
    return (settings.method.name, settings.training.padding, settings.training.item_optimizer)


def _seconds(job: RungJob, work: RunWork, rates: Rates, epochs: Callable[[Epochs], float]) -> float:
    """Seconds of a job: its training, unless that is done, and the rankings behind it."""
    rankings = len(job.tasks) * (RUN_S + work.n_test_targets / rates.test_targets_per_s)
    if job.is_trained:
        return rankings
    n_epochs, every = epochs(epochs_allowed(work.settings)), work.settings.training.validate_every
    looks = math.ceil(n_epochs / every) * work.n_valid_targets / rates.valid_targets_per_s
    return rankings + rates.setup_s + n_epochs * work.n_positives / rates.positives_per_s + looks

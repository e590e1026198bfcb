"""Rates of this machine: a few steps of the very training and ranking that the profile will run, in as many processes at once."""

import multiprocessing
import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from statistics import fmean
from typing import final

import torch

from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.targets.target import EvaluatedSplit
from nsbench.files.home import Home
from nsbench.forecast.dataset_shape import DatasetShape, shape_of
from nsbench.forecast.rate import Rates
from nsbench.forecast.run_work import RunWork
from nsbench.models.model import initial_model
from nsbench.runs.experiment import run_replicas
from nsbench.runs.observer import NullObserver, Observer, Pruned, RunEvent, Stepped
from nsbench.runs.request import RunRequest
from nsbench.tensors.device import choose_device, device_name, peak_memory_bytes, wait_for
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker

WARM_UP_STEPS = 3
FEWEST_STEPS = 3
_FIRST_USERS = 128
_USERS_GROW_BY = 4
_ENDLESS_EPOCHS = 10**6
_BYTES_PER_LEFT_OUT_INTERACTION = 32
"""The log and the histories of users that a stand-in leaves out: item, time, and an index of each user's items."""


@final
class LocalRates:
    """Measures this machine, each dataset with `n_at_once` processes side by side, since they slow each other down.

    Args:
        home: Where datasets are.
        n_at_once: Processes.
        seconds: Time for each figure.
    """

    is_measured = True

    def __init__(self, home: Home, n_at_once: int, seconds: float) -> None:
        device = choose_device()
        self.device = device_name(device)
        self.how = f"measured here, {n_at_once} at once, {seconds:g} s for each sampler"
        self.is_per_device = device.type == "cuda"
        self.memory_limit_bytes: int | None = _memory_of(device)
        self._home, self._n_at_once, self._seconds = home, n_at_once, seconds

    def rates(self, shape: DatasetShape, works: Sequence[RunWork], n_replicas: int = 1) -> list[Rates]:
        """Measures each load, the processes' mean; see `RateSource`."""
        task = Task(shape.name, self._home, tuple(work.settings for work in works), self._seconds, n_replicas)
        context = multiprocessing.get_context("spawn")  # CUDA doesn't survive a fork.
        with ProcessPoolExecutor(self._n_at_once, context) as pool:
            measured = list(pool.map(measure, [task] * self._n_at_once))
        left_out = round((1 - shape.users_share) * shape.n_interactions) * _BYTES_PER_LEFT_OUT_INTERACTION
        return [
            Rates(
                positives_per_s=fmean(one[number].positives_per_s for one in measured),
                valid_targets_per_s=fmean(one[number].valid_targets_per_s for one in measured),
                test_targets_per_s=fmean(one[number].test_targets_per_s for one in measured),
                setup_s=fmean(one[number].setup_s for one in measured),
                memory_bytes=max(one[number].memory_bytes for one in measured) + left_out,
                together_per_s=_mean_if_known([one[number].together_per_s for one in measured]),
            )
            for number in range(len(works))
        ]


@dataclass(frozen=True)
class Task:
    """What one process measures: settings on a dataset, a number of seconds for each figure, alone and some side by side."""

    dataset: str
    home: Home
    settings: tuple[Settings, ...]
    seconds: float
    n_replicas: int = 1


def measure(task: Task) -> list[Rates]:
    """Measures every settings of a task; evaluation once, since all samplers share it."""
    torch.set_num_threads(1)
    shape = shape_of(task.dataset, task.home)
    trained = [_training_rate(shape, settings, task.seconds) for settings in task.settings]
    generator = torch.Generator(choose_device()).manual_seed(0)
    scorer = ModelScorer(initial_model(task.settings[0].model, shape.dataset.n_items, [generator]))
    evaluation = task.settings[0].evaluation
    valid = _evaluation_rate(scorer, shape.dataset, evaluation, "valid", task.seconds / 2)
    test = _evaluation_rate(scorer, shape.dataset, evaluation, "test", task.seconds / 2)
    together: list[float | None] = [None] * len(trained)
    if task.n_replicas > 1:
        together = [_training_rate(shape, settings, task.seconds, task.n_replicas)[0] for settings in task.settings]
    memory_bytes = peak_memory_bytes(choose_device())
    return [
        Rates(rate, valid, test, setup_s, memory_bytes, beside)
        for (rate, setup_s), beside in zip(trained, together, strict=True)
    ]


def _mean_if_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _training_rate(shape: DatasetShape, settings: Settings, seconds: float, n_replicas: int = 1) -> tuple[float, float]:
    """Positives per second, and seconds until the first step, of runs side by side that are ended in time."""
    endless = settings.changed({"max_epochs": _ENDLESS_EPOCHS, "validate_every": _ENDLESS_EPOCHS})
    requests = [RunRequest(RunKind.SINGLE, seed, rank_test=False) for seed in range(n_replicas)]
    stopwatch = _Stopwatch(seconds)
    observers: list[Observer] = [stopwatch, *(NullObserver() for _ in requests[1:])]
    with suppress(Pruned):
        run_replicas([endless] * n_replicas, shape.dataset, NullTracker(), requests, observers)
    return stopwatch.positives_per_s, stopwatch.setup_s


@final
class _Stopwatch:
    """Observes a run, and ends it when it has gone on for long enough."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._created = time.perf_counter()
        self._began = 0.0
        self._n_steps = self._n_positives = 0
        self.setup_s = 0.0
        self.positives_per_s = 0.0

    def observe(self, event: RunEvent) -> None:
        """Counts steps; the first ones warm up."""
        if not isinstance(event, Stepped):
            return
        device = event.losses.device
        self._n_steps += 1
        if self._n_steps <= WARM_UP_STEPS:
            wait_for(device)
            self._began = time.perf_counter()
            if self._n_steps == 1:
                self.setup_s = self._began - self._created
            return
        self._n_positives += event.n_positives
        if time.perf_counter() - self._began >= self._seconds and self._n_steps >= WARM_UP_STEPS + FEWEST_STEPS:
            # Not at each step: a GPU goes on while the next one is prepared.
            wait_for(device)
            self.positives_per_s = self._n_positives / (time.perf_counter() - self._began)
            raise Pruned("measured")


def _evaluation_rate(
    scorer: ModelScorer, dataset: Dataset, settings: EvaluationSettings, split: EvaluatedSplit, seconds: float
) -> float:
    """Targets ranked a second, of more and more users until it has taken long enough or there are no more."""
    n_users = _FIRST_USERS
    while True:
        started = time.perf_counter()
        found = evaluate(scorer, dataset, split, settings, n_users=n_users, with_exposure=split == "test")
        took = time.perf_counter() - started
        if took >= seconds or n_users >= dataset.n_users:
            return len(found.ranks.ranks) / took
        n_users *= _USERS_GROW_BY


def _memory_of(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return None

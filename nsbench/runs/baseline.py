"""Runs of the rankings that need no training, recorded like any other run."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from nsbench.config import Flat, fingerprint_of, flat_fields
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.evaluation.baseline import MarkovBaseline, PopularityBaseline
from nsbench.evaluation.cohort import evaluated_card
from nsbench.evaluation.evaluate import evaluate
from nsbench.evaluation.scorer import Scorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.formerly import former_values
from nsbench.runs.plan import protocol_of
from nsbench.suggestion import did_you_mean
from nsbench.tensors.device import choose_device, device_name, peak_memory_bytes
from nsbench.terms import RunKind
from nsbench.tracking.record import Cost, RunPlan, RunRecord
from nsbench.tracking.tracker import Tracker

RECENT_DAYS = 7
"""Days of training that recent popularity looks back on."""


@dataclass(frozen=True)
class Baseline:
    """A ranking that needs no training.

    Attributes:
        label: In tables.
        build: Makes it from a dataset.
        counts_days: Whether it needs times, rather than their order.
    """

    label: str
    build: Callable[[Dataset, torch.device], Scorer]
    counts_days: bool = False

    def fits(self, dataset: Dataset) -> bool:
        """Whether the dataset has what it needs."""
        return not (self.counts_days and dataset.card.times_are_order)


BASELINES: dict[str, Baseline] = {
    "popularity-baseline": Baseline("PopRec", PopularityBaseline.all_time),
    "recent-popularity-baseline": Baseline(
        f"PopRec (last {RECENT_DAYS} days)",
        lambda dataset, device: PopularityBaseline.last_days(dataset, RECENT_DAYS, device),
        counts_days=True,
    ),
    "markov-baseline": Baseline("Markov chain", MarkovBaseline),
}
"""Every baseline by its name, in the order of tables and figures."""


def baseline_plan(name: str, dataset: Dataset, settings: EvaluationSettings) -> RunPlan:
    """What is known of a baseline's run before it starts.

    Raises:
        SettingsError: There is no such baseline, or it needs times that the dataset hasn't.
    """
    if name not in BASELINES:
        raise SettingsError(
            f"unknown baseline {name!r}{did_you_mean(name, BASELINES)}; there are: {', '.join(BASELINES)}"
        )
    if not BASELINES[name].fits(dataset):
        raise SettingsError(
            f"{BASELINES[name].label} counts days, and of the times of {dataset.card.name} only the order is known; "
            f"there are: {', '.join(other for other, baseline in BASELINES.items() if baseline.fits(dataset))}"
        )
    params: dict[str, Flat] = {"sampler": name, **flat_fields(settings)}
    former = former_values(EvaluationSettings)
    return RunPlan(
        kind=RunKind.BASELINE,
        dataset=dataset.card.name,
        dataset_hash=dataset.card.content_hash,
        sampler=name,
        label=BASELINES[name].label,
        params=params,
        fingerprint=fingerprint_of({field: value for field, value in params.items() if former.get(field) != value}),
        protocol=protocol_of(settings, dataset),
        seed=0,
        dataset_card=evaluated_card(dataset, settings).model_dump_json(),
    )


def run_baseline(
    name: str, dataset: Dataset, tracker: Tracker, settings: EvaluationSettings | None = None
) -> RunRecord:
    """Ranks the validation and test interactions by a baseline, and records it.

    Raises:
        SettingsError: There is no such baseline.
        DatasetError: There is nothing to rank.
    """
    settings = settings or EvaluationSettings()
    plan = baseline_plan(name, dataset, settings)
    handle = tracker.start(plan)
    device = choose_device()
    started, started_cpu = time.perf_counter(), time.process_time()
    try:
        scorer = BASELINES[name].build(dataset, device)
        train_s, train_cpu_s = time.perf_counter() - started, time.process_time() - started_cpu
        valid = evaluate(scorer, dataset, "valid", settings)
        test = evaluate(scorer, dataset, "test", settings, with_exposure=True)
        cost = Cost(
            train_s=train_s,
            evaluate_s=time.perf_counter() - started - train_s,
            n_epochs=0,
            n_positives=0,
            n_negatives_scored=0,
            peak_memory_bytes=peak_memory_bytes(device),
            device=device_name(device),
            train_cpu_s=train_cpu_s if device.type == "cpu" else math.nan,
        )
        metrics = {**valid.metrics, **test.metrics}
        record = RunRecord(plan, metrics, (), 0, test.ranks, cost, handle.run_id, negative_ranks=test.negative_ranks)
        handle.finish(record)
    except BaseException as error:
        handle.stop("FAILED", f"{type(error).__name__}: {error}")
        raise
    return record

"""What methods cost, and what they reach at equal cost: a sampler that scores 200 negatives takes longer than one of 10."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nsbench.report.selection import CUTOFF
from nsbench.report.summary import MethodSummary
from nsbench.terms import ALL, metric_name
from nsbench.tracking.environment import ENVIRONMENT
from nsbench.tracking.stored_run import MetricPoint, RunReader, StoredRun

VALIDATION_METRIC = metric_name("valid", ALL, "ndcg", CUTOFF)
"""What methods are compared by at equal cost: the test interactions are ranked once, at the end, so only validations
have a time."""

MAX_HISTORIES = 5
"""Repeats of a method whose validations are read: each one is a call to the store."""

_PERCENT = 100.0
_MINUTE_S = 60.0

Histories = Mapping[str, Sequence[MetricPoint]]
"""Validation NDCG of runs by run id."""


@dataclass(frozen=True)
class CostRow:
    """What a method's runs took, on average over its repeats; not-a-number where it was not recorded.

    Attributes:
        label: The method's label.
        train_s: Seconds of training a run, validation apart.
        evaluate_s: Seconds of validation and test a run.
        positives_per_s: Positives trained on in a second of training.
        n_negatives_scored: Negatives scored a run.
        peak_memory_bytes: Largest peak of the process or device.
        devices: Where the runs were trained.
        ndcg: Test NDCG.
        ndcg_per_minute: Test NDCG, in percent points, for a minute of training.
        equal_cost_s: The seconds of training that every method is given at `equal_cost_ndcg`; not-a-number where methods
            were trained on different devices, whose seconds can't be compared.
        equal_cost_ndcg: The best validation NDCG within that time.
        own_cost_ndcg: The best validation NDCG within the runs' own time, of the same repeats.
        n_histories: Repeats that the two rest on.
    """

    label: str
    train_s: float
    evaluate_s: float
    positives_per_s: float
    n_negatives_scored: float
    peak_memory_bytes: float
    devices: tuple[str, ...]
    ndcg: float
    ndcg_per_minute: float
    equal_cost_s: float
    equal_cost_ndcg: float
    own_cost_ndcg: float
    n_histories: int


def read_histories(reader: RunReader, methods: Sequence[MethodSummary]) -> Histories:
    """The validations of each trained method's first repeats.

    Raises:
        TrackingError: The store can't be read.
    """
    runs = [run for row in methods if not row.method.is_baseline for run in row.method.runs[:MAX_HISTORIES]]
    return {run.run_id: reader.metric_history(run.run_id, VALIDATION_METRIC) for run in runs}


def cost_rows(methods: Sequence[MethodSummary], histories: Histories) -> tuple[CostRow, ...]:
    """What each method took, and what it had reached when the cheapest trained method was done.

    A validation's time is its share of the run's epochs times the run's training seconds: epochs take equally long.

    Args:
        methods: The compared methods.
        histories: Of some of their runs.
    """
    trained = [row for row in methods if not row.method.is_baseline]
    costs = [cost for row in trained if not math.isnan(cost := _mean(row.method.runs, "train_s"))]
    devices = {_device(run) for row in trained for run in row.method.runs}
    budget_s = min(costs) if costs and len(devices) == 1 else float("nan")
    return tuple(_row(row, histories, budget_s) for row in methods)


def _row(row: MethodSummary, histories: Histories, budget_s: float) -> CostRow:
    runs = row.method.runs
    train_s, ndcg = _mean(runs, "train_s"), row.accuracy("ndcg").mean
    known = [] if row.method.is_baseline else [run for run in runs if histories.get(run.run_id)]
    is_timed = train_s > 0
    return CostRow(
        label=row.method.label,
        train_s=train_s,
        evaluate_s=_mean(runs, "evaluate_s"),
        positives_per_s=_mean(runs, "n_positives") / train_s if is_timed else float("nan"),
        n_negatives_scored=_mean(runs, "n_negatives_scored"),
        peak_memory_bytes=max((run.metric("cost/peak_memory_bytes") for run in runs), default=float("nan")),
        devices=tuple(sorted({_device(run) for run in runs} - {""})),
        ndcg=ndcg,
        ndcg_per_minute=_PERCENT * ndcg / (train_s / _MINUTE_S) if is_timed else float("nan"),
        equal_cost_s=budget_s if known else float("nan"),
        equal_cost_ndcg=_average([_best_within(run, histories[run.run_id], budget_s) for run in known]),
        own_cost_ndcg=_average([_best_within(run, histories[run.run_id], math.inf) for run in known]),
        n_histories=len(known),
    )


def _best_within(run: StoredRun, history: Sequence[MetricPoint], budget_s: float) -> float:
    """The best validation by then; not-a-number where there was none yet, or the run does not say how long it took."""
    epoch_s = run.metric("cost/train_s") / max(1.0, run.metric("cost/n_epochs"))
    reached = [point.value for point in history if math.isinf(budget_s) or point.epoch * epoch_s <= budget_s]
    return max(reached, default=float("nan"))


def _mean(runs: Sequence[StoredRun], name: str) -> float:
    return _average([run.metric(f"cost/{name}") for run in runs])


def _average(values: Sequence[float]) -> float:
    """Not-a-number where one is, or there are none: a mean over some of the repeats would not be comparable."""
    return float(np.mean(values)) if values else float("nan")


def _device(run: StoredRun) -> str:
    return run.tags.get(f"{ENVIRONMENT}device", "")

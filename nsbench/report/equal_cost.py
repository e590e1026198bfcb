"""What methods cost, from their runs, and what they reach at equal cost, from their validations."""

import math
from collections.abc import Mapping, Sequence
from typing import final

import numpy as np

from nsbench.report.cost import Clock, CostRow
from nsbench.report.selection import CUTOFF
from nsbench.report.summary import MethodSummary
from nsbench.terms import ALL, metric_name
from nsbench.tracking.stored_run import MetricPoint, RunReader, StoredRun
from nsbench.tracking.writing.environment import ENVIRONMENT

VALIDATION_METRIC = metric_name("valid", ALL, "ndcg", CUTOFF)
"""What methods are compared by at equal cost.

The test interactions are ranked once, at the end, so only validations have a time.
"""

MAX_HISTORIES = 5
"""Repeats of a method whose validations are read: each is another request to the store."""

MOST_EPOCHS = 100_000_000
"""No run of nsbench has more: a larger step was written by another program."""

_SECONDS: Mapping[Clock, str] = {"cpu": "train_cpu_s", "wall": "train_s"}
_PERCENT = 100.0
_MINUTE_S = 60.0
_ROUNDING = 1e-6

Histories = Mapping[str, Sequence[MetricPoint]]
"""Validation NDCG of runs by run id."""


@final
class HistoryCache:
    """The validations of each trained method's first repeats; each run is read once, even when the selection changes.

    Attributes:
        found: What was read.
    """

    def __init__(self, reader: RunReader) -> None:
        self._reader = reader
        self.found: dict[str, Sequence[MetricPoint]] = {}

    def faults(self, methods: Sequence[MethodSummary]) -> dict[str, str]:
        """Why some of the runs can't be right, by run id.

        Args:
            methods: The compared methods.

        Raises:
            TrackingError: The store can't be read.
        """
        runs = [run for row in methods if not row.method.is_baseline for run in row.method.runs[:MAX_HISTORIES]]
        missing = [run.run_id for run in runs if run.run_id not in self.found]
        if missing:
            self.found.update(self._reader.histories(missing, VALIDATION_METRIC))
        faults = {run.run_id: _impossible(self.found.get(run.run_id, ())) for run in runs}
        return {run_id: reason for run_id, reason in faults.items() if reason is not None}


def _impossible(history: Sequence[MetricPoint]) -> str | None:
    """Why a history can't be right, in a sentence; None where it can."""
    for point in history:
        if not 0 <= point.epoch <= MOST_EPOCHS:
            return f"its validation at epoch {point.epoch} is not between 0 and {MOST_EPOCHS:,}"
        if not -_ROUNDING <= point.value <= 1 + _ROUNDING:
            return f"its validation at epoch {point.epoch} is {point.value:g}, which is not a share between 0 and 1"
    return None


def cost_rows(methods: Sequence[MethodSummary], histories: Histories) -> tuple[CostRow, ...]:
    """What each method took, and what it had reached when the cheapest trained method was done and all had a validation.

    A validation's time is its number of epochs times the method's mean seconds per epoch.

    Args:
        methods: The compared methods.
        histories: Of some of their runs.
    """
    trained = [row for row in methods if not row.method.is_baseline]
    clock = _clock([run for row in trained for run in row.method.runs])
    costs = [cost for row in trained if not math.isnan(cost := _mean(row.method.runs, _SECONDS[clock]))]
    firsts = [first for row in trained if not math.isnan(first := _first_validation_s(row, histories, clock))]
    devices = {_device(run) for row in trained for run in row.method.runs}
    # Seconds of different devices can't be compared, so these have no common budget.
    budget_s = max([min(costs), *firsts]) if costs and len(devices) == 1 else float("nan")
    return tuple(_row(row, histories, budget_s, clock) for row in methods)


def _first_validation_s(row: MethodSummary, histories: Histories, clock: Clock) -> float:
    """Seconds until every repeat of a method had been validated; NaN where that is unknown."""
    runs = row.method.runs
    epochs = [histories[run.run_id][0].epoch for run in runs if histories.get(run.run_id)]
    n_epochs = _mean(runs, "n_epochs")
    return max(epochs) * _mean(runs, _SECONDS[clock]) / n_epochs if epochs and n_epochs > 0 else float("nan")


def _clock(runs: Sequence[StoredRun]) -> Clock:
    """CPU time where every trained run has it: seconds of two clocks can't be compared."""
    return "cpu" if runs and not any(math.isnan(run.metric(f"cost/{_SECONDS['cpu']}")) for run in runs) else "wall"


def _row(row: MethodSummary, histories: Histories, budget_s: float, clock: Clock) -> CostRow:
    runs = row.method.runs
    train_s, ndcg = _mean(runs, _SECONDS[clock]), row.accuracy("ndcg").mean
    known = [] if row.method.is_baseline else [histories[run.run_id] for run in runs if histories.get(run.run_id)]
    is_timed = train_s > 0 and not row.method.is_baseline
    n_epochs = _mean(runs, "n_epochs")
    # A baseline has no epochs.
    epoch_s = train_s / n_epochs if is_timed and n_epochs > 0 else float("nan")
    return CostRow(
        label=row.method.label,
        train_s=train_s,
        evaluate_s=_mean(runs, "evaluate_s"),
        positives_per_s=_mean(runs, "n_positives") / train_s if is_timed else float("nan"),
        n_negatives_scored=_mean(runs, "n_negatives_scored"),
        peak_memory_bytes=max(run.metric("cost/peak_memory_bytes") for run in runs),
        devices=tuple(sorted({_device(run) for run in runs} - {""})),
        ndcg=ndcg,
        ndcg_per_minute=_PERCENT * ndcg / (train_s / _MINUTE_S) if is_timed else float("nan"),
        equal_cost_s=budget_s if known else float("nan"),
        equal_cost_ndcg=average([best_within(history, budget_s / epoch_s) for history in known]),
        own_cost_ndcg=average([best_within(history, math.inf) for history in known]),
        n_histories=len(known),
        clock=clock,
    )


def best_within(history: Sequence[MetricPoint], n_epochs: float) -> float:
    """The best validation by then; NaN where there was none yet, or the length of an epoch is unknown."""
    # A quotient of seconds may come out just below the whole number that it should be.
    reached = [point.value for point in history if point.epoch <= n_epochs + _ROUNDING]
    return max(reached, default=float("nan"))


def _mean(runs: Sequence[StoredRun], name: str) -> float:
    return average([run.metric(f"cost/{name}") for run in runs])


def average(values: Sequence[float]) -> float:
    """The mean; NaN without values or where one is NaN, since a mean over some of the repeats would not be comparable."""
    return float(np.mean(values)) if values else float("nan")


def _device(run: StoredRun) -> str:
    return run.tags.get(f"{ENVIRONMENT}device", "")

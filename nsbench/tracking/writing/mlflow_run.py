"""Writes one run into MLflow: what a RunPlan, a validation and a RunRecord become there.

Calls go through `MlflowClient` with the run's id: MLflow's "active run" belongs to a thread and would mix up runs that
train side by side. A metric that is not a number is not written: undefined stays undefined, and readers give
not-a-number for it.
"""

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import final

from mlflow.entities import Metric
from mlflow.entities import RunTag as MlflowTag

from nsbench.evaluation.metrics import METRICS
from nsbench.terms import ALL, Tag, is_target_count, metric_name
from nsbench.tracking.models.stored_model import tags_of
from nsbench.tracking.rank_file import NEGATIVE_RANKS_FILE, RANKS_FILE, write_ranks
from nsbench.tracking.record import Cost, KeptModel, RunRecord
from nsbench.tracking.tracker import EndStatus
from nsbench.tracking.writing.artifact import made_file
from nsbench.tracking.writing.environment import ENVIRONMENT
from nsbench.tracking.writing.run_note import NOTE, note_of_result, note_of_stop
from nsbench.tracking.writing.run_writer import RunWriter
from nsbench.tracking.writing.spool import End, EndState, Metrics, RunFile, RunModel, RunTag

BEST_EPOCH = "best_epoch"
"""The metric that holds the epoch whose parameters were kept."""

SEND_EVERY_S = 2.0
"""Looks that follow each other faster are sent together; what a killed process hasn't sent is sent again by its successor."""

_FIRST = frozenset(metric_name(split, ALL, metric, 10) for split in ("test", "valid") for metric in METRICS)

MAX_TAG_LENGTH = 8000
"""Characters of a tag that MLflow takes."""


@final
class MlflowRunHandle:
    """A run in an MLflow store that has started and not ended.

    Args:
        writer: Of the store.
        run_id: The run.
        note: Its description until now; empty where the caller doesn't know it.
    """

    def __init__(self, writer: RunWriter, run_id: str, note: str = "") -> None:
        self._writer = writer
        self._run_id = run_id
        self._note = note
        self._validated: set[str] = set()
        self._last_epoch = 0
        self._last_time_ms = 0
        self._waiting: list[Metrics] = []
        self._last_sent = -math.inf
        self._model: KeptModel | None = None

    @property
    def run_id(self) -> str:
        """MLflow's id of the run."""
        return self._run_id

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Records one validation with the epoch as MLflow's step, together with others that come within SEND_EVERY_S.

        Raises:
            TrackingError: The store can't be written.
        """
        self._last_epoch = max(self._last_epoch, epoch)
        self._validated |= metrics.keys()
        self._waiting.append(self._metrics(metrics, step=epoch))
        if time.monotonic() - self._last_sent >= SEND_EVERY_S:
            self._send_waiting()

    def record_result(self, record: RunRecord) -> None:
        """Records final metrics, cost, ranks and model; the run stays open.

        Final values of what each validation measured carry the last one's step and a later time: MLflow shows a metric's
        latest value, and theirs is that of the best epoch. All others have step 0, of which MLflow's pages make bars; at the
        last epoch, which differs from run to run, each would be a dot in a chart over epochs.

        Raises:
            TrackingError: The store can't be written.
        """
        metrics = {**record.metrics, **_cost_metrics(record)}
        of_epochs = {name: metrics.pop(name) for name in self._validated & metrics.keys()}
        final = (self._metrics(of_epochs, step=self._last_epoch), self._metrics(metrics, step=0))
        self._waiting += final
        self._send_waiting()
        counts = {name: int(n) for name, n in record.metrics.items() if is_target_count(name)}
        if counts:
            self._writer.write(self._run_id, RunTag(Tag.N_TARGETS, json.dumps(counts)))
        self._writer.write(self._run_id, RunTag(NOTE, note_of_result(record)[:MAX_TAG_LENGTH]))
        self._writer.write(self._run_id, RunTag(f"{ENVIRONMENT}device", record.cost.device))
        for name, ranks in ((RANKS_FILE, record.ranks), (NEGATIVE_RANKS_FILE, record.negative_ranks)):
            if ranks is not None:
                with made_file(name, partial(write_ranks, ranks)) as file:
                    self._writer.write(self._run_id, RunFile(str(file)))
        self._model = record.model
        if record.model is not None:
            self._writer.write(self._run_id, _model_of(record, record.model, final))

    def close(self) -> None:
        """Marks a run whose result is recorded as FINISHED; models that its own is better than go then.

        Raises:
            TrackingError: The store can't be written.
        """
        self._end("FINISHED")
        if self._model is not None and self._model.keep == "best":
            self._writer.prune_models(self._run_id, self._model.group)

    def finish(self, record: RunRecord) -> None:
        """Records the result and marks the run FINISHED last, so that no FINISHED run lacks any of it.

        Raises:
            TrackingError: The store can't be written.
        """
        self.record_result(record)
        self.close()

    def stop(self, status: EndStatus, reason: str) -> None:
        """Marks the run as ended without a result; the reason becomes a tag, cut to what MLflow takes.

        Raises:
            TrackingError: The store can't be written.
        """
        self._send_waiting()
        self._writer.write(self._run_id, RunTag(Tag.END_REASON, reason[:MAX_TAG_LENGTH]))
        if self._note:
            self._writer.write(self._run_id, RunTag(NOTE, note_of_stop(self._note, reason)[:MAX_TAG_LENGTH]))
        self._end(status)

    def _end(self, status: EndState) -> None:
        self._writer.write(self._run_id, End(status, time.time_ns() // 1_000_000))

    def _metrics(self, metrics: Mapping[str, float], step: int) -> Metrics:
        self._last_time_ms = max(time.time_ns() // 1_000_000, self._last_time_ms + 1)
        return Metrics(defined(metrics), self._last_time_ms, step)

    def _send_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._writer.write(self._run_id, *waiting)
        self._last_sent = time.monotonic()


def _model_of(record: RunRecord, model: KeptModel, final: Sequence[Metrics]) -> RunModel:
    """What is logged of a model: with it the test metrics, and the validation metric by which it was chosen."""
    shown = [
        Metrics(
            {name: value for name, value in part.values.items() if name.startswith("test/") or name == model.objective},
            part.time_ms,
            part.step,
        )
        for part in final
    ]
    params = {name: str(value) for name, value in record.plan.params.items()}
    name = f"{record.plan.sampler} {record.plan.kind} seed {record.plan.seed}"
    return RunModel(str(model.folder), name, tags_of(record.plan, model), params, tuple(shown))


def defined(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are numbers, without those that are tags (`Tag.N_TARGETS`).

    Those that matter most come first: MLflow's pages of a run and of a comparison show them in the order of their arrival.
    """
    names = [name for name, value in metrics.items() if not (math.isnan(value) or is_target_count(name))]
    return {name: float(metrics[name]) for name in sorted(names, key=lambda name: name not in _FIRST)}


def metric_entries(metrics: Mapping[str, float], time_ms: int, step: int) -> list[Metric]:
    """MLflow's form of the metrics that are numbers."""
    return [Metric(name, value, time_ms, step) for name, value in defined(metrics).items()]


def _cost_metrics(record: RunRecord) -> dict[str, float]:
    numbers = {f"cost/{name}": float(value) for name, value in _numbers(record.cost)}
    return numbers | {BEST_EPOCH: float(record.best_epoch)}


def _numbers(cost: Cost) -> Iterable[tuple[str, float]]:
    return ((name, value) for name, value in asdict(cost).items() if name != "device")


def as_run_tags(tags: Mapping[str, str]) -> list[MlflowTag]:
    """MLflow's form of tags."""
    return [MlflowTag(name, value[:MAX_TAG_LENGTH]) for name, value in tags.items()]

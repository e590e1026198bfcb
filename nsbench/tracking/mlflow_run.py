"""Writes one run into MLflow: what a RunPlan, a validation and a RunRecord become there.

Calls go through `MlflowClient` with the run's id: MLflow's "active run" belongs to a thread and would mix up runs that
train side by side. A metric that is not a number is not written: undefined stays undefined, and readers give
not-a-number for it.
"""

import json
import math
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import final

import yaml
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param
from mlflow.entities import RunTag as MlflowTag
from mlflow.exceptions import MlflowException

from nsbench.errors import TrackingError
from nsbench.terms import RunKind, Tag
from nsbench.tracking.artifact import log_file, made_file
from nsbench.tracking.environment import ENVIRONMENT, environment_tags
from nsbench.tracking.mlflow_connection import store_errors
from nsbench.tracking.outage import is_outage
from nsbench.tracking.rank_file import RANKS_FILE, write_ranks
from nsbench.tracking.record import Cost, RunPlan, RunRecord
from nsbench.tracking.run_writer import RunWriter
from nsbench.tracking.spool import End, EndState, Metrics, RunFile, RunTag
from nsbench.tracking.tracker import EndStatus

SETTINGS_FILE = "settings.yaml"
"""The artifact that holds a run's settings."""

BEST_EPOCH = "best_epoch"
"""The metric that holds the epoch whose parameters were kept."""

SEND_EVERY_S = 2.0
"""Looks that follow each other faster are sent together; what a killed process hasn't sent is sent again by its successor."""

_MAX_PARAM_LENGTH = 6000
_MAX_TAG_LENGTH = 8000
_MAX_DIGEST_LENGTH = 36
_PARAMS_PER_CALL = 100


@final
class MlflowRunHandle:
    """A run in an MLflow store that has started and not ended."""

    def __init__(self, writer: RunWriter, run_id: str) -> None:
        self._writer = writer
        self._run_id = run_id
        self._last_epoch = 0
        self._last_time_ms = 0
        self._waiting: list[Metrics] = []
        self._last_sent = -math.inf

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
        self._waiting.append(self._metrics(metrics, step=epoch))
        if time.monotonic() - self._last_sent >= SEND_EVERY_S:
            self._send_waiting()

    def record_result(self, record: RunRecord) -> None:
        """Records final metrics, cost and ranks; the run stays open.

        Final metrics carry the last validation's step and a later time: MLflow shows a metric's latest value, and a
        validation metric's final value is that of the best epoch.

        Raises:
            TrackingError: The store can't be written.
        """
        self._waiting.append(self._metrics({**record.metrics, **_cost_metrics(record)}, step=self._last_epoch))
        self._send_waiting()
        self._writer.write(self._run_id, RunTag(f"{ENVIRONMENT}device", record.cost.device))
        ranks = record.ranks
        if ranks is not None:
            with made_file(RANKS_FILE, lambda path: write_ranks(ranks, path)) as file:
                self._writer.write(self._run_id, RunFile(str(file)))

    def close(self) -> None:
        """Marks a run whose result is recorded as FINISHED.

        Raises:
            TrackingError: The store can't be written.
        """
        self._end("FINISHED")

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
        self._writer.write(self._run_id, RunTag(Tag.END_REASON, reason[:_MAX_TAG_LENGTH]))
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


def defined(metrics: Mapping[str, float]) -> dict[str, float]:
    """The metrics that are numbers."""
    return {name: float(value) for name, value in metrics.items() if not math.isnan(value)}


def metric_entries(metrics: Mapping[str, float], time_ms: int, step: int) -> list[Metric]:
    """MLflow's form of the metrics that are numbers."""
    return [Metric(name, value, time_ms, step) for name, value in defined(metrics).items()]


def start_run(client: MlflowClient, writer: RunWriter, experiment_id: str, plan: RunPlan) -> MlflowRunHandle:
    """Creates a run and writes all that is known of it.

    Nothing waits in a spool. A run that isn't written whole is FAILED, or KILLED in an outage: another is begun for it.

    Raises:
        StoreOutage: The store is out.
        TrackingError: A setting is too long for MLflow, or the store can't be written.
    """
    params = _params_of(plan)
    tags = {**environment_tags(), **plan.tags, **_tags_of(plan)}
    with store_errors(client.tracking_uri):
        run = client.create_run(experiment_id, tags=tags, run_name=run_name(plan))
        run_id = run.info.run_id
        try:
            for first in range(0, len(params), _PARAMS_PER_CALL):
                client.log_batch(run_id, params=params[first : first + _PARAMS_PER_CALL])
            _log_dataset(client, run_id, plan)
            text = yaml.safe_dump(dict(plan.params), sort_keys=False)
            log_file(client, run_id, SETTINGS_FILE, lambda path: _write_text(path, text))
        except BaseException as error:
            with suppress(TrackingError):
                writer.write(run_id, End("KILLED" if is_outage(error) else "FAILED", time.time_ns() // 1_000_000))
            raise
    return MlflowRunHandle(writer, run_id)


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _log_dataset(client: MlflowClient, run_id: str, plan: RunPlan) -> None:
    """Ties the run to its dataset; of two processes that do so first at once, MLflow fails one, which finds it then."""
    try:
        client.log_inputs(run_id, [_dataset_input(plan)])
    except MlflowException:
        client.log_inputs(run_id, [_dataset_input(plan)])


def run_name(plan: RunPlan) -> str:
    """What MLflow's table calls the run, such as "mixed trial 3" or "mixed repeat seed 5"."""
    match plan.kind:
        case RunKind.TRIAL:
            return f"{plan.sampler} trial {plan.trial}"
        case RunKind.REPEAT:
            return f"{plan.sampler} repeat seed {plan.seed}"
        case RunKind.BASELINE | RunKind.STUDY:
            return plan.sampler
        case RunKind.SINGLE:
            return f"{plan.sampler} seed {plan.seed}"


def _tags_of(plan: RunPlan) -> dict[str, str]:
    tags = {
        Tag.KIND: plan.kind.value,
        Tag.DATASET: plan.dataset,
        Tag.DATASET_HASH: plan.dataset_hash,
        Tag.SAMPLER: plan.sampler,
        Tag.LABEL: plan.label,
        Tag.SEED: str(plan.seed),
        Tag.PROTOCOL: plan.protocol,
        Tag.SETTINGS: plan.fingerprint,
    }
    if plan.study is not None:
        tags[Tag.STUDY] = plan.study
    if plan.trial is not None:
        tags[Tag.TRIAL] = str(plan.trial)
    return {tag.value: value for tag, value in tags.items()}


def _params_of(plan: RunPlan) -> list[Param]:
    too_long = {name: len(str(value)) for name, value in plan.params.items() if len(str(value)) > _MAX_PARAM_LENGTH}
    if too_long:
        name, length = next(iter(too_long.items()))
        raise TrackingError(
            f"setting {name!r} has {length} characters; MLflow takes at most {_MAX_PARAM_LENGTH}; shorten it"
        )
    return [Param(name, str(value)) for name, value in plan.params.items()]


def _dataset_input(plan: RunPlan) -> DatasetInput:
    """The dataset with its card as MLflow's profile, so that the report can show it when the dataset is gone."""
    source = json.loads(plan.dataset_card).get("source", "unknown")
    dataset = Dataset(
        name=plan.dataset,
        digest=plan.dataset_hash[:_MAX_DIGEST_LENGTH],
        source_type="nsbench",
        source=json.dumps({"source": source}),
        profile=plan.dataset_card,
    )
    return DatasetInput(dataset, [InputTag("mlflow.data.context", "training and evaluation")])


def _cost_metrics(record: RunRecord) -> dict[str, float]:
    numbers = {f"cost/{name}": float(value) for name, value in _numbers(record.cost)}
    return numbers | {BEST_EPOCH: float(record.best_epoch)}


def _numbers(cost: Cost) -> Iterable[tuple[str, float]]:
    return ((name, value) for name, value in asdict(cost).items() if name != "device")


def as_run_tags(tags: Mapping[str, str]) -> list[MlflowTag]:
    """MLflow's form of tags."""
    return [MlflowTag(name, value[:_MAX_TAG_LENGTH]) for name, value in tags.items()]

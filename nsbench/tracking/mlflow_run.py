"""Writes one run into MLflow: what a RunPlan, a validation and a RunRecord become there.

Calls go through `MlflowClient` with the run's id: MLflow's "active run" belongs to a thread and would mix up runs that
train side by side. A metric that is not a number is not written: undefined stays undefined, and readers give
not-a-number for it.
"""

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
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
from nsbench.terms import ALL, RunKind, Tag, is_target_count, metric_name
from nsbench.tracking.artifact import log_file, made_file
from nsbench.tracking.environment import ENVIRONMENT, environment_tags
from nsbench.tracking.mlflow_connection import store_errors
from nsbench.tracking.outage import is_outage
from nsbench.tracking.rank_file import RANKS_FILE, write_ranks
from nsbench.tracking.record import Cost, RunPlan, RunRecord, Scalar
from nsbench.tracking.run_note import NOTE, SETTINGS_FILE, note_of_plan, note_of_result, note_of_stop
from nsbench.tracking.run_parts import CONTEXT, EVALUATION_CONTEXTS
from nsbench.tracking.run_writer import RunWriter
from nsbench.tracking.spool import End, EndState, Metrics, RunFile, RunTag
from nsbench.tracking.tracker import EndStatus

BEST_EPOCH = "best_epoch"
"""The metric that holds the epoch whose parameters were kept."""

SEND_EVERY_S = 2.0
"""Looks that follow each other faster are sent together; what a killed process hasn't sent is sent again by its successor."""

_FIRST = frozenset(
    metric_name(split, ALL, metric, 10) for split in ("test", "valid") for metric in ("hit_rate", "ndcg")
)
_MAX_PARAM_LENGTH = 6000
_MAX_TAG_LENGTH = 8000
_MAX_DIGEST_LENGTH = 36
_PARAMS_PER_CALL = 100


@final
class MlflowRunHandle:
    """A run in an MLflow store that has started and not ended.

    Args:
        writer: Of the store.
        run_id: The run.
        note: Its description until now; empty where whoever ends it doesn't know.
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
        """Records final metrics, cost and ranks; the run stays open.

        Final values of what each validation measured carry the last one's step and a later time: MLflow shows a metric's
        latest value, and theirs is that of the best epoch. All others have step 0, of which MLflow's pages make bars; at the
        last epoch, which differs from run to run, each would be a dot in a chart over epochs.

        Raises:
            TrackingError: The store can't be written.
        """
        metrics = {**record.metrics, **_cost_metrics(record)}
        of_epochs = {name: metrics.pop(name) for name in self._validated & metrics.keys()}
        self._waiting.append(self._metrics(of_epochs, step=self._last_epoch))
        self._waiting.append(self._metrics(metrics, step=0))
        self._send_waiting()
        counts = {name: int(n) for name, n in record.metrics.items() if is_target_count(name)}
        if counts:
            self._writer.write(self._run_id, RunTag(Tag.N_TARGETS, json.dumps(counts)))
        self._writer.write(self._run_id, RunTag(NOTE, note_of_result(record)[:_MAX_TAG_LENGTH]))
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
        if self._note:
            self._writer.write(self._run_id, RunTag(NOTE, note_of_stop(self._note, reason)[:_MAX_TAG_LENGTH]))
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
    """The metrics that are numbers, without those that are tags (`Tag.N_TARGETS`).

    Those that matter most come first: MLflow's pages of a run and of a comparison show them in the order of their arrival.
    """
    names = [name for name, value in metrics.items() if not (math.isnan(value) or is_target_count(name))]
    return {name: float(metrics[name]) for name in sorted(names, key=lambda name: name not in _FIRST)}


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
    params = params_of(plan.params)
    note = note_of_plan(plan)[:_MAX_TAG_LENGTH]
    tags = {**environment_tags(), **plan.tags, **_tags_of(plan), NOTE: note}
    with store_errors(client.tracking_uri):
        run = client.create_run(experiment_id, tags=tags, run_name=run_name(plan))
        run_id = run.info.run_id
        try:
            log_params(client, run_id, params)
            # Trials never see the test interactions.
            splits = EVALUATION_CONTEXTS[:1] if plan.kind is RunKind.TRIAL else EVALUATION_CONTEXTS
            log_dataset(client, run_id, dataset_inputs(plan.dataset, plan.dataset_hash, plan.dataset_card, splits))
            text = yaml.safe_dump(dict(plan.params), sort_keys=False)
            log_file(client, run_id, SETTINGS_FILE, lambda path: _write_text(path, text))
        except BaseException as error:
            with suppress(TrackingError):
                writer.write(run_id, End("KILLED" if is_outage(error) else "FAILED", time.time_ns() // 1_000_000))
            raise
    return MlflowRunHandle(writer, run_id, note)


def log_params(client: MlflowClient, run_id: str, params: Sequence[Param]) -> None:
    """Writes a run's parameters."""
    for first in range(0, len(params), _PARAMS_PER_CALL):
        client.log_batch(run_id, params=params[first : first + _PARAMS_PER_CALL])


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def log_dataset(client: MlflowClient, run_id: str, inputs: Sequence[DatasetInput]) -> None:
    """Ties the run to its dataset; of two processes that do so first at once, MLflow fails one, which finds it then."""
    try:
        client.log_inputs(run_id, inputs)
    except MlflowException:
        client.log_inputs(run_id, inputs)


def run_name(plan: RunPlan) -> str:
    """What MLflow's table calls the run: its sampler, kind and seed, such as "mixed trial 3 seed 7".

    A baseline's name says what kind it is, and no chance is in it.
    """
    match plan.kind:
        case RunKind.BASELINE:
            return plan.sampler
        case RunKind.TRIAL:
            return f"{plan.sampler} trial {plan.trial} seed {plan.seed}"
        case _:
            return f"{plan.sampler} {plan.kind} seed {plan.seed}"


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


def params_of(params: Mapping[str, Scalar]) -> list[Param]:
    """MLflow's form of settings.

    Raises:
        TrackingError: One is too long for MLflow.
    """
    too_long = {name: len(str(value)) for name, value in params.items() if len(str(value)) > _MAX_PARAM_LENGTH}
    if too_long:
        name, length = next(iter(too_long.items()))
        raise TrackingError(
            f"setting {name!r} has {length} characters; MLflow takes at most {_MAX_PARAM_LENGTH}; shorten it"
        )
    return [Param(name, str(value)) for name, value in params.items()]


def dataset_inputs(name: str, content_hash: str, card: str, splits: Sequence[str]) -> list[DatasetInput]:
    """The dataset's splits, each an input with a context of its own.

    The training split holds the whole card as its profile, so that the report can show it when the dataset is gone. MLflow
    takes inputs of the same name and digest for one, hence the others' names.

    Args:
        name: The dataset's.
        content_hash: Of its card.
        card: The card as JSON text.
        splits: Those of EVALUATION_CONTEXTS that the run ranks.
    """
    fields = json.loads(card)
    source = json.dumps({"source": fields.get("source", "unknown")})
    profiles = {"training": (name, card)}
    for split in splits:
        own = {key: fields[key] for key in _SPLIT_FIELDS[split] if key in fields}
        profiles[split] = (f"{name} {split}", json.dumps(own))
    return [
        DatasetInput(
            Dataset(called, content_hash[:_MAX_DIGEST_LENGTH], "nsbench", source, profile=profile),
            [InputTag(CONTEXT, context)],
        )
        for context, (called, profile) in profiles.items()
    ]


_SPLIT_FIELDS = {"validation": ("n_valid", "valid_from"), "test": ("n_test", "test_from")}
"""What the card says of a split."""


def _cost_metrics(record: RunRecord) -> dict[str, float]:
    numbers = {f"cost/{name}": float(value) for name, value in _numbers(record.cost)}
    return numbers | {BEST_EPOCH: float(record.best_epoch)}


def _numbers(cost: Cost) -> Iterable[tuple[str, float]]:
    return ((name, value) for name, value in asdict(cost).items() if name != "device")


def as_run_tags(tags: Mapping[str, str]) -> list[MlflowTag]:
    """MLflow's form of tags."""
    return [MlflowTag(name, value[:_MAX_TAG_LENGTH]) for name, value in tags.items()]

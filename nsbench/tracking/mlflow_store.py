"""Records runs in an MLflow store: an experiment a dataset, flat runs grouped by tags.

Nested runs would leave MLflow's table and charts empty. Make one tracker a process: database connections don't survive
a fork.
"""

import time
from pathlib import Path
from typing import final

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from nsbench.errors import TrackingError
from nsbench.home import Home
from nsbench.terms import RunKind, Tag
from nsbench.tracking.environment import environment_tags
from nsbench.tracking.mlflow_connection import connect, is_server, store_errors
from nsbench.tracking.mlflow_run import MlflowRunHandle, as_run_tags, metric_entries, start_run
from nsbench.tracking.record import RunPlan
from nsbench.tracking.run_writer import RunWriter
from nsbench.tracking.spool import Spool
from nsbench.tracking.study_summary import StudySummary
from nsbench.tracking.tracker import EndStatus

BEST = "nsbench.best."
"""How the tags of a study's best settings begin; MLflow's parameters can't change when a study goes on, tags can."""

OBJECTIVE = "nsbench.objective"
"""The tag of a study's run that names the metric it maximises."""


@final
class MlflowTracker:
    """Records runs in the MLflow store at `uri`.

    Args:
        uri: The store, as `nsbench.home.Home.tracking_uri` names it.
        artifact_root: Where the artifacts of new experiments lie, unless a tracking server keeps them.
        spool: Where records of running runs wait while the store is out; None: beside the artifacts.

    Raises:
        TrackingError: The store can't be reached.
    """

    def __init__(self, uri: str, artifact_root: Path, spool: Path | None = None) -> None:
        self._client: MlflowClient = connect(uri)
        self._writer = RunWriter(self._client, Spool(spool or artifact_root.with_name("spool")))
        self._uri = uri
        self._artifact_root = artifact_root
        self._experiment_ids: dict[str, str] = {}

    def start(self, plan: RunPlan) -> MlflowRunHandle:
        """Creates the run with its parameters, tags, dataset and environment, before anything is trained.

        Raises:
            TrackingError: A setting is too long for MLflow, or the store can't be written.
        """
        return start_run(self._client, self._writer, self._experiment_id(plan.dataset), plan)

    def has_run(self, run_id: str) -> bool:
        """Whether the store has a run of this id.

        Raises:
            TrackingError: The store can't be read.
        """
        with store_errors(self._uri):
            try:
                self._client.get_run(run_id)
            except MlflowException as error:
                if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                    raise
                return False
        return True

    def stop_run(self, run_id: str, status: EndStatus, reason: str) -> None:
        """Ends a run whose own process is gone and so can't.

        Raises:
            TrackingError: The store has no such run, or can't be written.
        """
        MlflowRunHandle(self._writer, run_id).stop(status, reason)

    def finish_run(self, run_id: str) -> None:
        """Marks a run as FINISHED whose result is recorded, and whose own process is gone.

        Raises:
            TrackingError: The store has no such run, or can't be written.
        """
        MlflowRunHandle(self._writer, run_id).close()

    def send_waiting(self, limit_s: float = 0.0) -> None:
        """Sends the records that wait because the store was out, and waits so long for it at most.

        Raises:
            StoreOutage: It still is; the message says where the records wait.
        """
        self._writer.send_waiting(limit_s)

    def log_study(self, summary: StudySummary) -> str:
        """Writes or renews the one run of kind `study` that stands for a study, and gives its id.

        Raises:
            TrackingError: The store can't be written.
        """
        experiment_id = self._experiment_id(summary.dataset)
        with store_errors(self._uri):
            run = self._study_run(experiment_id, summary)
            run_id: str = run.info.run_id
            stale = [name for name in run.data.tags if name.startswith(BEST) and name not in _study_tags(summary)]
            for name in stale:
                self._client.delete_tag(run_id, name)
            metrics = metric_entries(_study_metrics(summary), time.time_ns() // 1_000_000, step=0)
            self._client.log_batch(run_id, metrics=metrics, tags=as_run_tags(_study_tags(summary)))
            for figure in summary.figures:
                self._client.log_artifact(run_id, str(figure), "figures")
            self._client.set_terminated(run_id, "FINISHED")
        return run_id

    def _study_run(self, experiment_id: str, summary: StudySummary) -> Run:
        condition = f"tags.`{Tag.KIND}` = '{RunKind.STUDY}' and tags.`{Tag.STUDY}` = '{summary.study}'"
        runs = self._client.search_runs([experiment_id], condition, max_results=1)
        if runs:
            return runs[0]
        return self._client.create_run(
            experiment_id, tags={**environment_tags(), **_study_tags(summary)}, run_name=f"{summary.sampler} study"
        )

    def _experiment_id(self, dataset: str) -> str:
        if dataset not in self._experiment_ids:
            with store_errors(self._uri):
                self._experiment_ids[dataset] = self._found_or_created(dataset)
        return self._experiment_ids[dataset]

    def _found_or_created(self, dataset: str) -> str:
        experiment = self._client.get_experiment_by_name(dataset)
        if experiment is None:
            location = None if is_server(self._uri) else (self._artifact_root.absolute() / dataset).as_uri()
            try:
                return self._client.create_experiment(dataset, location, tags={Tag.DATASET.value: dataset})
            except MlflowException:  # Another process was first.
                experiment = self._client.get_experiment_by_name(dataset)
                if experiment is None:
                    raise
        if experiment.lifecycle_stage != "active":
            raise TrackingError(
                f"the MLflow experiment {dataset!r} was deleted; bring it back with `mlflow experiments restore "
                f"--experiment-id {experiment.experiment_id}` (MLFLOW_TRACKING_URI={self._uri}), or rename the dataset"
            )
        if Tag.DATASET.value not in experiment.tags:
            self._client.set_experiment_tag(experiment.experiment_id, Tag.DATASET.value, dataset)
        return str(experiment.experiment_id)


def open_tracker(home: Home) -> MlflowTracker:
    """A tracker of the home's store.

    Raises:
        TrackingError: The store can't be reached.
    """
    return MlflowTracker(home.tracking_uri, home.artifacts, home.spool)


def _study_tags(summary: StudySummary) -> dict[str, str]:
    tags = {
        Tag.KIND.value: RunKind.STUDY.value,
        Tag.STUDY.value: summary.study,
        Tag.DATASET.value: summary.dataset,
        Tag.DATASET_HASH.value: summary.dataset_hash,
        Tag.SAMPLER.value: summary.sampler,
        Tag.LABEL.value: summary.label,
        Tag.N_PLANNED.value: str(summary.n_planned),
        OBJECTIVE: summary.objective,
    }
    return tags | {f"{BEST}{name}": str(value) for name, value in summary.best_params.items()}


def _study_metrics(summary: StudySummary) -> dict[str, float]:
    counts = {
        "study/n_planned": summary.n_planned,
        "study/n_finished": summary.n_finished,
        "study/n_pruned": summary.n_pruned,
        "study/n_failed": summary.n_failed,
    }
    best = {"study/best_value": summary.best_value, "study/best_trial": summary.best_trial}
    return {name: float(value) for name, value in {**counts, **best}.items() if value is not None}

"""Records runs in an MLflow store: an experiment a dataset, flat runs grouped by tags.

Nested runs would leave MLflow's table and charts empty. Make one tracker a process: database connections don't survive
a fork.
"""

from pathlib import Path
from typing import final

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from nsbench.errors import TrackingError
from nsbench.terms import Tag
from nsbench.tracking.method_summary import MethodSummary
from nsbench.tracking.models.model_reading import prune
from nsbench.tracking.record import RunPlan
from nsbench.tracking.study_summary import StudySummary
from nsbench.tracking.tracker import EndStatus
from nsbench.tracking.writing.experiment_page import has_page, renew_page, set_experiment_tag
from nsbench.tracking.writing.mlflow_connection import connect, is_server, store_errors
from nsbench.tracking.writing.mlflow_run import MlflowRunHandle
from nsbench.tracking.writing.run_start import start_run
from nsbench.tracking.writing.run_writer import RunWriter
from nsbench.tracking.writing.spool import Spool
from nsbench.tracking.writing.summary_run import BEST, log_method_run, log_study_run

__all__ = ["BEST", "MlflowTracker"]


@final
class MlflowTracker:
    """Records runs in the MLflow store at `uri`.

    Args:
        uri: The store, as `nsbench.files.home.Home.tracking_uri` names it.
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

    def prune_models(self, dataset: str, group: str) -> None:
        """Deletes the models of a group that a better one replaces, those that a killed process left among them.

        Raises:
            TrackingError: The store can't be read or written.
        """
        experiment_id = self._experiment_id(dataset)
        with store_errors(self._uri):
            prune(self._client, experiment_id, group)

    def send_waiting(self, limit_s: float = 0.0) -> None:
        """Sends the records that wait because the store was out, and waits so long for it at most.

        Raises:
            StoreOutage: It still is; the message says where the records wait.
        """
        self._writer.send_waiting(limit_s)

    def log_study(self, summary: StudySummary) -> str:
        """Writes or renews the one run of kind `study` that stands for a study, and gives its id.

        Raises:
            TrackingError: A setting is too long for MLflow, or the store can't be written.
        """
        experiment_id = self._experiment_id(summary.dataset)
        with store_errors(self._uri):
            run_id = log_study_run(self._client, experiment_id, summary)
            renew_page(self._client, self._client.get_experiment(experiment_id))
        return run_id

    def log_method(self, summary: MethodSummary) -> str:
        """Writes or renews the one run of kind `summary` that stands for a method's repeats, and gives its id.

        Raises:
            TrackingError: The store can't be written.
        """
        experiment_id = self._experiment_id(summary.dataset)
        with store_errors(self._uri):
            return log_method_run(self._client, experiment_id, summary)

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
                self._client.create_experiment(dataset, location, tags={Tag.DATASET.value: dataset})
            except MlflowException:  # Another process may have been first.
                if self._client.get_experiment_by_name(dataset) is None:
                    raise
            experiment = self._client.get_experiment_by_name(dataset)
        if experiment is None:
            raise TrackingError(
                f"the MLflow experiment {dataset!r} is gone at the moment it was made; give the command again"
            )
        if experiment.lifecycle_stage != "active":
            raise TrackingError(
                f"the MLflow experiment {dataset!r} was deleted; bring it back with `mlflow experiments restore "
                f"--experiment-id {experiment.experiment_id}` (MLFLOW_TRACKING_URI={self._uri}), or rename the dataset"
            )
        if Tag.DATASET.value not in experiment.tags:
            set_experiment_tag(self._client, experiment.experiment_id, Tag.DATASET.value, dataset)
        if not has_page(experiment):
            renew_page(self._client, experiment)
        return str(experiment.experiment_id)

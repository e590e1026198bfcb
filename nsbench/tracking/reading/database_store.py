"""An MLflow store that is a database, read through MLflow's client."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final
from urllib.parse import urlsplit

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts, list_artifacts
from mlflow.entities import Run, ViewType

from nsbench.errors import UnreachableRanks
from nsbench.terms import Tag
from nsbench.tracking.reading.run_parts import CONTEXT, RunParts, card_of, paused_collection, stored_run_of
from nsbench.tracking.reading.run_store import (
    LOCAL_SCHEMES,
    OLDEST_FIRST,
    Experiments,
    RunPage,
    RunQuery,
    history_of,
    local_file,
    moved_uri,
)
from nsbench.tracking.store_uri import sqlite_file
from nsbench.tracking.stored_run import MetricPoint, RunStatus
from nsbench.tracking.writing.mlflow_connection import connect, store_errors, without_password


@final
class DatabaseStore:
    """See `RunStore`.

    Args:
        uri: The database, as `nsbench.files.home.Home.tracking_uri` names it.

    Raises:
        TrackingError: It can't be reached.
    """

    n_threads = 1
    """What it spends its time on is Python."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._client: MlflowClient = connect(uri, to_write=False)

    def experiments(self) -> Experiments:
        """See `RunStore`."""
        found: dict[str, str] = {}
        token: str | None = None
        with store_errors(self._uri):
            while True:
                page = self._client.search_experiments(page_token=token)
                found |= {item.experiment_id: item.name for item in page if Tag.DATASET.value in item.tags}
                token = page.token
                if not token:
                    return found

    def page(self, query: RunQuery, size: int, token: str | None = None) -> RunPage:
        """See `RunStore`."""
        view = ViewType.DELETED_ONLY if query.is_deleted else ViewType.ACTIVE_ONLY
        with store_errors(self._uri), paused_collection():
            found = self._client.search_runs(
                [*query.experiments], query.condition, view, size, [OLDEST_FIRST], page_token=token
            )
            runs = [stored_run_of(_parts_of(run), query.experiments[run.info.experiment_id]) for run in found]
        return RunPage(tuple(run for run in runs if run is not None), len(found), found.token or None)

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """See `RunStore`."""
        found = {}
        with store_errors(self._uri):
            for run_id in run_ids:
                points = self._client.get_metric_history(run_id, name)
                found[run_id] = history_of([(point.timestamp, point.step, point.value) for point in points])
        return found

    def fetch(self, artifact_uri: str, name: str, folder: Path) -> Path | None:
        """See `RunStore`."""
        if urlsplit(artifact_uri).scheme in LOCAL_SCHEMES:
            return self._local(artifact_uri, name)
        return fetch_anywhere(artifact_uri, name, folder, self._uri)

    def _local(self, artifact_uri: str, name: str) -> Path | None:
        """A file at its recorded place or, where a home was moved or copied, at the same place within the home."""
        database = sqlite_file(self._uri)
        moved = None if database is None else moved_uri(artifact_uri, database.parent)
        try:
            found = local_file(artifact_uri, name)
        except UnreachableRanks:
            if moved is None or (found := local_file(moved, name)) is None:
                raise
        return found if found is not None or moved is None else local_file(moved, name)


def fetch_anywhere(artifact_uri: str, name: str, folder: Path, tracking_uri: str) -> Path | None:
    """Copies an artifact from wherever MLflow can keep it; None where there is none of that name.

    Args:
        artifact_uri: Where the run's artifacts lie.
        name: The file's name.
        folder: Where to put it.
        tracking_uri: The store that the run is in.

    Raises:
        UnreachableRanks: The place can't be read.
    """
    try:
        # Asking for a file that isn't there takes a server ten times as long as asking what there is.
        if name not in {Path(file.path).name for file in list_artifacts(artifact_uri, tracking_uri=tracking_uri)}:
            return None
        return Path(download_artifacts(f"{artifact_uri}/{name}", dst_path=str(folder), tracking_uri=tracking_uri))
    except ImportError as error:
        place = without_password(artifact_uri)
        raise UnreachableRanks(
            f"the artifacts in {place} can't be read: {error}; install the client that MLflow needs for such places"
        ) from error
    except Exception as error:  # Every kind of place has a client of its own, with errors of its own.
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise UnreachableRanks(f"the artifacts in {without_password(artifact_uri)} can't be read: {reason}") from error


def _parts_of(run: Run) -> RunParts:
    inputs = run.inputs.dataset_inputs if run.inputs else []
    status: RunStatus = run.info.status
    return RunParts(
        run_id=run.info.run_id,
        experiment_id=run.info.experiment_id,
        name=run.info.run_name or "",
        status=status,
        started_ms=run.info.start_time or 0,
        ended_ms=run.info.end_time or 0,
        artifact_uri=run.info.artifact_uri or "",
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        tags=dict(run.data.tags),
        card=card_of(
            (next((tag.value for tag in one.tags if tag.key == CONTEXT), ""), one.dataset.profile or "")
            for one in inputs
        ),
    )

"""Reads runs back from an MLflow store, over sqlite or an HTTP server alike."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run
from mlflow.exceptions import MlflowException

from nsbench.errors import TrackingError
from nsbench.evaluation.rank_table import RankTable
from nsbench.home import Home
from nsbench.terms import RunKind, Tag
from nsbench.tracking.mlflow_connection import connect, sqlite_file, store_errors, without_password
from nsbench.tracking.rank_file import RANKS_FILE, read_ranks
from nsbench.tracking.stored_run import MetricPoint, RunStatus, StoredRun

PAGE_SIZE = 500
"""Runs fetched in one call, unless told otherwise."""

_OLDEST_FIRST = ["attributes.start_time ASC"]


@final
class MlflowReader:
    """Reads the MLflow store at `uri`, and never creates one.

    Args:
        uri: The store, as `nsbench.home.Home.tracking_uri` names it.
        page_size: Runs fetched in one call.

    Raises:
        TrackingError: The store can't be reached, or there is none yet.
    """

    def __init__(self, uri: str, page_size: int = PAGE_SIZE) -> None:
        file = sqlite_file(uri)
        if file is not None and not file.exists():
            raise TrackingError(
                f"nothing is recorded yet: there is no MLflow store at {file}; train something first "
                f"(`nsbench train`, `nsbench tune`), or point MLFLOW_TRACKING_URI or NSBENCH_HOME to where runs are"
            )
        self._client: MlflowClient = connect(uri)
        self._uri = uri
        self._page_size = page_size

    @property
    def location(self) -> str:
        """The store, as it may be shown."""
        return without_password(self._uri)

    def datasets(self) -> tuple[str, ...]:
        """The datasets that have been recorded, in alphabetical order."""
        with store_errors(self._uri):
            found: list[str] = []
            token: str | None = None
            while True:
                page = self._client.search_experiments(max_results=self._page_size, page_token=token)
                found += [experiment.name for experiment in page if Tag.DATASET.value in experiment.tags]
                token = page.token
                if not token:
                    return tuple(sorted(found))

    def runs(
        self, dataset: str, kinds: Sequence[RunKind] = (), sampler: str | None = None, study: str | None = None
    ) -> tuple[StoredRun, ...]:
        """The runs of a dataset, oldest first; see `RunReader`.

        Raises:
            TrackingError: The store has no such dataset, or can't be read.
        """
        conditions = [
            f"tags.`{tag}` = '{value}'" for tag, value in ((Tag.SAMPLER, sampler), (Tag.STUDY, study)) if value
        ]
        if len(kinds) == 1:
            conditions.append(f"tags.`{Tag.KIND}` = '{kinds[0]}'")
        with store_errors(self._uri):
            experiment = self._experiment(dataset)
            found = [
                _stored_run(run, dataset)
                for run in self._pages(experiment.experiment_id, " and ".join(conditions))
                if Tag.KIND.value in run.data.tags
            ]
        return tuple(run for run in found if not kinds or run.kind in kinds)

    def metric_history(self, run_id: str, name: str) -> tuple[MetricPoint, ...]:
        """A metric at every validation, by epoch.

        The final value that `MlflowRunHandle.finish` adds at the last epoch's step is left out.

        Raises:
            TrackingError: The store can't be read.
        """
        with store_errors(self._uri):
            history = self._client.get_metric_history(run_id, name)
        points: dict[int, float] = {}
        for metric in sorted(history, key=lambda point: point.timestamp):
            points.setdefault(metric.step, metric.value)
        return tuple(MetricPoint(epoch, points[epoch]) for epoch in sorted(points))

    def ranks(self, run_id: str) -> RankTable:
        """The test ranks of a run.

        Raises:
            TrackingError: The run has none, or they can't be fetched.
        """
        with TemporaryDirectory() as folder:
            try:
                path = self._client.download_artifacts(run_id, RANKS_FILE, folder)
            except (MlflowException, OSError) as error:
                raise TrackingError(
                    f"run {run_id} has no {RANKS_FILE} in {self.location}: it did not rank the test interactions, or "
                    f"its artifacts were moved or deleted ({error})"
                ) from error
            return read_ranks(Path(path))

    def _experiment(self, dataset: str) -> Experiment:
        experiment = self._client.get_experiment_by_name(dataset)
        if experiment is None or experiment.lifecycle_stage != "active":
            known = ", ".join(self.datasets()) or "none"
            raise TrackingError(f"no runs of a dataset {dataset!r} in {self.location}; recorded datasets: {known}")
        return experiment

    def _pages(self, experiment_id: str, condition: str) -> Iterator[Run]:
        token: str | None = None
        while True:
            with _paused_collection():
                page = self._client.search_runs(
                    [experiment_id], condition, max_results=self._page_size, order_by=_OLDEST_FIRST, page_token=token
                )
            yield from page
            token = page.token
            if not token:
                return


def open_reader(home: Home) -> MlflowReader:
    """A reader of the home's store.

    Raises:
        TrackingError: The store can't be reached, or there is none yet.
    """
    return MlflowReader(home.tracking_uri)


@contextmanager
def _paused_collection() -> Iterator[None]:
    """Keeps Python's garbage collector from walking over the 100 objects that MLflow makes of every run, again and again.

    Measured on a store of 5,000 runs: 7 s instead of 19 s to read them all.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _stored_run(run: Run, dataset: str) -> StoredRun:
    tags: dict[str, str] = run.data.tags
    status: RunStatus = run.info.status
    inputs = run.inputs.dataset_inputs if run.inputs else []
    return StoredRun(
        run_id=run.info.run_id,
        name=run.info.run_name,
        status=status,
        kind=RunKind(tags[Tag.KIND]),
        dataset=tags.get(Tag.DATASET, dataset),
        dataset_hash=tags.get(Tag.DATASET_HASH, ""),
        sampler=tags.get(Tag.SAMPLER, ""),
        label=tags.get(Tag.LABEL) or tags.get(Tag.SAMPLER, ""),
        started=_time(run.info.start_time),
        ended=_time(run.info.end_time) if run.info.end_time else None,
        dataset_card=(inputs[0].dataset.profile or "{}") if inputs else "{}",
        study=tags.get(Tag.STUDY),
        trial=_whole(tags.get(Tag.TRIAL)),
        seed=_whole(tags.get(Tag.SEED)),
        protocol=tags.get(Tag.PROTOCOL, ""),
        fingerprint=tags.get(Tag.SETTINGS, ""),
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        tags=dict(tags),
    )


def _time(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.lstrip("-").isdigit() else None

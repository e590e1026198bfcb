"""Reads runs back from an MLflow store, over sqlite or an HTTP server alike."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final

from mlflow import MlflowClient
from mlflow.entities import Experiment, Run, ViewType
from mlflow.exceptions import MlflowException

from nsbench.errors import TrackingError
from nsbench.evaluation.rank_table import RankTable
from nsbench.home import Home
from nsbench.terms import RunKind, Tag
from nsbench.tracking.ended_run_cache import EndedRunCache
from nsbench.tracking.mlflow_connection import connect, is_server, sqlite_file, store_errors, without_password
from nsbench.tracking.mlflow_entity import paused_collection, stored_run_of
from nsbench.tracking.rank_file import RANKS_FILE, read_ranks
from nsbench.tracking.run_cache import CachedRuns, RunCache, oldest_first
from nsbench.tracking.stored_run import MetricPoint, StoredRun

PAGE_SIZE = 250
"""Runs fetched in one call, unless told otherwise."""

_OLDEST_FIRST = ("attributes.start_time ASC",)
_BOTH_ENDS = (_OLDEST_FIRST, ("attributes.start_time DESC",))
_END_STATES = ("FINISHED", "FAILED", "KILLED")
_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
_CLOCK_MARGIN = timedelta(seconds=10)
"""How far the clocks of machines that train may differ: a run's end is told by its own machine."""


@final
class MlflowReader:
    """Reads the MLflow store at `uri`, and never creates one.

    Args:
        uri: The store, as `nsbench.home.Home.tracking_uri` names it.
        page_size: Runs fetched in one call.
        cache: Folder for what was read before; None: everything is read each time.

    Raises:
        TrackingError: The store can't be reached, or there is none yet.
    """

    def __init__(self, uri: str, page_size: int = PAGE_SIZE, cache: Path | None = None) -> None:
        file = sqlite_file(uri)
        if file is not None and not file.exists():
            raise TrackingError(
                f"nothing is recorded yet: there is no MLflow store at {file}; train something first "
                f"(`nsbench train`, `nsbench tune`), or point MLFLOW_TRACKING_URI or NSBENCH_HOME to where runs are"
            )
        self._client: MlflowClient = connect(uri)
        self._uri = uri
        self._page_size = page_size
        self._cache = None if cache is None else RunCache(cache, uri)
        self._ended_cache = None if cache is None else EndedRunCache(cache, uri)
        self._ended: set[str] = set()

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
        with store_errors(self._uri):
            experiment = self._experiment(dataset)
            if self._cache is not None:
                found = self._refreshed(self._cache, experiment)
            else:
                wanted = {Tag.SAMPLER: sampler, Tag.STUDY: study, Tag.KIND: kinds[0] if len(kinds) == 1 else None}
                conditions = [f"tags.`{tag}` = '{value}'" for tag, value in wanted.items() if value]
                found = self._read(experiment, " and ".join(conditions))
        self._ended |= {run.run_id for run in found if run.ended is not None}
        return tuple(
            run
            for run in found
            if (not kinds or run.kind in kinds)
            and (sampler is None or run.sampler == sampler)
            and (study is None or run.study == study)
        )

    def metric_history(self, run_id: str, name: str) -> tuple[MetricPoint, ...]:
        """A metric at every validation, by epoch.

        The final value that `MlflowRunHandle.finish` adds at the last epoch's step is left out.

        Raises:
            TrackingError: The store can't be read.
        """
        kept = self._ended_cache.history(run_id, name) if self._ended_cache else None
        if kept is not None:
            return kept
        with store_errors(self._uri):
            history = self._client.get_metric_history(run_id, name)
        points: dict[int, float] = {}
        for metric in sorted(history, key=lambda point: point.timestamp):
            points.setdefault(metric.step, metric.value)
        found = tuple(MetricPoint(epoch, points[epoch]) for epoch in sorted(points))
        if self._ended_cache is not None and run_id in self._ended:
            self._ended_cache.keep_history(run_id, name, found)
        return found

    def ranks(self, run_id: str) -> RankTable:
        """The test ranks of a run.

        Raises:
            TrackingError: The run has none, or they can't be fetched.
        """
        kept = self._ended_cache.ranks(run_id) if self._ended_cache else None
        if kept is not None:
            with suppress(TrackingError):  # A damaged copy is fetched anew.
                return read_ranks(kept)
        with TemporaryDirectory() as folder:
            try:
                # Asking for a file that isn't there takes a server ten times as long as asking what there is.
                if RANKS_FILE not in {file.path for file in self._client.list_artifacts(run_id)}:
                    raise FileNotFoundError(RANKS_FILE)
                path = Path(self._client.download_artifacts(run_id, RANKS_FILE, folder))
            except (MlflowException, OSError) as error:
                raise TrackingError(
                    f"run {run_id} has no {RANKS_FILE} in {self.location}: it did not rank the test interactions, or "
                    f"its artifacts were moved or deleted ({error})"
                ) from error
            if self._ended_cache is not None and run_id in self._ended:
                self._ended_cache.keep_ranks(run_id, path)
            return read_ranks(path)

    def _experiment(self, dataset: str) -> Experiment:
        experiment = self._client.get_experiment_by_name(dataset)
        if experiment is None or experiment.lifecycle_stage != "active":
            known = ", ".join(self.datasets()) or "none"
            raise TrackingError(f"no runs of a dataset {dataset!r} in {self.location}; recorded datasets: {known}")
        return experiment

    def _refreshed(self, cache: RunCache, experiment: Experiment) -> Sequence[StoredRun]:
        """All runs, of which only those that may have changed since the last time are read."""
        old = cache.load(experiment.experiment_id)
        deleted = frozenset(
            run.info.run_id for run in self._pages(experiment.experiment_id, view=ViewType.DELETED_ONLY)
        )
        # A run that was brought back may have ended long ago, where nothing else would look for it.
        if old is None or not old.is_fresh or old.deleted - deleted:
            new = CachedRuns(datetime.now(UTC), self._read_all(experiment), deleted)
        else:
            changed = self._changed(experiment, old, deleted)
            kept = {run_id: run for run_id, run in old.runs.items() if run_id not in deleted}
            new = replace(old, runs=oldest_first([*(kept | changed).values()]), deleted=deleted)
            if not changed and len(kept) == len(old.runs):
                return tuple(kept.values())
        cache.save(experiment.experiment_id, new)
        return tuple(new.runs.values())

    def _changed(self, experiment: Experiment, old: CachedRuns, deleted: frozenset[str]) -> dict[str, StoredRun]:
        """Runs that ended since, or have not ended yet, and those that had not ended the last time."""
        last_end = max((run.ended for run in old.runs.values() if run.ended), default=_EPOCH) - _CLOCK_MARGIN
        since = int(last_end.timestamp() * 1000)
        is_open = " and ".join(f"attributes.status != '{state}'" for state in _END_STATES)
        conditions = [f"attributes.end_time >= {since}", is_open]
        found = {run.run_id: run for condition in conditions for run in self._read(experiment, condition)}
        open_before = {run_id for run_id, run in old.runs.items() if run.status not in _END_STATES}
        for run_id in open_before - found.keys() - deleted:
            found[run_id] = stored_run_of(self._client.get_run(run_id), experiment.name)
        return {run_id: run for run_id, run in found.items() if old.runs.get(run_id) != run}

    def _read(self, experiment: Experiment, condition: str = "") -> list[StoredRun]:
        return [
            stored_run_of(run, experiment.name)
            for run in self._pages(experiment.experiment_id, condition)
            if Tag.KIND.value in run.data.tags
        ]

    def _read_all(self, experiment: Experiment) -> dict[str, StoredRun]:
        """All runs; from a server in two halves side by side, since it needs longer for a page than we do."""
        if not is_server(self._uri):
            return oldest_first(self._read(experiment))
        found: dict[str, StoredRun] = {}
        with ThreadPoolExecutor(len(_BOTH_ENDS)) as pool:
            ends = [pool.submit(self._read_until_met, experiment, order, found) for order in _BOTH_ENDS]
        for end in ends:
            end.result()
        return oldest_first([*found.values()])

    def _read_until_met(self, experiment: Experiment, order: Sequence[str], found: dict[str, StoredRun]) -> None:
        """Adds runs from one end on, until it meets a run that came from the other end."""
        own: set[str] = set()
        for run in self._pages(experiment.experiment_id, order=order):
            run_id = run.info.run_id
            if run_id in found and run_id not in own:
                return
            own.add(run_id)
            if Tag.KIND.value in run.data.tags:
                found[run_id] = stored_run_of(run, experiment.name)

    def _pages(
        self,
        experiment_id: str,
        condition: str = "",
        view: int = ViewType.ACTIVE_ONLY,
        order: Sequence[str] = _OLDEST_FIRST,
    ) -> Iterator[Run]:
        token: str | None = None
        while True:
            with paused_collection():
                page = self._client.search_runs(
                    [experiment_id], condition, view, self._page_size, list(order), page_token=token
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
    return MlflowReader(home.tracking_uri, cache=home.root / "cache")

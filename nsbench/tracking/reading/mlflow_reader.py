"""Reads runs back from an MLflow store, over sqlite or an HTTP server alike."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import final
from urllib.parse import urlsplit

from nsbench.errors import TrackingError, UnreachableRanks
from nsbench.evaluation.rank_table import RankTable
from nsbench.suggestion import did_you_mean
from nsbench.terms import RunKind, Tag
from nsbench.tracking.rank_file import RANKS_FILE, read_ranks
from nsbench.tracking.reading.ended_run_cache import EndedRunCache
from nsbench.tracking.reading.run_cache import RunCache
from nsbench.tracking.reading.run_pages import RunPages
from nsbench.tracking.reading.run_refresh import RunRefresh, by_experiment, run_is_one_of, tag_is
from nsbench.tracking.reading.run_store import LOCAL_SCHEMES, Experiments, RunQuery, RunStore
from nsbench.tracking.store_uri import is_server, sqlite_file, without_password
from nsbench.tracking.stored_run import MetricPoint, StoredRun

_OWN_FOLDERS = (*LOCAL_SCHEMES, "mlflow-artifacts")
"""Places where one run's folder says nothing on another's."""

PAGE_SIZE = 250
"""Runs fetched in one call, unless told otherwise."""


@final
class MlflowReader:
    """Reads the MLflow store at `uri`, and never creates one.

    Args:
        uri: The store, as `nsbench.files.home.Home.tracking_uri` names it.
        page_size: Runs fetched in one call.
        cache: Folder for what was read before; None: everything is read each time.

    Raises:
        TrackingError: The store can't be reached, or there is none yet.
    """

    def __init__(self, uri: str, page_size: int = PAGE_SIZE, cache: Path | None = None) -> None:
        file = sqlite_file(uri)
        if file is not None and not (file.exists() and file.stat().st_size):
            raise TrackingError(
                f"nothing is recorded yet: there is no MLflow store at {file}; train something first "
                f"(`nsbench train`, `nsbench tune`), or point MLFLOW_TRACKING_URI or NSBENCH_HOME to where runs are"
            )
        self._uri = uri
        self._store = _open_store(uri)
        self._pages = RunPages(self._store, page_size)
        self._refresh = None if cache is None else RunRefresh(self._pages, RunCache(cache, uri))
        self._ended_cache = None if cache is None else EndedRunCache(cache, uri)
        self._ended: set[str] = set()
        self._artifact_uris: dict[str, str] = {}
        self._unreachable: dict[str, str] = {}

    @property
    def location(self) -> str:
        """The store, as it may be shown."""
        return without_password(self._uri)

    def datasets(self) -> tuple[str, ...]:
        """The datasets that have been recorded, in alphabetical order."""
        return tuple(sorted(self._store.experiments().values()))

    def runs(
        self, dataset: str, kinds: Sequence[RunKind] = (), sampler: str | None = None, study: str | None = None
    ) -> tuple[StoredRun, ...]:
        """The runs of a dataset, oldest first; see `RunReader`.

        Raises:
            TrackingError: The store has no such dataset, or can't be read.
        """
        experiments = self._experiments([dataset])
        wanted = {Tag.SAMPLER: sampler, Tag.STUDY: study, Tag.KIND: kinds[0] if len(kinds) == 1 else None}
        conditions = [tag_is(tag, value) for tag, value in wanted.items() if value]
        found = self._pages.many(RunQuery(experiments, " and ".join(conditions)))
        self._note(found)
        return tuple(run for run in found if not kinds or run.kind in kinds)

    def all_runs(self, datasets: Sequence[str]) -> Mapping[str, tuple[StoredRun, ...]]:
        """All runs of some datasets; of those that were read before, only what changed is read. See `RunReader`.

        Raises:
            TrackingError: The store lacks one of the datasets, or can't be read.
        """
        experiments = self._experiments(datasets)
        if self._refresh is not None:
            runs = self._refresh.runs(experiments)
        else:
            runs = by_experiment(experiments, self._pages.many(RunQuery(experiments)))
        for own in runs.values():
            self._note(own.values())
        return {name: tuple(runs[key].values()) for key, name in experiments.items()}

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """A metric of some runs at every validation, by epoch; see `RunReader`.

        The final value that `MlflowRunHandle.finish` adds at the last epoch's step is left out.

        Raises:
            TrackingError: The store can't be read.
        """
        found = dict(self._ended_cache.histories(run_ids, name)) if self._ended_cache else {}
        missing = [run_id for run_id in run_ids if run_id not in found]
        if missing:
            read = self._store.histories(missing, name)
            found.update(read)
            if self._ended_cache is not None:
                self._ended_cache.keep_histories({key: read[key] for key in read if key in self._ended}, name)
        return found

    def ranks(self, run_id: str) -> RankTable:
        """The test ranks of a run; see `RunReader`.

        Raises:
            DamagedRanks: The file holds no ranks.
            UnreachableRanks: The place where they lie can't be read.
            TrackingError: The run has none.
        """
        kept = self._ended_cache.ranks(run_id) if self._ended_cache else None
        if kept is not None:
            with suppress(TrackingError):  # Another version's copy is fetched anew.
                return read_ranks(kept)
        with TemporaryDirectory() as folder:
            path = self._fetched(self._artifact_uri(run_id), Path(folder))
            if path is None:
                raise TrackingError(
                    f"run {run_id} has no {RANKS_FILE} in {self.location}: it did not rank the test interactions, or "
                    f"its artifacts were moved or deleted"
                )
            ranks = read_ranks(path)
            if self._ended_cache is not None and run_id in self._ended:
                self._ended_cache.keep_ranks(run_id, path)
            return ranks

    def _fetched(self, artifact_uri: str, folder: Path) -> Path | None:
        """A run's file of ranks; a place that could not be read once is not tried again, which may take minutes per run."""
        parts = urlsplit(artifact_uri)
        place = f"{parts.scheme}://{parts.netloc}"
        if place in self._unreachable:
            raise UnreachableRanks(self._unreachable[place])
        try:
            return self._store.fetch(artifact_uri, RANKS_FILE, folder)
        except UnreachableRanks as error:
            if parts.scheme not in _OWN_FOLDERS:
                self._unreachable[place] = str(error)
            raise

    def _artifact_uri(self, run_id: str) -> str:
        if run_id not in self._artifact_uris:
            self._note(self._pages.few(RunQuery(self._store.experiments(), run_is_one_of([run_id]))))
        if run_id not in self._artifact_uris:
            raise TrackingError(f"there is no run {run_id} in {self.location}; it may have been deleted")
        return self._artifact_uris[run_id]

    def _note(self, runs: Iterable[StoredRun]) -> None:
        for run in runs:
            self._artifact_uris[run.run_id] = run.artifact_uri
            if run.ended is not None:
                self._ended.add(run.run_id)

    def _experiments(self, datasets: Sequence[str]) -> Experiments:
        known = {name: key for key, name in self._store.experiments().items()}
        for dataset in datasets:
            if dataset not in known:
                raise TrackingError(
                    f"no runs of a dataset {dataset!r}{did_you_mean(dataset, known)} in {self.location}; "
                    f"recorded datasets: {', '.join(sorted(known)) or 'none'}"
                )
        return {known[dataset]: dataset for dataset in datasets}


def _open_store(uri: str) -> RunStore:
    if is_server(uri):
        from nsbench.tracking.reading.server_store import ServerStore

        return ServerStore(uri)
    from nsbench.tracking.reading.database_store import DatabaseStore

    return DatabaseStore(uri)

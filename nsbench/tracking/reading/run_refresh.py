"""Reads the runs of some experiments, of which only those that may have changed since the last time.

What ended since, what has not ended, and what had not ended the last time is read anew. Everything else that can happen
to a run (it is deleted, brought back, or gets another label by hand) changes how many runs there are of some method, or of
some preparation and protocol; so for each of these the store is asked whether there are as many as we hold, which costs
it as much as giving one run. Experiments where there are not are read anew.

What this can't see: other tags, metrics or parameters that somebody edits on a run that has ended, and two runs that
swap their tags. So a cache is used for a day at most.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import final

from nsbench.errors import TrackingError
from nsbench.terms import Tag
from nsbench.tracking.reading.run_cache import CachedRuns, RunCache, oldest_first
from nsbench.tracking.reading.run_pages import RunPages
from nsbench.tracking.reading.run_store import Experiments, RunQuery
from nsbench.tracking.stored_run import StoredRun

COUNTED_TAGS = (
    (Tag.KIND, Tag.SAMPLER, Tag.LABEL),
    (Tag.KIND, Tag.PROTOCOL, Tag.DATASET_HASH, Tag.VERSION),
)
"""Tags whose values, together, decide in which row of which table a run counts."""

_END_STATES = ("FINISHED", "FAILED", "KILLED")
_EPOCH = datetime(1970, 1, 2, tzinfo=UTC)
_CLOCK_MARGIN = timedelta(seconds=10)
"""How far the clocks of machines that train may differ: a run's end is told by its own machine."""

_IDS_A_QUERY = 100

Runs = Mapping[str, StoredRun]
"""Runs by id."""


@final
class RunRefresh:
    """Reads from a store, and keeps what it read in a cache.

    Args:
        pages: The store.
        cache: What was read before.
    """

    def __init__(self, pages: RunPages, cache: RunCache) -> None:
        self._pages = pages
        self._cache = cache

    def runs(self, experiments: Experiments) -> dict[str, Runs]:
        """The runs of each experiment, by its id, oldest first.

        Raises:
            TrackingError: The store can't be read.
        """
        cached = {key: self._cache.load(key) for key in experiments}
        old = {key: held for key, held in cached.items() if held is not None and held.is_fresh}
        now = self._caught_up(_only(experiments, old), {key: held.runs for key, held in old.items()})
        for key, runs in now.items():
            if runs != old[key].runs:
                self._cache.save(key, CachedRuns(old[key].read_whole, runs))
        missing = {key: name for key, name in experiments.items() if key not in now}
        whole = self._read_whole(missing)
        return {key: now[key] if key in now else whole[key] for key in experiments}

    def _read_whole(self, experiments: Experiments) -> dict[str, Runs]:
        if not experiments:
            return {}
        began = datetime.now(UTC)
        whole = by_experiment(experiments, self._pages.many(RunQuery(experiments)))
        for key, runs in whole.items():
            self._cache.save(key, CachedRuns(began, runs))
        return whole

    def _caught_up(self, experiments: Experiments, old: Mapping[str, Runs]) -> dict[str, Runs]:
        """Those of the experiments of which the changes could be found."""
        if not experiments:
            return {}
        held = {run_id: run for runs in old.values() for run_id, run in runs.items()}
        held = self._with_changes(experiments, held)
        now = by_experiment(experiments, held.values())
        if self._has_all(experiments, held.values()):
            return now
        found = {}
        for key, name in experiments.items():
            own = {key: name}
            runs = now[key] if self._has_all(own, now[key].values()) else self._without_deleted(own, now[key])
            if runs is now[key] or self._has_all(own, runs.values()):
                found[key] = runs
        return found

    def _with_changes(self, experiments: Experiments, held: Runs) -> dict[str, StoredRun]:
        """With runs that ended since, that have not ended yet, and that had not ended the last time."""
        # The end that a wrong clock puts into the future would hide all that end until then.
        now = datetime.now(UTC)
        ends = (run.ended for run in held.values() if run.ended is not None and run.ended <= now)
        last_end = max(ends, default=_EPOCH) - _CLOCK_MARGIN
        is_open = " and ".join(f"attributes.status != '{state}'" for state in _END_STATES)
        changed = self._read(
            experiments, [f"attributes.end_time >= {max(0, int(last_end.timestamp() * 1000))}", is_open]
        )
        lost = [run_id for run_id, run in held.items() if run.status not in _END_STATES and run_id not in changed]
        changed |= self._read(experiments, [run_is_one_of(ids) for ids in _batches(lost)])
        return {run_id: run for run_id, run in held.items() if run_id not in lost} | changed

    def _without_deleted(self, experiments: Experiments, held: Runs) -> dict[str, StoredRun]:
        deleted = {run.run_id for run in self._pages.few(RunQuery(experiments, is_deleted=True))}
        return {run_id: run for run_id, run in held.items() if run_id not in deleted}

    def _has_all(self, experiments: Experiments, held: Iterable[StoredRun]) -> bool:
        """Whether the store holds as many runs of every kind, sampler and so on as we do."""
        counts = Counter(
            _tagged(run, tags) for run in held for tags in COUNTED_TAGS if all(tag in run.tags for tag in tags)
        )

        def agrees(condition: str) -> bool:
            return self._pages.has_exactly(RunQuery(experiments, condition), counts[condition])

        try:
            with ThreadPoolExecutor(self._pages.store.n_threads) as pool:
                return all(pool.map(agrees, counts))
        except TrackingError:  # A server whose pages can't be asked for by number: nothing can be said.
            return False

    def _read(self, experiments: Experiments, conditions: Sequence[str]) -> dict[str, StoredRun]:
        found = [self._pages.few(RunQuery(experiments, condition)) for condition in conditions]
        return {run.run_id: run for runs in found for run in runs}


def by_experiment(experiments: Experiments, runs: Iterable[StoredRun]) -> dict[str, Runs]:
    """Runs by their experiments, those without any too; oldest first."""
    groups: dict[str, list[StoredRun]] = {key: [] for key in experiments}
    for run in runs:
        groups[run.experiment_id].append(run)
    return {key: oldest_first(group) for key, group in groups.items()}


def _only(experiments: Experiments, keys: Iterable[str]) -> Experiments:
    return {key: experiments[key] for key in keys}


def tag_is(tag: Tag, value: str) -> str:
    """The condition that a tag has a value, in MLflow's filter language."""
    return f"tags.`{tag}` = {_quoted(value)}"


def run_is_one_of(run_ids: Sequence[str]) -> str:
    """The condition that a run has one of these ids."""
    return f"attributes.run_id IN ({', '.join(_quoted(run_id) for run_id in run_ids)})"


def _tagged(run: StoredRun, tags: Sequence[Tag]) -> str:
    """The condition that holds for a run and all that have the same values of these tags."""
    return " and ".join(tag_is(tag, run.tags[tag]) for tag in tags)


def _quoted(value: str) -> str:
    """A text in MLflow's filter language, which knows no way to write both kinds of quotes in one."""
    return f'"{value}"' if "'" in value else f"'{value}'"


def _batches(run_ids: Sequence[str]) -> list[Sequence[str]]:
    return [run_ids[start : start + _IDS_A_QUERY] for start in range(0, len(run_ids), _IDS_A_QUERY)]

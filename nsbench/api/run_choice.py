"""A store seen through a choice of its runs: comparisons of just those."""

from collections.abc import Mapping, Sequence
from typing import final

from nsbench.errors import SettingsError
from nsbench.evaluation.rank_table import RankTable
from nsbench.report.selection import COMPARED_KINDS
from nsbench.terms import RunKind
from nsbench.tracking.stored_run import MetricPoint, RunReader, StoredRun


@final
class ChosenRuns:
    """A reader to which only some repeats and baselines exist; runs of other kinds, such as trials, are as in the store.

    Args:
        reader: Reads the store.
        chosen: The repeats and baselines that count.

    Raises:
        SettingsError: They are of one method with different settings, of which a comparison shows one.
    """

    def __init__(self, reader: RunReader, chosen: Sequence[StoredRun]) -> None:
        self._reader = reader
        self._ids = {run.run_id for run in chosen}
        settings: dict[tuple[str, str], tuple[str, str]] = {}
        for run in chosen:
            own = run.fingerprint, run.protocol
            if settings.setdefault((run.dataset, run.sampler), own) != own:
                raise SettingsError(
                    f"{run.sampler} on {run.dataset} is given twice, with different settings or under different protocols; a "
                    "comparison has one row per method: compare one at a time, or read both from results()"
                )

    @property
    def location(self) -> str:
        """The store, as it may be shown."""
        return self._reader.location

    def datasets(self) -> tuple[str, ...]:
        """The datasets of the store."""
        return self._reader.datasets()

    def runs(
        self, dataset: str, kinds: Sequence[RunKind] = (), sampler: str | None = None, study: str | None = None
    ) -> tuple[StoredRun, ...]:
        """The runs of a dataset that count; see `RunReader`."""
        return self._counted(self._reader.runs(dataset, kinds, sampler, study))

    def all_runs(self, datasets: Sequence[str]) -> Mapping[str, tuple[StoredRun, ...]]:
        """All runs of some datasets that count; see `RunReader`."""
        return {name: self._counted(runs) for name, runs in self._reader.all_runs(datasets).items()}

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """A metric of some runs at every validation; see `RunReader`."""
        return self._reader.histories(run_ids, name)

    def ranks(self, run_id: str) -> RankTable:
        """The test ranks of a run; see `RunReader`."""
        return self._reader.ranks(run_id)

    def _counted(self, runs: Sequence[StoredRun]) -> tuple[StoredRun, ...]:
        return tuple(run for run in runs if run.kind not in COMPARED_KINDS or run.run_id in self._ids)

"""A reader of runs that were made up, with ranks and validations where a test gives some."""

from collections.abc import Mapping, Sequence

import numpy as np

from nsbench.errors import TrackingError
from nsbench.evaluation.metrics.of_ranks import metrics_of
from nsbench.evaluation.rank_table import RankTable
from nsbench.tracking.stored_run import MetricPoint, StoredRun
from tests.report.stored_run_builder import stored


class MadeReader:
    """Answers as a store would."""

    location = "made up"

    def __init__(
        self,
        runs: Sequence[StoredRun],
        ranks: Mapping[str, RankTable] | None = None,
        histories: Mapping[str, Sequence[float]] | None = None,
    ) -> None:
        self._runs = tuple(runs)
        self._ranks = ranks or {}
        self._histories = histories or {}

    def datasets(self):
        return ("demo",)

    def runs(self, dataset, kinds=(), sampler=None, study=None):
        return self._runs

    def all_runs(self, datasets):
        return {dataset: self._runs for dataset in datasets}

    def histories(self, run_ids, name):
        return {
            run_id: tuple(
                MetricPoint(epoch, value) for epoch, value in enumerate(self._histories.get(run_id, ()), start=1)
            )
            for run_id in run_ids
        }

    def ranks(self, run_id):
        if run_id not in self._ranks:
            raise TrackingError(f"run {run_id} has no ranks")
        return self._ranks[run_id]


def rank_table(
    hits: Sequence[bool], cohorts: Sequence[int] | None = None, users: Sequence[int] | None = None
) -> RankTable:
    """Rank 1 where there is a hit, else 100; all head and each of another user, unless told otherwise."""
    n_targets = len(hits)
    return RankTable(
        users=np.array(range(n_targets) if users is None else users, dtype=np.int64),
        items=np.arange(1, n_targets + 1, dtype=np.int32),
        cohorts=np.array([0] * n_targets if cohorts is None else cohorts, dtype=np.int8),
        ranks=np.where(hits, 1.0, 100.0),
        n_tied=np.ones(n_targets, dtype=np.int32),
    )


def ranked(sampler: str, seed: int, ranks: RankTable, **fields) -> tuple[StoredRun, RankTable]:
    """A finished run with the metrics that its ranks give."""
    return stored(sampler, seed, metrics_of(ranks, "test", [10]), **fields), ranks


def reader_of(*runs: tuple[StoredRun, RankTable | None]) -> MadeReader:
    return MadeReader([run for run, _ in runs], {run.run_id: ranks for run, ranks in runs if ranks is not None})

"""Recorded runs that never were in a store."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from nsbench.evaluation.rank_table import RankTable
from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import MetricPoint, RunStatus, StoredRun

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def stored(
    number: int,
    kind: RunKind = RunKind.TRIAL,
    status: RunStatus = "FINISHED",
    metrics: Mapping[str, float] | None = None,
    **params: str,
) -> StoredRun:
    """A run of the study small/random/mine, that began `number` minutes after the first one and took half a minute."""
    return StoredRun(
        run_id=f"run-{number}",
        name=f"run {number}",
        status=status,
        kind=kind,
        dataset="small",
        dataset_hash="",
        sampler="random",
        label="random",
        started=BEGAN + timedelta(minutes=number),
        ended=BEGAN + timedelta(minutes=number, seconds=30),
        study="small/random/mine",
        params={"max_epochs": "10", "patience": "2", "validate_every": "2", **params},
        metrics=metrics or {},
        tags={Tag.END_REASON: "pruned: not among the best"} if status == "KILLED" else {},
    )


def cost(epochs: float, train_s: float, evaluate_s: float = 0) -> dict[str, float]:
    """The cost metrics of a finished run."""
    return {"cost/n_epochs": epochs, "cost/train_s": train_s, "cost/evaluate_s": evaluate_s}


class ListReader:
    """Reads runs from a list; looks of any run were at epochs 2 and 4."""

    location = "a list"

    def __init__(self, *runs: StoredRun) -> None:
        self._runs = runs

    def datasets(self) -> tuple[str, ...]:
        return ("small",)

    def runs(
        self, dataset: str, kinds: Sequence[RunKind] = (), sampler: str | None = None, study: str | None = None
    ) -> tuple[StoredRun, ...]:
        return tuple(run for run in self._runs if run.kind in kinds)

    def all_runs(self, datasets: Sequence[str]) -> Mapping[str, tuple[StoredRun, ...]]:
        return {"small": self._runs}

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        return {run_id: (MetricPoint(2, 0.5), MetricPoint(4, 0.4)) for run_id in run_ids}

    def ranks(self, run_id: str) -> RankTable:
        raise NotImplementedError

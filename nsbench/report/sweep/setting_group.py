"""Runs that are alike in every setting but a few: a difference between them is these settings' doing.

Their names don't matter: a repeat with `--set n_negatives=10` and one of `random+n_negatives=10` are the same training.
"""

import math
from collections.abc import Collection, Hashable, Iterable

from nsbench.report.selection import CUTOFF, Selection, version_of
from nsbench.report.summary import Estimate
from nsbench.terms import CUT_OFF, RunKind, metric_name
from nsbench.tracking.stored_run import StoredRun

SPLITS = {RunKind.REPEAT: "test", RunKind.TRIAL: "valid"}
"""What tells how good a run of a kind is: trials never rank the test interactions."""

_BUDGET = "max_epochs"
"""Runs that stopped early would have been the same with another one."""


def comparable_runs(runs: Iterable[StoredRun], selection: Selection, kind: RunKind) -> list[StoredRun]:
    """The finished runs of a kind on the compared preparation of a dataset, under the compared protocol, oldest first."""
    found = [
        run
        for run in runs
        if run.kind is kind
        and run.status == "FINISHED"
        and (run.dataset_hash, run.protocol) == (selection.dataset_hash, selection.protocol)
        and run.params
        and not math.isnan(accuracy(run, "hit_rate"))
    ]
    return sorted(found, key=lambda run: run.started)


def other_settings(run: StoredRun, but: Collection[str]) -> Hashable:
    """All of a run's settings but some, and the version of nsbench: equal for runs that differ in those alone."""
    kept = ((name, value) for name, value in run.params.items() if name not in but and name != _BUDGET)
    return version_of(run), frozenset(kept)


def once_per_seed(runs: Iterable[StoredRun]) -> tuple[StoredRun, ...]:
    """Of runs that are repeats of each other, the last of each seed."""
    return tuple({run.seed: run for run in runs}.values())


def accuracy(run: StoredRun, metric: str, group: str = "all") -> float:
    """A metric at the report's cut-off, of the split that tells how good runs of that kind are; NaN where undefined."""
    return run.metric(metric_name(SPLITS[run.kind], group, metric, CUTOFF))


def estimate_of(runs: Collection[StoredRun], metric: str, group: str = "all") -> Estimate:
    """That metric over repeats."""
    values = [accuracy(run, metric, group) for run in runs]
    return Estimate(tuple(value for value in values if not math.isnan(value)), len(values))


def n_cut_off(runs: Iterable[StoredRun]) -> int:
    """How many ended at their last epoch while they might still have improved."""
    return sum(run.metric(CUT_OFF) == 1 for run in runs)

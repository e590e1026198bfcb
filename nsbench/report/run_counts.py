"""How many runs were asked for and what became of them, so that no failure hides behind an average."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from nsbench.report.selection import COMPARED_KINDS
from nsbench.terms import DERIVED_KINDS, RunKind, Tag
from nsbench.tracking.reading.run_parts import whole_number
from nsbench.tracking.stored_run import StoredRun


@dataclass(frozen=True)
class RunCount:
    """What became of a method's runs of one kind.

    Attributes:
        label: What tables call the method.
        kind: The kind of the runs.
        n_planned: Runs that were asked for; None where that was not recorded.
        n_finished: Ended with a result.
        n_pruned: Ended by a study's pruner, on purpose.
        n_failed: Ended by an error.
        n_killed: Ended from outside, such as by Ctrl-C.
        n_running: Still running, or their process was killed before it could record its end.
        n_dropped: Finished ones that no table averages; the selection lists the reasons.
    """

    label: str
    kind: RunKind
    n_planned: int | None
    n_finished: int
    n_pruned: int
    n_failed: int
    n_killed: int
    n_running: int
    n_dropped: int = 0

    @property
    def n_missing(self) -> int:
        """Runs that were asked for and did not end with a result, whatever became of them; 0 where no plan was recorded."""
        return max(0, (self.n_planned or 0) - self.n_finished - self.n_pruned)


def count_runs(runs: Sequence[StoredRun], kept: Collection[str] | None = None) -> tuple[RunCount, ...]:
    """Counts runs by method and kind, in the order in which they were first started; runs that summarise others don't count.

    Args:
        runs: All runs of a dataset.
        kept: Ids of the runs that tables average; None: of all.
    """
    groups: dict[tuple[str, RunKind], list[StoredRun]] = {}
    for run in sorted(runs, key=lambda run: run.started):
        if run.kind not in DERIVED_KINDS:
            groups.setdefault((run.label, run.kind), []).append(run)
    studies = [run for run in runs if run.kind is RunKind.STUDY]
    return tuple(_count(group, studies, kept) for group in groups.values())


def _count(runs: Sequence[StoredRun], studies: Sequence[StoredRun], kept: Collection[str] | None) -> RunCount:
    label, kind = runs[0].label, runs[0].kind
    n_pruned = sum(run.is_pruned for run in runs)
    others = [run.status for run in runs if not run.is_pruned]
    return RunCount(
        label=label,
        kind=kind,
        n_planned=_planned(runs, studies),
        n_finished=others.count("FINISHED"),
        n_pruned=n_pruned,
        n_failed=others.count("FAILED"),
        n_killed=others.count("KILLED"),
        n_running=others.count("RUNNING") + others.count("SCHEDULED"),
        n_dropped=_dropped(runs, kept) if kind in COMPARED_KINDS else 0,
    )


def _dropped(runs: Sequence[StoredRun], kept: Collection[str] | None) -> int:
    return 0 if kept is None else sum(run.status == "FINISHED" and run.run_id not in kept for run in runs)


def _planned(runs: Sequence[StoredRun], studies: Sequence[StoredRun]) -> int | None:
    """The sum of all plans, trials by study and other runs by settings; None where one of the plans was not recorded.

    Each plan is the largest that any of its runs recorded: a plan only grows when a command is given again.
    """
    asked: dict[object, list[StoredRun]] = {}
    for run in runs:
        key = run.study if run.kind is RunKind.TRIAL else (run.dataset_hash, run.protocol, run.fingerprint)
        asked.setdefault(key, []).append(run)
    plans = [
        largest_plan([*group, *(study for study in studies if study.study == key)]) for key, group in asked.items()
    ]
    return None if None in plans else sum(plan for plan in plans if plan is not None)


def largest_plan(runs: Sequence[StoredRun]) -> int | None:
    """The largest number of planned runs that any of some runs recorded; None where none did."""
    plans = [whole_number(run.tags.get(Tag.N_PLANNED, "")) for run in runs]
    return max((plan for plan in plans if plan is not None and plan >= 0), default=None)

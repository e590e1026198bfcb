"""How many runs were asked for and what became of them, so that no failure hides behind an average."""

from collections.abc import Sequence
from dataclasses import dataclass

from nsbench.terms import RunKind, Tag
from nsbench.tracking.stored_run import StoredRun


@dataclass(frozen=True)
class RunCount:
    """What became of a method's runs of one kind.

    Attributes:
        label: What tables call the method.
        kind: The kind of the runs.
        n_planned: Runs that were asked for; None where nothing says so.
        n_finished: Ended with a result.
        n_pruned: Ended by a study's pruner, on purpose.
        n_failed: Ended by an error.
        n_killed: Ended from outside, such as by Ctrl-C.
        n_running: Still running, or their process was killed without a word.
    """

    label: str
    kind: RunKind
    n_planned: int | None
    n_finished: int
    n_pruned: int
    n_failed: int
    n_killed: int
    n_running: int


def count_runs(runs: Sequence[StoredRun]) -> tuple[RunCount, ...]:
    """Counts runs by method and kind, in the order in which they were first started; studies' own runs don't count."""
    groups: dict[tuple[str, RunKind], list[StoredRun]] = {}
    for run in sorted(runs, key=lambda run: run.started):
        if run.kind is not RunKind.STUDY:
            groups.setdefault((run.label, run.kind), []).append(run)
    studies = [run for run in runs if run.kind is RunKind.STUDY]
    return tuple(_count(label, kind, group, studies) for (label, kind), group in groups.items())


def _count(label: str, kind: RunKind, runs: Sequence[StoredRun], studies: Sequence[StoredRun]) -> RunCount:
    n_pruned = sum(run.is_pruned for run in runs)
    others = [run.status for run in runs if not run.is_pruned]
    own_studies = {run.study for run in runs if kind is RunKind.TRIAL}
    return RunCount(
        label=label,
        kind=kind,
        n_planned=_planned([*runs, *(study for study in studies if study.study in own_studies)]),
        n_finished=others.count("FINISHED"),
        n_pruned=n_pruned,
        n_failed=others.count("FAILED"),
        n_killed=others.count("KILLED"),
        n_running=others.count("RUNNING") + others.count("SCHEDULED"),
    )


def _planned(runs: Sequence[StoredRun]) -> int | None:
    """The largest plan that any of the runs knows of: a plan only grows when a command is given again."""
    plans = [int(text) for run in runs if (text := run.tags.get(Tag.N_PLANNED, "")).isdigit()]
    return max(plans, default=None)

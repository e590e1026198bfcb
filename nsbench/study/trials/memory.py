"""Trials that ran out of memory, and those that would do so again.

What a step takes grows with the users in it times the negatives of each, so a point with as many of those as one that
failed for memory is not trained. It is pruned rather than failed: a search learns from pruned points to look elsewhere, and
not from failed ones.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import final

from optuna.trial import FrozenTrial

from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.study.search.plan import StudyPlan
from nsbench.study.trials.trial_state import END_REASON, status_of

OUT_OF_MEMORY = "out of memory"
"""What the reason of a trial says that needed more memory than there is; `nsbench.runs.outcome` words it so too."""

_CGROUPS = Path("/sys/fs/cgroup")
_MACHINE = Path("/proc/vmstat")


def load_of(settings: Settings) -> int:
    """Users in a step times negatives proposed for each."""
    return settings.training.batch_size * settings.sampler.n_proposed


def refusal(settings: Settings, trials: Sequence[FrozenTrial], plan: StudyPlan) -> str:
    """Why a point is not to be trained; empty where nothing speaks against it.

    Args:
        settings: The point's.
        trials: All trials of the study.
        plan: What the study is of.
    """
    smallest = min(((load, trial.number) for trial in trials if (load := _failed_load(trial, plan))), default=None)
    if smallest is None or load_of(settings) < smallest[0]:
        return ""
    load, number = smallest
    return (
        f"{OUT_OF_MEMORY} is to be expected: trial {number} failed for it with batch_size x negatives = {load:,}, and this one "
        f"has {load_of(settings):,}"
    )


def _failed_load(trial: FrozenTrial, plan: StudyPlan) -> int | None:
    """The load of a trial that failed for memory; None for any other trial."""
    # Where the kernel killed the worker, the trial is lost and its point tried again, until it is given up.
    if status_of(trial) != "failed" or OUT_OF_MEMORY not in trial.user_attrs.get(END_REASON, ""):
        return None
    try:
        return load_of(plan.settings(trial.params))
    except SettingsError:
        return None


@final
class KernelKills:
    """Returns whether the kernel has killed a process for memory since it was asked last.

    A process that was killed for memory and one that somebody killed look alike: only the kernel's count tells them apart.
    Where it can't be read, nothing is said to be killed for memory.
    """

    def __init__(self) -> None:
        self._known = _n_kills()

    def has_grown(self) -> bool:
        """Whether there has been another one."""
        before, self._known = self._known, _n_kills()
        return self._known > before


def _n_kills() -> int:
    """How often the kernel has killed for memory: in this process's control group, or on this machine."""
    for path in (*_own_events(), _MACHINE):
        try:
            fields = dict(line.split() for line in path.read_text().splitlines())
        except (OSError, ValueError):
            continue
        if "oom_kill" in fields:
            return int(fields["oom_kill"])
    return 0


def _own_events() -> Sequence[Path]:
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return ()
    paths = [line.removeprefix("0::").lstrip("/") for line in lines if line.startswith("0::")]
    return [_CGROUPS / path / "memory.events" for path in paths]

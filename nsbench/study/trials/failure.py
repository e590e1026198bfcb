"""When so much has failed that going on is no use."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from optuna.trial import FrozenTrial

from nsbench.errors import TrainingError
from nsbench.study.trials.trial_state import END_REASON, GROUP, status_of

_MOST_FAILURES_IN_A_ROW = 3
_MOST_FAILED_SHARE = 0.2


@dataclass
class Failures:
    """Counts failed trials since the command began, so that a study that can't work ends soon."""

    n_planned: int
    n_failed: int = 0
    in_a_row: int = 0
    last_reason: str = ""

    def success(self) -> None:
        """A trial has finished."""
        self.in_a_row = 0

    def failure(self, reason: str) -> None:
        """A trial has failed."""
        self.n_failed += 1
        self.in_a_row += 1
        self.last_reason = reason

    @property
    def are_too_many(self) -> bool:
        """Whether there are 3 in a row, or more than a fifth of the plan (and more than 3) have failed."""
        most = max(_MOST_FAILURES_IN_A_ROW, math.floor(_MOST_FAILED_SHARE * self.n_planned))
        return self.in_a_row >= _MOST_FAILURES_IN_A_ROW or self.n_failed > most

    def check(self, title: str) -> None:
        """Gives up when there are too many.

        Raises:
            TrainingError: Too much has failed.
        """
        if self.are_too_many:
            raise TrainingError(
                f"{title}: {self.n_failed} runs failed ({self.in_a_row} in a row), so it was given up; the last reason: "
                f"{self.last_reason}; what has finished is kept, and the same command goes on"
            )


def failures_among(trials: Sequence[FrozenTrial], first: int, n_planned: int) -> Failures:
    """The failures of a study since a command began, by whatever process: several on one study count together.

    Trials that were lost or interrupted say nothing against their settings and don't count. Trials that are trained side by
    side are one in a row of failures, and only when all have failed; those that ended for one reason count once.

    Args:
        trials: All trials, by number.
        first: The number of the first trial that counts: as many as there were when the command began.
        n_planned: Finished trials wanted in the end.
    """
    found = Failures(n_planned)
    for unit in _units(trials[first:]):
        statuses = {status_of(trial) for trial in unit}
        failed = [trial for trial in unit if status_of(trial) == "failed"]
        reasons = dict.fromkeys(trial.user_attrs.get(END_REASON, "unknown") for trial in failed)
        in_a_row = found.in_a_row
        for reason in reasons:
            found.failure(reason)
        if statuses & {"complete", "pruned"}:
            found.success()
        elif reasons:
            found.in_a_row = in_a_row + (not statuses & {"running", "waiting"})
    return found


def _units(trials: Sequence[FrozenTrial]) -> list[list[FrozenTrial]]:
    """The trials by what is trained at once, in order of the first ones."""
    units: dict[object, list[FrozenTrial]] = {}
    for trial in trials:
        group = trial.user_attrs.get(GROUP)
        units.setdefault(("alone", trial.number) if group is None else group, []).append(trial)
    return list(units.values())

"""When so much has failed that going on is no use."""

import math
from dataclasses import dataclass

from nsbench.errors import TrainingError

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

    def check(self, title: str) -> None:
        """Gives up after 3 failures in a row, or when more than a fifth of the plan (and more than 3) have failed.

        Raises:
            TrainingError: Too much has failed.
        """
        most = max(_MOST_FAILURES_IN_A_ROW, math.floor(_MOST_FAILED_SHARE * self.n_planned))
        if self.in_a_row >= _MOST_FAILURES_IN_A_ROW or self.n_failed > most:
            raise TrainingError(
                f"{title}: {self.n_failed} runs failed ({self.in_a_row} in a row), so it was given up; the last reason: "
                f"{self.last_reason}; what has finished is kept, and the same command goes on"
            )

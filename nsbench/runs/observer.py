"""What happens to a run from its start to its end, as one event that every observer receives.

A progress bar, a study that prunes, and a test are observers alike. The loop makes most of the events itself, so they are
defined where it can see them, in `nsbench.training.event`.
"""

from dataclasses import dataclass
from typing import Protocol

from nsbench.training.event import Ended, Resumed, Stepped, Validated

__all__ = ["Ended", "NullObserver", "Observer", "Pruned", "Resumed", "RunEvent", "Started", "Stepped", "Validated"]


@dataclass(frozen=True)
class Started:
    """The run is recorded under this id (None: nowhere) and about to train."""

    run_id: str | None


RunEvent = Started | Resumed | Stepped | Validated | Ended
"""What happens to a run. Its result is no event: it is what `nsbench.runs.experiment.run` returns."""


class Pruned(Exception):
    """Raised by an observer to end a run that isn't worth finishing.

    The run ends alone, while those beside it go on. Raised of a step, which all of them took, it ends all.
    """


class Observer(Protocol):
    """Observes one run."""

    def observe(self, event: RunEvent) -> None:
        """Takes an event in. What happens next waits until this returns.

        Where the run ends without a result and no other is left beside it, the error is raised instead of an Ended.

        Raises:
            Pruned: The run isn't worth finishing.
            KeyboardInterrupt: It is to stop now, and to be resumed later.
        """


class NullObserver:
    """Observes nothing; it stands for a run that nobody observes beside one that somebody does."""

    def observe(self, event: RunEvent) -> None:
        """Does nothing."""

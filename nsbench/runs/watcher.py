"""What is asked of a run beside its settings, and who watches it go on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from torch import Tensor

from nsbench.objective import default_objective
from nsbench.terms import RunKind

DEFAULT_OBJECTIVE = default_objective((10,))
"""What early stopping, pruning and tuning go by unless told otherwise, where there is a cut-off of 10."""


class Pruned(Exception):
    """Raised by a watcher to end a run that isn't worth finishing."""


class Watcher(Protocol):
    """Who watches a run while it goes on."""

    def on_start(self, run_id: str | None) -> None:
        """The run is recorded and about to train."""

    def on_resume(self, epoch: int) -> None:
        """The run goes on with an earlier attempt, whose last look was after this epoch (0: none); its looks follow."""

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """A step was taken of all runs that go on side by side.

        Args:
            n_positives: Positives trained on, by all of them.
            loss: float32[replicas], one a run; may still be on the device.
        """

    def on_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """A look at the validation interactions; may raise Pruned, which ends this run alone."""

    def on_end(self, error: Exception) -> None:
        """The run ends without a result while others beside it go on; its record is closed when this returns.

        Where no other is left the error is raised instead.
        """


class NullWatcher:
    """Watches nothing."""

    def on_start(self, run_id: str | None) -> None:
        """Does nothing."""

    def on_resume(self, epoch: int) -> None:
        """Does nothing."""

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """Does nothing."""

    def on_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Does nothing."""

    def on_end(self, error: Exception) -> None:
        """Does nothing."""


@dataclass(frozen=True)
class RunOrder:
    """What is asked of a run beside its settings.

    Attributes:
        kind: What the run stands for.
        seed: The root seed.
        study: The study's name, or None.
        trial: The trial's number within the study, or None.
        tags: Further tags, by full name.
        rank_test: Whether the test interactions are ranked; trials leave them alone.
        checkpoint: File for the best epoch's parameters, or None.
        objective: The validation metric that decides the best epoch.
        refusal: Why the run isn't worth training: it is recorded, and ends as pruned at once; empty: it is trained.
    """

    kind: RunKind
    seed: int
    study: str | None = None
    trial: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    rank_test: bool = True
    checkpoint: Path | None = None
    objective: str = DEFAULT_OBJECTIVE
    refusal: str = ""

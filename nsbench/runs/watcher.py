"""Who watches a run go on."""

from collections.abc import Mapping
from typing import Protocol

from torch import Tensor


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

"""What a run may tell while it goes on, and the tracker that listens to nothing.

`Tracker.start` writes the plan before training begins and gives the handle through which the rest is told.
"""

from collections.abc import Mapping
from typing import Literal, Protocol

from nsbench.tracking.record import RunPlan, RunRecord

EndStatus = Literal["FAILED", "KILLED"]
"""How a run ends that does not finish."""


class RunHandle(Protocol):
    """One run that has started and not ended."""

    @property
    def run_id(self) -> str | None:
        """The store's id of the run, or None when nothing is stored."""

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Records the metrics of one validation, in one call to the store."""

    def record_result(self, record: RunRecord) -> None:
        """Records final metrics, cost and artifacts; the run stays open."""

    def close(self) -> None:
        """Marks a run whose result is recorded as FINISHED."""

    def finish(self, record: RunRecord) -> None:
        """Records final metrics, cost and artifacts, and marks the run FINISHED."""

    def stop(self, status: EndStatus, reason: str) -> None:
        """Marks the run as ended without a result, with the reason."""


class Tracker(Protocol):
    """Where runs are recorded."""

    def start(self, plan: RunPlan) -> RunHandle:
        """Creates the run with its parameters, tags and dataset, before anything is trained."""


class NullRunHandle:
    """Records nothing."""

    run_id: str | None = None

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Does nothing."""

    def record_result(self, record: RunRecord) -> None:
        """Does nothing."""

    def close(self) -> None:
        """Does nothing."""

    def finish(self, record: RunRecord) -> None:
        """Does nothing."""

    def stop(self, status: EndStatus, reason: str) -> None:
        """Does nothing."""


class NullTracker:
    """Tracks nothing; for tests, benchmarks and `nsbench train --no-track`."""

    def start(self, plan: RunPlan) -> RunHandle:
        """Gives a handle that records nothing."""
        return NullRunHandle()

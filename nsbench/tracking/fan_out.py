"""Several trackers as one, so that a store and whatever else listens are told of the same runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import final

from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus, RunHandle, Tracker


@final
class FanOutTracker:
    """Starts every run with each of several trackers.

    Args:
        first: The one whose ids of runs count.
        others: Get the same calls, after it.
    """

    def __init__(self, first: Tracker, *others: Tracker) -> None:
        self._trackers = (first, *others)

    def start(self, plan: RunPlan) -> RunHandle:
        """Starts a run with each tracker; where one refuses it, those that have started it stop it as FAILED."""
        handles: list[RunHandle] = []
        for tracker in self._trackers:
            try:
                handles.append(tracker.start(plan))
            except BaseException as error:
                reason = f"{type(error).__name__}: {error}"
                FanOutHandle(handles).stop("FAILED", reason)
                raise
        return FanOutHandle(handles)


@final
class FanOutHandle:
    """One run of several trackers. Each of them gets every call, even where one before it failed; the first error is raised.

    Args:
        handles: At least one; the first one's id is the run's.
    """

    def __init__(self, handles: Sequence[RunHandle]) -> None:
        self._handles = handles

    @property
    def run_id(self) -> str | None:
        """The first tracker's id of the run."""
        return self._handles[0].run_id

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Records the metrics of one validation."""
        _call_each(self._handles, lambda handle: handle.log_validation(epoch, metrics))

    def record_result(self, record: RunRecord) -> None:
        """Records what came out; the run stays open."""
        _call_each(self._handles, lambda handle: handle.record_result(record))

    def close(self) -> None:
        """Marks a run whose result is recorded as FINISHED."""
        _call_each(self._handles, lambda handle: handle.close())

    def finish(self, record: RunRecord) -> None:
        """Records what came out, and marks the run FINISHED."""
        _call_each(self._handles, lambda handle: handle.finish(record))

    def stop(self, status: EndStatus, reason: str) -> None:
        """Marks the run as ended without a result."""
        _call_each(self._handles, lambda handle: handle.stop(status, reason))


def _call_each(handles: Sequence[RunHandle], call: Callable[[RunHandle], None]) -> None:
    errors: list[Exception] = []
    for handle in handles:
        try:
            call(handle)
        except Exception as error:
            errors.append(error)
    if errors:
        raise errors[0]

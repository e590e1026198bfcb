"""A worker's link to its coordinator: reports go out, directives come in.

A coordinator that is gone is noticed here, by the closed pipe, and the run in hand ends as interrupted.
"""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol, final

from nsbench.errors import StoreOutage, TrainingError
from nsbench.retry import RetryPolicy
from nsbench.runs.observer import Ended, Pruned, RunEvent, Started, Stepped, Validated
from nsbench.study.workers.directive import PRUNED_REASON, Directive
from nsbench.study.workers.job import Job, Outcome, OutcomeState
from nsbench.study.workers.process_id import OWNER
from nsbench.study.workers.report import Report, RunEnded, RunFinishing, RunStarted, RunValidated
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus, RunHandle, Tracker

_POLL_EVERY_S = 0.2
_PATIENCE_S = 600.0
"""How long a new run waits for a tracking store that is out."""


class Connection(Protocol):
    """The way to a coordinator; a `multiprocessing` connection is one."""

    def send(self, report: Report) -> None:
        """Sends a report.

        Raises:
            OSError: The coordinator is gone.
        """

    def poll(self, timeout_s: float = 0.0, /) -> bool:
        """Whether there is something to receive within this many seconds; true too when the coordinator is gone."""

    def recv(self) -> Job | Directive:
        """The next job or directive.

        Raises:
            OSError, EOFError: The coordinator is gone.
        """


@final
class Link:
    """The link of a job, which all of its runs share.

    Args:
        coordinator: The way to the coordinator.
    """

    def __init__(self, coordinator: Connection) -> None:
        self._coordinator = coordinator
        self._last = time.monotonic()

    def poll(self) -> None:
        """Checks for a stop, a few times per second however often it is called.

        Raises:
            KeyboardInterrupt: The job is to stop, or the coordinator is gone.
        """
        if time.monotonic() - self._last > _POLL_EVERY_S:
            self._last = time.monotonic()
            if self._coordinator.poll():
                self._receive()

    def pause(self, seconds: float) -> None:
        """Waits, but for a stop no longer than it takes to come.

        Raises:
            KeyboardInterrupt: The run is to stop, or the coordinator is gone.
        """
        if self._coordinator.poll(seconds):
            self._receive()

    def ask(self, report: RunStarted | RunValidated | RunFinishing | RunEnded) -> None:
        """Reports, and goes on if the directive is to continue.

        Raises:
            Pruned: The run isn't worth finishing.
            TrainingError: Its result isn't taken.
            KeyboardInterrupt: It is to stop, or the coordinator is gone.
        """
        try:
            self._coordinator.send(report)
        except OSError as error:
            raise KeyboardInterrupt from error
        self._receive()

    def _receive(self) -> None:
        try:
            directive = self._coordinator.recv()
        except (EOFError, OSError) as error:
            raise KeyboardInterrupt from error
        match directive:
            case Directive("stop"):
                raise KeyboardInterrupt
            case Directive("prune"):
                raise Pruned(PRUNED_REASON)
            case Directive("reject", reason):
                raise TrainingError(reason)


@final
class RunLink:
    """Observes one run of a job for the coordinator.

    Args:
        link: The job's link.
        run: Which run of the job it is, counted from 0.
    """

    def __init__(self, link: Link, run: int) -> None:
        self._link = link
        self._run = run

    def observe(self, event: RunEvent) -> None:
        """Reports what the coordinator decides about or notes, and goes on once it has; between steps, checks for a stop.

        Of an earlier attempt that is resumed the validations are reported one by one, as if they were new.
        """
        match event:
            case Stepped():
                self._link.poll()
            case Validated(epoch, metrics):
                self._link.ask(RunValidated(self._run, epoch, dict(metrics)))
            case Started(run_id):
                self._link.ask(RunStarted(self._run, run_id))
            case Ended(error):
                state: OutcomeState = "pruned" if isinstance(error, Pruned) else "failed"
                self._link.ask(RunEnded(self._run, Outcome(state, str(error))))


@final
class OwnedTracker:
    """A tracker whose runs name the coordinator as their owner, and finish only while it is there.

    A run that finished after its coordinator's death would be a result that nobody asked for: the next coordinator has given its
    trial up and trains it again. So all of a result is recorded first, then the coordinator takes it, and only then is the run
    marked as finished.

    The runs of a job are started in its order.

    Args:
        open_tracker: Gives the tracker where the runs are recorded.
        link: The job's link to the coordinator.
        process_id: The coordinator, as `nsbench.study.workers.process_id` names processes.
    """

    def __init__(self, open_tracker: Callable[[], Tracker], link: Link, process_id: str) -> None:
        self._open_tracker = open_tracker
        self._link = link
        self._process_id = process_id
        self._runs = itertools.count()

    def start(self, plan: RunPlan) -> RunHandle:
        """Creates the run with its owner's tag, and waits for a store that is out: no training begins unrecorded."""
        owned = replace(plan, tags={**plan.tags, OWNER: self._process_id})
        retry = RetryPolicy("the tracking store", _PATIENCE_S, _is_outage, self._link.pause)
        handle = retry.call(lambda: self._open_tracker().start(owned))
        return _OwnedHandle(handle, self._link, next(self._runs))


def _is_outage(error: Exception) -> bool:
    return isinstance(error, StoreOutage)


@final
class _OwnedHandle:
    """A run that asks its coordinator before it finishes."""

    def __init__(self, handle: RunHandle, link: Link, run: int) -> None:
        self._handle = handle
        self._link = link
        self._run = run

    @property
    def run_id(self) -> str | None:
        """The store's id of the run."""
        return self._handle.run_id

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Records one validation."""
        self._handle.log_validation(epoch, metrics)

    def record_result(self, record: RunRecord) -> None:
        """Records the result; the run stays open."""
        self._handle.record_result(record)

    def close(self) -> None:
        """Marks the run as finished."""
        self._handle.close()

    def finish(self, record: RunRecord) -> None:
        """Records the result, asks, and marks the run as finished."""
        self.record_result(record)
        self._link.ask(RunFinishing(self._run, dict(record.metrics)))
        self.close()

    def stop(self, status: EndStatus, reason: str) -> None:
        """Marks the run as ended without a result."""
        self._handle.stop(status, reason)

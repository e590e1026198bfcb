"""A worker's line to its leader: what a run tells, and what it is told.

A leader that is gone is noticed here, by the closed pipe, and the run in hand ends as interrupted.
"""

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol, final

from nsbench.errors import StoreOutage, TrainingError
from nsbench.retry import RetryPolicy
from nsbench.runs.observer import Ended, Pruned, RunEvent, Started, Stepped, Validated
from nsbench.study.workers import message
from nsbench.study.workers.answer import PRUNED_REASON, Answer, Refusal, Verdict
from nsbench.study.workers.job import Ending, EndState, Job
from nsbench.study.workers.message import Finishing, Report
from nsbench.study.workers.process_id import OWNER
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus, RunHandle, Tracker

_LISTEN_EVERY_S = 0.2
_PATIENCE_S = 600.0
"""How long a new run waits for a tracking store that is out."""


class Wire(Protocol):
    """The way to a leader; a `multiprocessing` connection is one."""

    def send(self, report: Report) -> None:
        """Sends a report.

        Raises:
            OSError: The leader is gone.
        """

    def poll(self, timeout_s: float = 0.0, /) -> bool:
        """Whether there is something to receive within so many seconds; true too when the leader is gone."""

    def recv(self) -> Job | Answer:
        """The next job or answer.

        Raises:
            OSError, EOFError: The leader is gone.
        """


@final
class Line:
    """The line of a job, which all of its runs speak over.

    Args:
        leader: The way to the leader.
    """

    def __init__(self, leader: Wire) -> None:
        self._leader = leader
        self._last = time.monotonic()

    def listen(self) -> None:
        """Listens for a stop, a few times a second however often it is called.

        Raises:
            KeyboardInterrupt: The job is to stop, or the leader is gone.
        """
        if time.monotonic() - self._last > _LISTEN_EVERY_S:
            self._last = time.monotonic()
            if self._leader.poll():
                self._obey()

    def pause(self, seconds: float) -> None:
        """Waits, but for a stop no longer than it takes to come.

        Raises:
            KeyboardInterrupt: The run is to stop, or the leader is gone.
        """
        if self._leader.poll(seconds):
            self._obey()

    def ask(self, report: Report) -> None:
        """Reports, and goes on if the leader says so.

        Raises:
            Pruned: The run isn't worth finishing.
            TrainingError: Its result isn't taken.
            KeyboardInterrupt: It is to stop, or the leader is gone.
        """
        try:
            self._leader.send(report)
        except OSError as error:
            raise KeyboardInterrupt from error
        self._obey()

    def _obey(self) -> None:
        try:
            answer = self._leader.recv()
        except (EOFError, OSError) as error:
            raise KeyboardInterrupt from error
        match answer:
            case Verdict.STOP:
                raise KeyboardInterrupt
            case Verdict.PRUNE:
                raise Pruned(PRUNED_REASON)
            case Refusal(reason):
                raise TrainingError(reason)


@final
class RunLine:
    """Observes one run of a job for the leader.

    Args:
        line: The job's line.
        run: Which run of the job it is, counted from 0.
    """

    def __init__(self, line: Line, run: int) -> None:
        self._line = line
        self._run = run

    def observe(self, event: RunEvent) -> None:
        """Reports what the leader decides about or notes, and goes on once it has; between steps, listens for a stop.

        Of an earlier attempt that is resumed the validations are reported one by one, as if they were new.
        """
        match event:
            case Stepped():
                self._line.listen()
            case Validated(epoch, metrics):
                self._line.ask(message.Validated(self._run, epoch, dict(metrics)))
            case Started(run_id):
                self._line.ask(message.Started(self._run, run_id))
            case Ended(error):
                state: EndState = "pruned" if isinstance(error, Pruned) else "failed"
                self._line.ask(message.Ended(self._run, Ending(state, str(error))))


@final
class OwnedTracker:
    """A tracker whose runs name the leader as their owner, and finish only while it is there.

    A run that finished after its leader's death would be a result that nobody asked for: the next leader has given its
    trial up and trains it again. So all of a result is recorded first, then the leader takes it, and only then is the run
    marked as finished.

    The runs of a job are started in its order.

    Args:
        open_tracker: Gives the tracker where the runs are recorded.
        line: The job's line to the leader.
        owner: The leader, as `nsbench.study.workers.process_id` names processes.
    """

    def __init__(self, open_tracker: Callable[[], Tracker], line: Line, owner: str) -> None:
        self._open_tracker = open_tracker
        self._line = line
        self._owner = owner
        self._runs = itertools.count()

    def start(self, plan: RunPlan) -> RunHandle:
        """Creates the run with its owner's tag, and waits for a store that is out: no training begins unrecorded."""
        owned = replace(plan, tags={**plan.tags, OWNER: self._owner})
        retry = RetryPolicy("the tracking store", _PATIENCE_S, _is_outage, self._line.pause)
        handle = retry.call(lambda: self._open_tracker().start(owned))
        return _OwnedHandle(handle, self._line, next(self._runs))


def _is_outage(error: Exception) -> bool:
    return isinstance(error, StoreOutage)


@final
class _OwnedHandle:
    """A run that asks its leader before it finishes."""

    def __init__(self, handle: RunHandle, line: Line, run: int) -> None:
        self._handle = handle
        self._line = line
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
        self._line.ask(Finishing(self._run, dict(record.metrics)))
        self.close()

    def stop(self, status: EndStatus, reason: str) -> None:
        """Marks the run as ended without a result."""
        self._handle.stop(status, reason)

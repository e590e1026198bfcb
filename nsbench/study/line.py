"""A worker's line to its leader: what a run tells, and what it is told.

A leader that is gone is noticed here, by the closed pipe, and the run in hand ends as interrupted.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import final

from torch import Tensor

from nsbench.study.message import Answer, Finishing, Started, Validated
from nsbench.study.owner import OWNER
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import EndStatus, RunHandle, Tracker
from nsbench.watcher import Pruned

_LISTEN_EVERY_S = 0.2


@final
class Line:
    """Watches a run for the leader.

    Args:
        leader: The pipe to it.
    """

    def __init__(self, leader: Connection) -> None:
        self._leader = leader
        self._last = time.monotonic()

    def on_start(self, run_id: str | None) -> None:
        """Training begins once the leader has noted the run's id."""
        self.ask(Started(run_id))

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """Listens for a stop, a few times a second."""
        if time.monotonic() - self._last > _LISTEN_EVERY_S:
            self._last = time.monotonic()
            if self._leader.poll():
                self._obey()

    def on_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Goes on if the leader says so."""
        self.ask(Validated(epoch, dict(metrics)))

    def ask(self, report: Started | Validated | Finishing) -> None:
        """Reports, and goes on if the leader says so.

        Raises:
            Pruned: The run isn't worth finishing.
            KeyboardInterrupt: It is to stop, or the leader is gone.
        """
        try:
            self._leader.send(report)
        except OSError as error:
            raise KeyboardInterrupt from error
        self._obey()

    def _obey(self) -> None:
        try:
            answer: Answer = self._leader.recv()
        except (EOFError, OSError) as error:
            raise KeyboardInterrupt from error
        if answer is Answer.STOP:
            raise KeyboardInterrupt
        if answer is Answer.PRUNE:
            raise Pruned("worse than the median of the other trials at this epoch")


@final
class OwnedTracker:
    """A tracker whose runs name the leader as their owner, and finish only while it is there.

    A run that finished after its leader's death would be a result that nobody asked for: the next leader has given its
    trial up and trains it again.

    Args:
        tracker: Where the runs are recorded.
        line: The line to the leader.
        owner: The leader, as `nsbench.study.owner` names processes.
    """

    def __init__(self, tracker: Tracker, line: Line, owner: str) -> None:
        self._tracker = tracker
        self._line = line
        self._owner = owner

    def start(self, plan: RunPlan) -> RunHandle:
        """Creates the run with its owner's tag."""
        owned = replace(plan, tags={**plan.tags, OWNER: self._owner})
        return _OwnedHandle(self._tracker.start(owned), self._line)


@final
class _OwnedHandle:
    """A run that asks its leader before it finishes."""

    def __init__(self, handle: RunHandle, line: Line) -> None:
        self._handle = handle
        self._line = line

    @property
    def run_id(self) -> str | None:
        """The store's id of the run."""
        return self._handle.run_id

    def log_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Records one validation."""
        self._handle.log_validation(epoch, metrics)

    def finish(self, record: RunRecord) -> None:
        """Asks, then records the result."""
        self._line.ask(Finishing())
        self._handle.finish(record)

    def stop(self, status: EndStatus, reason: str) -> None:
        """Marks the run as ended without a result."""
        self._handle.stop(status, reason)

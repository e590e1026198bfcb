"""A worker as a Ray actor: one thread works, others carry its connection. Importing this does not import ray."""

import os
import queue
from pathlib import Path
from typing import final

from nsbench.study.workers.directive import Directive
from nsbench.study.workers.job import Job
from nsbench.study.workers.report import Report
from nsbench.study.workers.worker import work_for


@final
class RemoteWorker:
    """A worker as an actor."""

    def __init__(self, home: str, process_id: str) -> None:
        self._home = Path(os.environ.get("NSBENCH_HOME", home))
        self._process_id = process_id
        self._inbox: queue.SimpleQueue[Job | Directive] = queue.SimpleQueue()
        self._outbox: queue.SimpleQueue[Report] = queue.SimpleQueue()

    def work(self) -> None:
        """Does one job after another until the actor is killed."""
        work_for(_QueueConnection(self._inbox, self._outbox), self._home, self._process_id)

    def arrived(self) -> bool:
        """Answers once the actor has found a place."""
        return True

    def receive(self, message: Job | Directive) -> None:
        """Takes a job or a directive."""
        self._inbox.put(message)

    def report(self) -> Report:
        """Waits for the next report."""
        return self._outbox.get()


@final
class _QueueConnection:
    """The worker's end of the connection."""

    def __init__(self, inbox: "queue.SimpleQueue[Job | Directive]", outbox: "queue.SimpleQueue[Report]") -> None:
        self._inbox = inbox
        self._outbox = outbox
        self._waiting: list[Job | Directive] = []

    def send(self, report: Report) -> None:
        self._outbox.put(report)

    def poll(self, timeout: float = 0.0, /) -> bool:
        if not self._waiting:
            try:
                self._waiting.append(self._inbox.get(timeout=timeout) if timeout > 0 else self._inbox.get_nowait())
            except queue.Empty:
                return False
        return True

    def recv(self) -> Job | Directive:
        return self._waiting.pop() if self._waiting else self._inbox.get()

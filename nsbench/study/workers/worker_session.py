"""One worker and its assignment: reports come in, directives go out, whatever connection carries them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from nsbench.study.workers.directive import CONTINUE, PRUNE, PRUNED_REASON, STOP, Directive
from nsbench.study.workers.job import Assignment, Outcome, RunObserver
from nsbench.study.workers.pool import WORKER_LOST, RunCloser, WorkerPool
from nsbench.study.workers.report import Report, RunEnded, RunFinishing, RunStarted, RunValidated

STOP_PATIENCE_S = 60.0
"""How long stopped runs may take to end by themselves: an evaluation of a large dataset is not interrupted."""


@dataclass
class _Run:
    """A run of the assignment, how it ends once that is settled, and whether its worker has ended it before the others."""

    observer: RunObserver
    run_id: str | None = None
    settled: Outcome | None = None
    is_over: bool = False


@final
class WorkerSession:
    """The coordinator's side of one worker: what it is at, and how each of its runs ends once that is settled.

    Args:
        send: Sends a directive to the worker; one that is gone is found out elsewhere.
    """

    def __init__(self, send: Callable[[Directive], None]) -> None:
        self._send = send
        self._runs: list[_Run] = []
        self._stopping = False

    @property
    def is_busy(self) -> bool:
        """Whether it has an assignment."""
        return bool(self._runs)

    def begin(self, assignment: Assignment) -> None:
        """Takes an assignment on."""
        self._runs = [_Run(observer) for observer in assignment.observers]

    def stop(self) -> None:
        """Sends the runs the directive to stop; from now on they are sent nothing else."""
        self._stopping = True
        if self.is_busy:
            self._send(STOP)

    def take(self, report: Report, close_run: RunCloser) -> None:
        """Passes a report to the run's observer and sends the directive that comes back."""
        if not self.is_busy:
            return
        match report:
            case RunStarted(run, run_id):
                self._runs[run].run_id = run_id
                self._runs[run].observer.started(run_id)
                self._direct(CONTINUE)
            # A run that was stopped takes that for the directive: nothing may be settled that it isn't told.
            case RunValidated(run, epoch, metrics) if not self._stopping:
                directive = self._runs[run].observer.validated(epoch, metrics)
                if directive == PRUNE:
                    self._runs[run].settled = Outcome("pruned", PRUNED_REASON)
                self._direct(directive)
            case RunFinishing(run, metrics) if not self._stopping:
                directive = self._runs[run].observer.finishing(metrics)
                if directive == CONTINUE:
                    self._runs[run].settled = Outcome("finished", metrics=metrics)
                self._direct(directive)
            case RunEnded(run, outcome) if not self._stopping:
                self._runs[run].is_over = True
                self._runs[run].observer.ended(self._runs[run].settled or outcome)
                self._direct(CONTINUE)
            case Outcome():
                for one in self._let_go():
                    one.observer.ended(one.settled or report)
                    if one.settled is not None and one.run_id is not None and report.state != one.settled.state:
                        close_run(one.run_id, one.settled)

    def broke_off(self, cause: str, close_run: RunCloser) -> None:
        """The worker is gone without an outcome, for that cause."""
        orphaned = Outcome("orphaned", f"{WORKER_LOST}: {cause}")
        outcome = Outcome("interrupted", "interrupted") if self._stopping else orphaned
        for one in self._let_go():
            one.observer.ended(one.settled or outcome)
            if one.run_id is not None:
                close_run(one.run_id, one.settled or outcome)

    def _let_go(self) -> list[_Run]:
        """The runs that have not ended; there are none from now on."""
        runs, self._runs = self._runs, []
        return [run for run in runs if not run.is_over]

    def _direct(self, directive: Directive) -> None:
        if not self._stopping:
            self._send(directive)


def stop_all(pool: WorkerPool, sessions: Sequence[WorkerSession], close_run: RunCloser) -> None:
    """Tells every run of a pool to stop, and takes reports until all have ended or the patience is over.

    Args:
        pool: Whose workers.
        sessions: With each of them.
        close_run: Ends the runs of workers that are gone.
    """
    for session in sessions:
        session.stop()
    deadline = time.monotonic() + STOP_PATIENCE_S
    while pool.n_busy and time.monotonic() < deadline:
        pool.receive(1.0, close_run)

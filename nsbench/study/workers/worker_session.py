"""What a crew and one worker say to each other about an assignment, whatever wire carries it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import final

from nsbench.study.workers.answer import PRUNED_REASON, Answer, Verdict
from nsbench.study.workers.job import Assignment, Ending, Follower
from nsbench.study.workers.message import Ended, Finishing, Report, Started, Validated
from nsbench.study.workers.pool import WORKER_LOST, Crew, RunCloser

STOP_PATIENCE_S = 60.0
"""How long runs that are told to stop may take to end by themselves: an evaluation of a large dataset is not interrupted."""


@dataclass
class _Run:
    """A run of the assignment, how it ends once that is settled, and whether its worker has ended it before the others."""

    follower: Follower
    run_id: str | None = None
    settled: Ending | None = None
    is_over: bool = False


@final
class Conversation:
    """One worker's side of the crew: what it is at, and how each of its runs ends once that is settled.

    Args:
        send: Sends an answer to the worker; one that is gone is found out elsewhere.
    """

    def __init__(self, send: Callable[[Answer], None]) -> None:
        self._send = send
        self._runs: list[_Run] = []
        self._stopping = False

    @property
    def is_busy(self) -> bool:
        """Whether it has an assignment."""
        return bool(self._runs)

    def begin(self, assignment: Assignment) -> None:
        """Takes an assignment on."""
        self._runs = [_Run(follower) for follower in assignment.followers]

    def stop(self) -> None:
        """Tells the runs to stop; from now on they are answered nothing else."""
        self._stopping = True
        if self.is_busy:
            self._send(Verdict.STOP)

    def take(self, report: Report, close_run: RunCloser) -> None:
        """Passes a report to the run's follower and answers what that says."""
        if not self.is_busy:
            return
        match report:
            case Started(run, run_id):
                self._runs[run].run_id = run_id
                self._runs[run].follower.started(run_id)
                self._answer(Verdict.GO_ON)
            # A run that was told to stop takes that for the answer: nothing may be settled that it doesn't hear of.
            case Validated(run, epoch, metrics) if not self._stopping:
                answer = self._runs[run].follower.validated(epoch, metrics)
                if answer is Verdict.PRUNE:
                    self._runs[run].settled = Ending("pruned", PRUNED_REASON)
                self._answer(answer)
            case Finishing(run, metrics) if not self._stopping:
                answer = self._runs[run].follower.finishing(metrics)
                if answer is Verdict.GO_ON:
                    self._runs[run].settled = Ending("finished", metrics=metrics)
                self._answer(answer)
            case Ended(run, ending) if not self._stopping:
                self._runs[run].is_over = True
                self._runs[run].follower.ended(self._runs[run].settled or ending)
                self._answer(Verdict.GO_ON)
            case Ending():
                for one in self._let_go():
                    one.follower.ended(one.settled or report)
                    if one.settled is not None and one.run_id is not None and report.state != one.settled.state:
                        close_run(one.run_id, one.settled)

    def broke_off(self, cause: str, close_run: RunCloser) -> None:
        """The worker is gone without an ending, for that cause."""
        lost = Ending("lost", f"{WORKER_LOST}: {cause}")
        ending = Ending("interrupted", "interrupted") if self._stopping else lost
        for one in self._let_go():
            one.follower.ended(one.settled or ending)
            if one.run_id is not None:
                close_run(one.run_id, one.settled or ending)

    def _let_go(self) -> list[_Run]:
        """The runs that have not ended; there are none from now on."""
        runs, self._runs = self._runs, []
        return [run for run in runs if not run.is_over]

    def _answer(self, answer: Answer) -> None:
        if not self._stopping:
            self._send(answer)


def stop_all(crew: Crew, talks: Sequence[Conversation], close_run: RunCloser) -> None:
    """Tells every run of a crew to stop, and listens until all have ended or the patience is over.

    Args:
        crew: Whose workers.
        talks: With each of them.
        close_run: Ends the runs of workers that are gone.
    """
    for talk in talks:
        talk.stop()
    deadline = time.monotonic() + STOP_PATIENCE_S
    while crew.n_busy and time.monotonic() < deadline:
        crew.listen(1.0, close_run)

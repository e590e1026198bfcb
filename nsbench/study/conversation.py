"""What a crew and one worker say to each other about an assignment, whatever wire carries it."""

from collections.abc import Callable
from typing import final

from nsbench.study.answer import PRUNED_REASON, Answer, Verdict
from nsbench.study.crew import RunCloser
from nsbench.study.job import Assignment, Ending
from nsbench.study.message import Finishing, Report, Started, Validated


@final
class Conversation:
    """One worker's side of the crew: what it is at, and how that ends once it is settled.

    Args:
        send: Sends an answer to the worker; one that is gone is found out elsewhere.
    """

    def __init__(self, send: Callable[[Answer], None]) -> None:
        self._send = send
        self._assignment: Assignment | None = None
        self._run_id: str | None = None
        self._settled: Ending | None = None
        self._stopping = False

    @property
    def is_busy(self) -> bool:
        """Whether it has an assignment."""
        return self._assignment is not None

    def begin(self, assignment: Assignment) -> None:
        """Takes an assignment on."""
        self._assignment, self._run_id, self._settled = assignment, None, None

    def stop(self) -> None:
        """Tells the run to stop; from now on it is answered nothing else."""
        self._stopping = True
        if self._assignment is not None:
            self._send(Verdict.STOP)

    def take(self, report: Report, close_run: RunCloser) -> None:
        """Passes a report to the assignment and answers what that says."""
        assignment = self._assignment
        if assignment is None:
            return
        match report:
            case Started(run_id):
                self._run_id = run_id
                assignment.started(run_id)
                self._answer(Verdict.GO_ON)
            # A run that was told to stop takes that for the answer: nothing may be settled that it doesn't hear of.
            case Validated(epoch, metrics) if not self._stopping:
                self._answer(assignment.validated(epoch, metrics))
            case Finishing(metrics) if not self._stopping:
                answer = assignment.finishing(metrics)
                self._settled = Ending("finished", metrics=metrics) if answer is Verdict.GO_ON else None
                self._answer(answer)
            case Ending():
                self._assignment = None
                assignment.ended(self._settled or report)
                if self._settled is not None and self._run_id is not None and report.state != self._settled.state:
                    close_run(self._run_id, self._settled)

    def broke_off(self, cause: str, close_run: RunCloser) -> None:
        """The worker is gone without an ending, for that cause."""
        assignment, self._assignment = self._assignment, None
        if assignment is None:
            return
        ending = Ending("interrupted", "interrupted") if self._stopping else Ending("failed", cause)
        ending = self._settled or ending
        assignment.ended(ending)
        if self._run_id is not None:
            close_run(self._run_id, ending)

    def _answer(self, answer: Answer) -> None:
        if answer is Verdict.PRUNE:
            self._settled = Ending("pruned", PRUNED_REASON)
        if not self._stopping:
            self._send(answer)

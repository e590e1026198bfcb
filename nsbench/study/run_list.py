"""A list of runs as a source of jobs: repeats and baselines, where nothing has to be searched."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from nsbench.study.answer import Answer, Verdict
from nsbench.study.failure import Failures
from nsbench.study.job import Assignment, Ending, Job, Row, TrainJob
from nsbench.study.ledger import GIVEN_UP, MOST_LOST

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PlannedJob:
    """A job that is to be done.

    Attributes:
        names: What tables call its runs.
        job: The job.
        n_lost: Workers that have died over it.
    """

    names: tuple[str, ...]
    job: Job
    n_lost: int = 0

    def halves(self) -> "tuple[PlannedJob, ...]":
        """The same runs in two jobs; none where there is one run only."""
        middle = len(self.names) // 2
        if not isinstance(self.job, TrainJob) or not middle:
            return ()
        numbers = range(len(self.names))
        return self.part(numbers[:middle]), self.part(numbers[middle:])

    def part(self, runs: Sequence[int]) -> "PlannedJob":
        """Some of its runs, counted from 0; a baseline has one only."""
        job = self.job
        if isinstance(job, TrainJob):
            job = replace(job, orders=tuple(job.orders[run] for run in runs))
        return PlannedJob(tuple(self.names[run] for run in runs), job)


@final
class RunList:
    """Runs that are made in order; a failed one is not tried again by the same command.

    Runs of one job are trained side by side. Where they failed together and may do better apart, they are tried again in two
    halves, down to a run alone. Runs whose worker died are tried again at once, together, so that they go on from their
    checkpoint; after three deaths they have failed.

    Args:
        title: What tables call the list.
        jobs: What is to be done now.
        n_done: Runs of the same list that earlier commands finished.
        objective: The metric that tables show.
    """

    def __init__(self, title: str, jobs: Sequence[PlannedJob], n_done: int, objective: str) -> None:
        self.title = title
        self.n_planned = n_done + sum(len(planned.names) for planned in jobs)
        self.failures = Failures(self.n_planned)
        self._n_done = n_done
        self._waiting = list(jobs)
        self._begun: list[ListedAssignment] = []
        self._open: list[ListedAssignment] = []
        self._objective = objective

    @property
    def is_done(self) -> bool:
        """Whether every run has been begun; those that go on are in the workers' hands."""
        return not self._waiting

    @property
    def n_finished(self) -> int:
        """Finished runs, those of earlier commands included."""
        return self._n_done + sum(row.state == "finished" for row in self.rows())

    @property
    def n_failed(self) -> int:
        """Runs that failed."""
        return sum(row.state == "failed" for row in self.rows())

    def keep_up(self) -> None:
        """Looks after the jobs that have ended since the last time."""
        ended = [assignment for assignment in self._open if assignment.has_ended]
        self._open = [assignment for assignment in self._open if not assignment.has_ended]
        for assignment in ended:
            if lost := assignment.lost_runs:
                self._lose(assignment, lost)
            if assignment.may_do_apart:
                self._halve(assignment)
            elif assignment.failure is not None:
                # Runs that failed together failed for one reason.
                self.failures.failure(assignment.failure)
            elif assignment.has_finished:
                self.failures.success()

    def _lose(self, assignment: "ListedAssignment", runs: Sequence[int]) -> None:
        """Puts runs whose worker died first in the list, or gives them up."""
        n_lost = assignment.planned.n_lost + 1
        is_tried_again = n_lost < MOST_LOST
        for run in runs:
            assignment.followers[run].was_lost(is_tried_again=is_tried_again)
        names = ", ".join(assignment.planned.names[run] for run in runs)
        what = "tried again" if is_tried_again else "given up"
        _log.warning("%s: a worker died over %s; that is %s", self.title, names, what)
        if is_tried_again:
            self._waiting.insert(0, replace(assignment.planned.part(runs), n_lost=n_lost))

    def _halve(self, assignment: "ListedAssignment") -> None:
        _log.warning(
            "%s: %d runs side by side failed (%s); they are tried again in two halves",
            self.title,
            len(assignment.followers),
            assignment.failure,
        )
        self._begun.remove(assignment)
        self._waiting = [*assignment.planned.halves(), *self._waiting]

    def next_assignment(self, n_free: int = 1) -> Assignment | None:
        """The next job of the list, however many workers are free.

        Raises:
            TrainingError: Too many have failed.
        """
        self.keep_up()
        self.failures.check(self.title)
        if not self._waiting:
            return None
        planned = self._waiting.pop(0)
        assignment = ListedAssignment(planned, self._objective)
        self._begun.append(assignment)
        self._open.append(assignment)
        return assignment

    def rows(self) -> tuple[Row, ...]:
        """The runs that have been begun, each once."""
        runs = (run for assignment in self._begun for run in assignment.followers)
        return tuple(run.row() for run in runs if not run.is_tried_again)


@final
class ListedAssignment:
    """One job of a list in the hands of a worker.

    Args:
        planned: The job.
        objective: The metric that tables show.
    """

    def __init__(self, planned: PlannedJob, objective: str) -> None:
        self.planned = planned
        self.job = planned.job
        self.followers = tuple(ListedRun(name, objective) for name in planned.names)

    @property
    def has_ended(self) -> bool:
        """Whether it is out of the worker's hands."""
        return all(run.ending is not None for run in self.followers)

    @property
    def has_finished(self) -> bool:
        """Whether every run has a result."""
        return all(run.ending is not None and run.ending.state == "finished" for run in self.followers)

    @property
    def lost_runs(self) -> Sequence[int]:
        """Which of its runs were lost with their worker."""
        return [number for number, run in enumerate(self.followers) if run.ending and run.ending.state == "lost"]

    @property
    def failure(self) -> str | None:
        """Why runs of it failed; None while none did."""
        reasons = (run.ending.reason for run in self.followers if run.ending and run.ending.state == "failed")
        return next(reasons, None)

    @property
    def may_do_apart(self) -> bool:
        """Whether all runs failed and are worth another try in smaller jobs."""
        is_worth_it = all(run.ending is not None and run.ending.may_do_apart for run in self.followers)
        return is_worth_it and bool(self.planned.halves())


@final
class ListedRun:
    """One run of a list.

    Args:
        name: What tables call it.
        objective: The metric that they show.

    Attributes:
        ending: How it ended, or None.
        is_tried_again: Whether another run takes its place.
    """

    def __init__(self, name: str, objective: str) -> None:
        self.is_tried_again = False
        self.ending: Ending | None = None
        self._row = Row(name, "running")
        self._objective = objective
        self._began = time.monotonic()

    def started(self, run_id: str | None) -> None:
        """Nothing to note: the run says itself what it is of."""

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> Answer:
        """Notes the latest look; repeats are never pruned."""
        self._row = replace(self._row, epoch=epoch, value=metrics.get(self._objective))
        return Verdict.GO_ON

    def finishing(self, metrics: Mapping[str, float]) -> Answer:
        """Every result is taken."""
        self._row = replace(self._row, value=metrics.get(self._objective))
        return Verdict.GO_ON

    def ended(self, ending: Ending) -> None:
        """Notes how it ended."""
        self.ending = ending
        value = ending.metrics.get(self._objective, self._row.value)
        seconds = time.monotonic() - self._began
        state = "interrupted" if ending.state == "lost" else ending.state
        self._row = replace(self._row, state=state, value=value, reason=ending.reason, seconds=seconds)

    def was_lost(self, *, is_tried_again: bool) -> None:
        """Notes what becomes of a run whose worker died; one that is not tried again has failed."""
        self.is_tried_again = is_tried_again
        if self.ending is not None and not is_tried_again:
            self.ended(Ending("failed", self.ending.reason + GIVEN_UP))

    def row(self) -> Row:
        """How it stands."""
        if self._row.state == "running":
            return replace(self._row, seconds=time.monotonic() - self._began)
        return self._row

"""A list of runs as a source of jobs: repeats and baselines, where nothing has to be searched."""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import final

from nsbench.study.claim import Claims, ClaimState, NoClaims
from nsbench.study.listed_run import ListedAssignment, ListedRun, PlannedJob
from nsbench.study.method import Method
from nsbench.study.trials.failure import Failures
from nsbench.study.trials.trial_state import MOST_ORPHANED
from nsbench.study.workers.job import Assignment, Row

_LOOK_ELSEWHERE_EVERY_S = 5.0

_log = logging.getLogger(__name__)


@final
class RunList:
    """Runs that are made in order; a failed one is not tried again by the same command.

    Runs of one job are trained side by side. Where they failed together and may do better apart, they are tried again in two
    halves, down to a run alone. Runs whose worker died are tried again at once, together, so that they go on from their
    checkpoint; after three deaths they have failed.

    Where others work on the same list, each run is claimed before it begins. Those that others have are waited for, and made
    here where their process dies.

    Args:
        title: What tables call the list.
        jobs: What is to be done now.
        n_done: Runs of the same list that earlier commands finished.
        objective: The metric that tables show.
        claims: Who makes which run.
        method: What all runs are repeats of; None where nothing is repeated.
    """

    def __init__(
        self,
        title: str,
        jobs: Sequence[PlannedJob],
        n_done: int,
        objective: str,
        claims: Claims | None = None,
        method: Method | None = None,
    ) -> None:
        self.title = title
        self.method = method
        self.n_planned = n_done + sum(len(planned.names) for planned in jobs)
        self.failures = Failures(self.n_planned)
        self._n_done = n_done
        self._waiting = list(jobs)
        self._begun: list[ListedAssignment] = []
        self._open: list[ListedAssignment] = []
        self.objective = objective
        self._claims: Claims = claims or NoClaims()
        self._elsewhere: list[PlannedJob] = []
        self._ended_elsewhere: list[ClaimState] = []
        self._next_look = 0.0

    @property
    def is_done(self) -> bool:
        """Whether every run has been begun and none is in others' hands; those that go on are in the workers' hands."""
        return not self._waiting and not self._elsewhere

    @property
    def n_finished(self) -> int:
        """Finished runs, those of earlier and of other commands included."""
        n_elsewhere = self._ended_elsewhere.count("finished")
        return self._n_done + n_elsewhere + sum(row.state == "finished" for row in self.rows())

    @property
    def n_rankings_left(self) -> int:
        """Runs that are still to be made and train nothing."""
        n_waiting = sum(planned.n_rankings for planned in (*self._waiting, *self._elsewhere))
        return n_waiting + sum(assignment.n_rankings_left for assignment in self._open)

    @property
    def n_failed(self) -> int:
        """Runs that failed, here or elsewhere."""
        return self._ended_elsewhere.count("failed") + sum(row.state == "failed" for row in self.rows())

    def poll(self) -> None:
        """Looks after the jobs that have ended since the last time."""
        ended = [assignment for assignment in self._open if assignment.has_ended]
        self._open = [assignment for assignment in self._open if not assignment.has_ended]
        for assignment in ended:
            if orphaned := assignment.orphaned_runs:
                self._orphan(assignment, orphaned)
            if assignment.may_do_apart:
                self._halve(assignment)
            elif assignment.failure is not None:
                # Runs that failed together failed for one reason.
                self.failures.failure(assignment.failure)
            elif assignment.has_finished:
                self.failures.success()
            if assignment in self._begun:
                for run in assignment.observers:
                    self._end_claim(run)
        self._claims.poll()
        self._look_elsewhere()

    def let_go(self) -> None:
        """Frees the runs that have no result, when the work was cut off."""
        for run in (run for assignment in self._begun for run in assignment.observers):
            self._end_claim(run)
        self._claims.let_go()

    def _end_claim(self, run: ListedRun) -> None:
        """Says how a run ended, unless it hasn't, or is tried again here."""
        if run.outcome is not None and not run.is_tried_again and run.outcome.state in ("finished", "failed"):
            self._claims.end(run.name, "finished" if run.outcome.state == "finished" else "failed")

    def _look_elsewhere(self) -> None:
        """Sees how runs stand that others had claimed, every few seconds."""
        if not self._elsewhere or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LOOK_ELSEWHERE_EVERY_S
        states = self._claims.states([name for planned in self._elsewhere for name in planned.names])
        self._ended_elsewhere += [state for state in states.values() if state in ("finished", "failed")]
        self._waiting += [part for planned in self._elsewhere for part in planned.of_state(states, "free")]
        self._elsewhere = [part for planned in self._elsewhere for part in planned.of_state(states, "running")]

    def _orphan(self, assignment: "ListedAssignment", runs: Sequence[int]) -> None:
        """Puts runs whose worker died first in the list, or gives them up."""
        n_orphaned = assignment.planned.n_orphaned + 1
        is_tried_again = n_orphaned < MOST_ORPHANED
        for run in runs:
            assignment.observers[run].was_orphaned(is_tried_again=is_tried_again)
        names = ", ".join(assignment.planned.names[run] for run in runs)
        what = "tried again" if is_tried_again else "given up"
        _log.warning("%s: a worker died over %s; that is %s", self.title, names, what)
        if is_tried_again:
            self._waiting.insert(0, replace(assignment.planned.part(runs), n_orphaned=n_orphaned))

    def _halve(self, assignment: "ListedAssignment") -> None:
        _log.warning(
            "%s: %d runs side by side failed (%s); they are tried again in two halves",
            self.title,
            len(assignment.observers),
            assignment.failure,
        )
        self._begun.remove(assignment)
        self._waiting = [*assignment.planned.halves(), *self._waiting]

    def next_assignment(self, n_free: int = 1) -> Assignment | None:
        """The next job of the list, however many workers are free.

        Raises:
            TrainingError: Too many have failed.
        """
        self.poll()
        self.failures.check(self.title)
        while self._waiting:
            planned = self._waiting.pop(0)
            own = set(self._claims.take(planned.names))
            if len(own) < len(planned.names):
                self._elsewhere += planned.of_names(set(planned.names) - own)
                self._next_look = 0.0
            for part in planned.of_names(own):
                assignment = ListedAssignment(part, self.objective, self._claims)
                self._begun.append(assignment)
                self._open.append(assignment)
                return assignment
        return None

    def rows(self) -> tuple[Row, ...]:
        """The runs that have been begun, each once."""
        runs = (run for assignment in self._begun for run in assignment.observers)
        return tuple(run.row() for run in runs if not run.is_tried_again)

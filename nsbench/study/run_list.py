"""A list of runs as a source of jobs: repeats and baselines, where nothing has to be searched."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from nsbench.study.answer import Answer, Verdict
from nsbench.study.failure import Failures
from nsbench.study.job import Assignment, Ending, Job, Row


@dataclass(frozen=True)
class PlannedRun:
    """A run that is to be made: what tables call it, and the job."""

    name: str
    job: Job


@final
class RunList:
    """Runs that are made in order; a failed one is not tried again by the same command.

    Args:
        title: What tables call the list.
        runs: What is to be done now.
        n_done: Runs of the same list that earlier commands finished.
        objective: The metric that tables show.
    """

    def __init__(self, title: str, runs: Sequence[PlannedRun], n_done: int, objective: str) -> None:
        self.title = title
        self.n_planned = n_done + len(runs)
        self.failures = Failures(self.n_planned)
        self._n_done = n_done
        self._waiting = list(runs)
        self._begun: list[ListedAssignment] = []
        self._objective = objective

    @property
    def is_done(self) -> bool:
        """Whether every run has been begun; those that go on are in the workers' hands."""
        return not self._waiting

    @property
    def n_finished(self) -> int:
        """Finished runs, those of earlier commands included."""
        return self._n_done + sum(row.state == "finished" for row in self.rows())

    def keep_up(self) -> None:
        """Nothing has to be done."""

    def next_assignment(self) -> Assignment | None:
        """The next run of the list.

        Raises:
            TrainingError: Too many have failed.
        """
        self.failures.check(self.title)
        if not self._waiting:
            return None
        planned = self._waiting.pop(0)
        assignment = ListedAssignment(planned, self._objective, self.failures)
        self._begun.append(assignment)
        return assignment

    def rows(self) -> tuple[Row, ...]:
        """The runs that have been begun."""
        return tuple(assignment.row() for assignment in self._begun)


@final
class ListedAssignment:
    """One run of a list in the hands of a worker."""

    def __init__(self, planned: PlannedRun, objective: str, failures: Failures) -> None:
        self.job = planned.job
        self._row = Row(planned.name, "running")
        self._objective = objective
        self._failures = failures
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
        value = ending.metrics.get(self._objective, self._row.value)
        seconds = time.monotonic() - self._began
        self._row = replace(self._row, state=ending.state, value=value, reason=ending.reason, seconds=seconds)
        if ending.state == "finished":
            self._failures.success()
        elif ending.state == "failed":
            self._failures.failure(ending.reason)

    def row(self) -> Row:
        """How it stands."""
        if self._row.state == "running":
            return replace(self._row, seconds=time.monotonic() - self._began)
        return self._row

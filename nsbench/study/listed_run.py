"""One job of a list in the hands of a worker, and its runs."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

from nsbench.study.claim import Claims, ClaimState
from nsbench.study.trials.trial_state import GIVEN_UP
from nsbench.study.workers.directive import CONTINUE, STOP, Directive
from nsbench.study.workers.job import BaselineJob, Job, Outcome, Row, RungJob, TrainJob
from nsbench.terms import CUT_OFF


@dataclass(frozen=True)
class PlannedJob:
    """A job that is to be done.

    Attributes:
        names: What tables call its runs.
        job: The job.
        n_orphaned: Workers that have died over it.
    """

    names: tuple[str, ...]
    job: Job
    n_orphaned: int = 0

    @property
    def n_rankings(self) -> int:
        """How many of its runs train nothing; they are the last ones."""
        match self.job:
            case RungJob(is_trained=is_trained):
                return len(self.names) - (not is_trained)
            case BaselineJob():
                return len(self.names)
            case TrainJob():
                return 0

    def halves(self) -> "tuple[PlannedJob, ...]":
        """The same runs in two jobs; none where there is one run only."""
        middle = len(self.names) // 2
        if not isinstance(self.job, TrainJob) or not middle:
            return ()
        numbers = range(len(self.names))
        return self.part(numbers[:middle]), self.part(numbers[middle:])

    def part(self, runs: Sequence[int]) -> "PlannedJob":
        """Some of its runs, counted from 0; a baseline has one only."""
        return PlannedJob(tuple(self.names[run] for run in runs), self.job.part(runs))

    def of_names(self, names: Collection[str]) -> "tuple[PlannedJob, ...]":
        """A job of those of its runs that have these names; none where no run has one, itself where all have."""
        runs = [run for run, name in enumerate(self.names) if name in names]
        if len(runs) == len(self.names):
            return (self,)
        return (replace(self.part(runs), n_orphaned=self.n_orphaned),) if runs else ()

    def of_state(self, states: Mapping[str, ClaimState], state: ClaimState) -> "tuple[PlannedJob, ...]":
        """As `of_names`, of those that stand so."""
        return self.of_names([name for name in self.names if states[name] == state])


@final
class ListedAssignment:
    """One job of a list in the hands of a worker.

    Args:
        planned: The job.
        objective: The metric that tables show.
        claims: Whose runs they are.
    """

    def __init__(self, planned: PlannedJob, objective: str, claims: Claims) -> None:
        self.planned = planned
        self.job = planned.job
        every = planned.job.validate_every
        self.observers = tuple(ListedRun(name, objective, claims, every) for name in planned.names)

    @property
    def has_ended(self) -> bool:
        """Whether it is out of the worker's hands."""
        return all(run.outcome is not None for run in self.observers)

    @property
    def has_finished(self) -> bool:
        """Whether every run has a result."""
        return all(run.outcome is not None and run.outcome.state == "finished" for run in self.observers)

    @property
    def n_rankings_left(self) -> int:
        """Runs that train nothing and have not ended."""
        n_rankings = self.planned.n_rankings
        return sum(run.outcome is None for run in self.observers[-n_rankings:]) if n_rankings else 0

    @property
    def orphaned_runs(self) -> Sequence[int]:
        """Which of its runs were lost with their worker."""
        return [number for number, run in enumerate(self.observers) if run.outcome and run.outcome.state == "orphaned"]

    @property
    def failure(self) -> str | None:
        """Why runs of it failed; None while none did."""
        reasons = (run.outcome.reason for run in self.observers if run.outcome and run.outcome.state == "failed")
        return next(reasons, None)

    @property
    def may_do_apart(self) -> bool:
        """Whether all runs failed and are worth another try in smaller jobs."""
        is_worth_it = all(run.outcome is not None and run.outcome.may_do_apart for run in self.observers)
        return is_worth_it and bool(self.planned.halves())


@final
class ListedRun:
    """One run of a list.

    Args:
        name: What tables call it.
        objective: The metric that they show.
        claims: Whose run it is.
        validate_every: Epochs between its validations; 0 where that is unknown.

    Attributes:
        name: What tables call it.
        outcome: How it ended, or None.
        is_tried_again: Whether another run takes its place.
    """

    def __init__(self, name: str, objective: str, claims: Claims, validate_every: int = 0) -> None:
        self.name = name
        self.is_tried_again = False
        self.outcome: Outcome | None = None
        self._row = Row(name, "running", validate_every=validate_every)
        self._objective = objective
        self._claims = claims
        self._began = time.monotonic()

    def started(self, run_id: str | None) -> None:
        """Notes the time: a run may have waited for others of its job. What it is of it says itself."""
        self._began = time.monotonic()

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> Directive:
        """Notes the latest look; repeats are never pruned."""
        self._row = replace(self._row, epoch=epoch, value=metrics.get(self._objective))
        return CONTINUE

    def finishing(self, metrics: Mapping[str, float]) -> Directive:
        """A result is taken, unless another process has taken the run over: this one seemed dead to it."""
        if not self._claims.holds(self.name):
            return STOP
        # A model that is ranked again was cut off in another run.
        cut_off = bool(metrics.get(CUT_OFF)) and self._row.epoch is not None
        self._row = replace(self._row, value=metrics.get(self._objective), cut_off=cut_off)
        return CONTINUE

    def ended(self, outcome: Outcome) -> None:
        """Notes how it ended."""
        self.outcome = outcome
        value = outcome.metrics.get(self._objective, self._row.value)
        seconds = time.monotonic() - self._began
        state = "interrupted" if outcome.state == "orphaned" else outcome.state
        self._row = replace(self._row, state=state, value=value, reason=outcome.reason, seconds=seconds)

    def was_orphaned(self, *, is_tried_again: bool) -> None:
        """Notes what becomes of a run whose worker died; one that is not tried again has failed."""
        self.is_tried_again = is_tried_again
        if self.outcome is not None and not is_tried_again:
            self.ended(Outcome("failed", self.outcome.reason + GIVEN_UP))

    def row(self) -> Row:
        """How it stands."""
        if self._row.state == "running":
            return replace(self._row, seconds=time.monotonic() - self._began)
        return self._row

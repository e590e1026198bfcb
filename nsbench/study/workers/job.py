"""What a worker can be asked to do, and how that ends. Importing this costs nothing: no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from nsbench.study.workers.directive import Directive

if TYPE_CHECKING:
    from nsbench.config import Settings
    from nsbench.evaluation.settings import EvaluationSettings
    from nsbench.runs.request import RunRequest
    from nsbench.runs.rung import RungTask

OutcomeState = Literal["finished", "pruned", "failed", "interrupted", "orphaned"]
"""How a job ends: with a result, by a pruner, by an error, because it was stopped, or because its worker died."""


@dataclass(frozen=True)
class TrainJob:
    """Train models on a dataset side by side, and record each as a run of its own.

    Attributes:
        dataset: The dataset's name.
        settings: What all are trained with.
        requests: One per run; one run is the ordinary case.
        learning_rates: One per run, where they differ in it; empty: as in the settings.
    """

    dataset: str
    settings: "Settings"
    requests: "tuple[RunRequest, ...]"
    learning_rates: tuple[float, ...] = ()

    def settings_of_runs(self) -> "list[Settings]":
        """What each run is trained with."""
        if not self.learning_rates:
            return [self.settings] * len(self.requests)
        return [self.settings.changed({"learning_rate": rate}) for rate in self.learning_rates]

    @property
    def request(self) -> "RunRequest":
        """The request of a job of one run."""
        (request,) = self.requests
        return request

    @property
    def validate_every(self) -> int:
        """Epochs between validations; 0 where nothing is trained."""
        return self.settings.training.validate_every

    def part(self, runs: Sequence[int]) -> "TrainJob":
        """The job of some of its runs, counted from 0."""
        return replace(self, requests=tuple(self.requests[run] for run in runs))


@dataclass(frozen=True)
class BaselineJob:
    """Rank the test interactions by a baseline and record it."""

    dataset: str
    name: str
    evaluation: "EvaluationSettings"
    validate_every: int = 0

    def part(self, runs: Sequence[int]) -> "BaselineJob":
        """Itself: it has one run."""
        return self


@dataclass(frozen=True)
class RungJob:
    """Train a model at a rung of the ladder, and rank it again at the rungs that change nothing of its training.

    Attributes:
        dataset: The dataset's name.
        tasks: What each run is, the training first where it is one of them.
        is_trained: Whether the model of an earlier job is ranked, and none of these is its training.
        scratch: The folder's name, in `Home.checkpoints`, where the model lies until all are done.
    """

    dataset: str
    tasks: "tuple[RungTask, ...]"
    is_trained: bool
    scratch: str

    @property
    def validate_every(self) -> int:
        """Epochs between validations; 0 where nothing is trained."""
        return 0 if self.is_trained else self.tasks[0].settings.training.validate_every

    def part(self, runs: Sequence[int]) -> "RungJob":
        """The job of some of its runs, counted from 0."""
        tasks = tuple(self.tasks[run] for run in runs)
        return replace(self, tasks=tasks, is_trained=self.is_trained or 0 not in runs)


Job = TrainJob | BaselineJob | RungJob


@dataclass(frozen=True)
class Outcome:
    """How a job or one of its runs ended.

    Attributes:
        state: In a word.
        reason: Why it has no result; empty where it has one.
        metrics: A run's final metrics by full name; empty without a result, and for a job.
        may_do_apart: Whether runs that failed together may do better apart: the memory was too small for all of them, or
            the loss of one was NaN or infinite.
    """

    state: OutcomeState
    reason: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    may_do_apart: bool = False


class RunObserver(Protocol):
    """Observes one run of a job for a study, and directs whether it goes on.

    A directive is settled in the study before it is sent to the run. So when either process dies in that moment, the study knows
    how the run ended, and the run is closed accordingly. A run that is pruned ends alone.
    """

    def started(self, run_id: str | None) -> None:
        """The run is recorded; training begins when this returns."""

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> Directive:
        """The run ranked the validation interactions."""

    def finishing(self, metrics: Mapping[str, float]) -> Directive:
        """The run has a result, all recorded, and is about to be marked as finished."""

    def ended(self, outcome: Outcome) -> None:
        """The run or all of its job is over; one that was settled as finished or pruned before ends so, whatever became
        of its process.
        """


class Assignment(Protocol):
    """A job, and the observers of its runs."""

    @property
    def job(self) -> Job:
        """What is to be done."""

    @property
    def observers(self) -> Sequence[RunObserver]:
        """One per run, in the job's order."""


@dataclass(frozen=True)
class Row:
    """How a run stands, for tables.

    Attributes:
        name: Such as "trial 3" or "seed 5".
        state: "running", or how it ended.
        value: The objective: the latest validation's while it runs, then the result's; None before the first one.
        settings: The searched settings.
        epoch: The latest validation's epoch, or None.
        seconds: How long it took, or has been running; None where that isn't known.
        reason: Why it has no result.
        cut_off: Whether it was trained to its last epoch and might have got better with more.
        validate_every: Epochs between its validations; 0 where that is unknown.
    """

    name: str
    state: Literal["running", "finished", "pruned", "failed", "interrupted"]
    value: float | None = None
    settings: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    epoch: int | None = None
    seconds: float | None = None
    reason: str = ""
    cut_off: bool = False
    validate_every: int = 0


class JobSource(Protocol):
    """Where assignments come from: a study, or a list of runs."""

    @property
    def title(self) -> str:
        """What a table calls it."""

    @property
    def objective(self) -> str:
        """The metric that its tables show, by full name."""

    @property
    def n_planned(self) -> int:
        """Runs with a result that it ends with."""

    @property
    def n_finished(self) -> int:
        """Runs with a result up to now, those of earlier commands included."""

    @property
    def n_rankings_left(self) -> int:
        """Runs that are still to be made and train nothing, so that they take next to no time."""

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to wait for: all has ended that was planned, here or elsewhere."""

    def poll(self) -> None:
        """Does what has to be done now and then while its runs go on; called about twice per second."""

    def next_assignment(self, n_free: int = 1) -> Assignment | None:
        """Something to start now, or None while there is nothing.

        Args:
            n_free: Workers that are free for this and further assignments.

        Raises:
            TrainingError: So much has failed that going on is no use.
        """

    def rows(self) -> tuple[Row, ...]:
        """How its runs stand, in order."""

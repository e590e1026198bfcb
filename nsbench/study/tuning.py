"""A study at work: claims trials from Optuna, tells it how they go, and stops at exactly the planned number."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.seeding import derive_seed
from nsbench.study.failure import Failures
from nsbench.study.job import Assignment, Ending, Row, TrainJob
from nsbench.study.ledger import END_REASON, SURPLUS, has_free_place, is_surplus, n_finished, standing_of
from nsbench.study.owner import OWNER, this_process
from nsbench.study.plan import StudyPlan
from nsbench.study.reconcile import RETRY_OF, Reconciler
from nsbench.study.space import Space
from nsbench.terms import RunKind, Tag
from nsbench.watcher import RunOrder

RUN_ID = "nsbench.run_id"
"""The attribute of a trial that holds its MLflow run's id."""

_RECONCILE_EVERY_S = 5.0


@final
class Tuning:
    """The trials of a study as a source of jobs.

    Args:
        study: The Optuna study.
        plan: What it is of.
        space: What it searches.
        n_trials: Finished trials in the end, those of earlier commands included; pruned ones are finished.
        timeout_s: No trial begins after so many seconds; those that run go on. None: no limit.
        reconciler: Puts right what dead processes left.
    """

    def __init__(
        self,
        study: Study,
        plan: StudyPlan,
        space: Space,
        n_trials: int,
        reconciler: Reconciler,
        timeout_s: float | None = None,
    ) -> None:
        self.study = study
        self.plan = plan
        self._space = space
        self._n_trials = n_trials
        self._reconciler = reconciler
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._failures = Failures(n_trials)
        self._next_reconcile = 0.0

    @property
    def title(self) -> str:
        """The study's name."""
        return self.plan.name

    @property
    def n_planned(self) -> int:
        """Finished trials in the end."""
        return self._n_trials

    @property
    def n_finished(self) -> int:
        """Finished trials: complete or pruned."""
        return n_finished(self._trials())

    @property
    def is_done(self) -> bool:
        """Whether all planned trials have finished, or the time is up."""
        return self._is_late or self.n_finished >= self._n_trials

    @property
    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def next_assignment(self) -> Assignment | None:
        """Begins a trial where a place is free.

        Raises:
            TrainingError: Too many trials have failed.
        """
        self._reconcile()
        while not self._is_late and has_free_place(self._trials(), self._n_trials):
            self._failures.check(self.title)
            trial = self.study.ask(self._space.distributions())
            trial.set_user_attr(OWNER, this_process())
            if is_surplus(trial.number, self._trials(), self._n_trials):
                _fail(self.study, trial, SURPLUS)
                return None
            try:
                settings = self.plan.settings(trial.params)
            except SettingsError as error:
                self._failures.failure(str(error))
                _fail(self.study, trial, str(error))
                continue
            return TrialAssignment(self.study, trial, self._job(trial, settings), self._failures)
        return None

    def rows(self) -> tuple[Row, ...]:
        """All trials but those that stepped back or wait."""
        shown = [trial for trial in self._trials() if standing_of(trial) not in ("surplus", "waiting")]
        return tuple(_row(trial) for trial in shown)

    def _trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _job(self, trial: Trial, settings: Settings) -> TrainJob:
        order = RunOrder(
            kind=RunKind.TRIAL,
            # A point that is tried again has the seed that it had before.
            seed=derive_seed(self.plan.seed, "trial", trial.user_attrs.get(RETRY_OF, trial.number)),
            study=self.plan.name,
            trial=trial.number,
            tags={Tag.N_PLANNED.value: str(self._n_trials)},
            rank_test=False,
            objective=self.plan.objective,
        )
        return TrainJob(self.plan.dataset, settings, order)

    def _reconcile(self) -> None:
        """Looks after trials of dead processes now and then: another command on this study may die while we work."""
        now = time.monotonic()
        if now >= self._next_reconcile:
            self._next_reconcile = now + _RECONCILE_EVERY_S
            self._reconciler.reconcile_trials(self.study, self.plan)


@final
@dataclass
class TrialAssignment:
    """One trial in the hands of a worker."""

    study: Study
    trial: Trial
    job: TrainJob
    failures: Failures

    def started(self, run_id: str | None) -> None:
        """Ties the trial to its run before anything is trained."""
        self.trial.set_user_attr(RUN_ID, run_id)

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> bool:
        """Tells Optuna the objective and asks whether to go on; without such a metric the run itself fails."""
        value = metrics.get(self.job.order.objective)
        if value is None:
            return True
        self.trial.report(value, epoch)
        return not self.trial.should_prune()

    def ended(self, ending: Ending) -> None:
        """Tells Optuna the result."""
        match ending.state:
            case "finished":
                self._complete(ending.metrics.get(self.job.order.objective, math.nan))
            case "pruned":
                self.study.tell(self.trial, state=TrialState.PRUNED)
                self.failures.success()
            case "interrupted":
                _fail(self.study, self.trial, ending.reason)
                Reconciler.retry(self.study, self.study.trials[self.trial.number])
            case "failed":
                self._fail(ending.reason)

    def _complete(self, value: float) -> None:
        if math.isnan(value):
            self._fail(f"{self.job.order.objective} is undefined: no validation interaction could be ranked")
        else:
            self.study.tell(self.trial, value)
            self.failures.success()

    def _fail(self, reason: str) -> None:
        _fail(self.study, self.trial, reason)
        self.failures.failure(reason)


def _fail(study: Study, trial: Trial, reason: str) -> None:
    # The reason goes first: a trial that has ended can't be given one.
    trial.set_user_attr(END_REASON, reason)
    study.tell(trial, state=TrialState.FAIL)


def _row(trial: FrozenTrial) -> Row:
    standing = standing_of(trial)
    states = {"complete": "finished", "lost": "interrupted"}
    epoch = trial.last_step
    value = trial.value if trial.state is TrialState.COMPLETE else trial.intermediate_values.get(epoch or 0)
    began, ended = trial.datetime_start, trial.datetime_complete
    seconds = None
    if began is not None:
        seconds = ((ended or began.now(began.tzinfo)) - began).total_seconds()
    return Row(
        name=f"trial {trial.number}",
        state=states.get(standing, standing),  # type: ignore[arg-type]
        value=value,
        settings=trial.params,
        epoch=epoch,
        seconds=seconds,
        reason=trial.user_attrs.get(END_REASON, ""),
    )

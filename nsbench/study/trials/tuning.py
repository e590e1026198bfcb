"""A study at work: claims trials from Optuna and stops at exactly the planned number."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from nsbench.errors import SettingsError
from nsbench.runs.request import RunRequest
from nsbench.study.confirmation import n_confirming, queue_confirmations
from nsbench.study.search.plan import StudyPlan
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.search.space import Space
from nsbench.study.trials.failure import failures_among
from nsbench.study.trials.heartbeat import RENEW_EVERY_S
from nsbench.study.trials.memory import refusal
from nsbench.study.trials.reconcile import Reconciler
from nsbench.study.trials.replica_groups import ReplicaGrouping
from nsbench.study.trials.trial_assignment import TrialAssignment
from nsbench.study.trials.trial_failure import fail, retry
from nsbench.study.trials.trial_row import row_of
from nsbench.study.trials.trial_state import (
    CONFIRMS,
    INTERRUPTED,
    SURPLUS,
    has_free_place,
    is_surplus,
    n_finished,
    resumed_trials,
    seed_of,
    status_of,
)
from nsbench.study.workers.job import Assignment, Row, TrainJob
from nsbench.study.workers.process_id import OWNER, this_process
from nsbench.study.workers.shield import undivided
from nsbench.terms import KeepModels, RunKind, Tag

_RECONCILE_EVERY_S = 5.0


@dataclass(frozen=True)
class StudyLimits:
    """How far a study goes, and how much of it at once.

    Attributes:
        n_planned: Finished trials in the end, those of other commands included; pruned ones are finished. Asked every few
            seconds: who joins a study follows its plan.
        n_replicas: Trials that a worker trains side by side, at most.
        timeout_s: No trial begins after this many seconds; those that run go on. None: no limit.
        keep_models: Whose models are kept, of the trials that confirm a point; no others are.
    """

    n_planned: Callable[[], int]
    n_replicas: int = 1
    timeout_s: float | None = None
    keep_models: KeepModels = "none"


@final
class Tuning:
    """The trials of a study as a source of jobs.

    Several processes may work on one study at once, on any machines that share its storage: places, failures and points are
    theirs together.

    Trials that differ in their learning rate only are trained side by side (`nsbench.study.trials.replica_groups`).

    Args:
        study: The Optuna study.
        plan: What it is of.
        space: What it searches.
        storage: Where the study is.
        reconciler: Puts right what dead processes left.
        limits: How far it goes, and how much at once.
    """

    def __init__(
        self,
        study: Study,
        plan: StudyPlan,
        space: Space,
        storage: RetryingStorage,
        reconciler: Reconciler,
        limits: StudyLimits,
    ) -> None:
        self.study = study
        self.plan = plan
        self._space = space
        self._storage = storage
        self._reconciler = reconciler
        self._limits = limits
        self._n_planned = self._planned()
        self._deadline = None if limits.timeout_s is None else time.monotonic() + limits.timeout_s
        trials = self._trials()
        self._first_own = next((trial.number for trial in trials if trial.state is TrialState.WAITING), len(trials))
        self._held: list[TrialAssignment] = []
        self._grouping = ReplicaGrouping(plan, space, limits.n_replicas)
        self._next_reconcile = 0.0
        self._next_heartbeat = time.monotonic() + RENEW_EVERY_S

    @property
    def title(self) -> str:
        """The study's name."""
        return self.plan.name

    @property
    def objective(self) -> str:
        """The validation metric that is maximised."""
        return self.plan.objective

    @property
    def n_planned(self) -> int:
        """Finished trials in the end; more when the search has ended and its best points are confirmed."""
        return self._n_planned

    @property
    def n_finished(self) -> int:
        """Finished trials: complete or pruned."""
        return n_finished(self._trials())

    @property
    def n_rankings_left(self) -> int:
        """None: every trial trains."""
        return 0

    @property
    def is_done(self) -> bool:
        """Whether all planned trials have finished, or the time is up."""
        return self._is_late or self.n_finished >= self._n_planned

    @property
    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def poll(self) -> None:
        """Renews heartbeats, and looks after what dead processes left: others on this study may die while we work."""
        now = time.monotonic()
        if now >= self._next_heartbeat:
            self._next_heartbeat = now + RENEW_EVERY_S
            self._held = [assignment for assignment in self._held if not assignment.has_ended]
            for assignment in self._held:
                assignment.renew_heartbeat()
        if now >= self._next_reconcile:
            self._next_reconcile = now + _RECONCILE_EVERY_S
            self._n_planned = self._planned()
            self._reconciler.reconcile(self.study, self.plan)

    def _planned(self) -> int:
        """Finished trials in the end: those of the search, and those that confirm its best points."""
        return self._limits.n_planned() + n_confirming(self._trials())

    def _confirm(self) -> None:
        """Queues the confirmations of the best points as soon as the search has ended."""
        if not self._is_late and self.n_finished >= self._n_planned:
            queue_confirmations(self.study, self._storage, self._limits.n_planned())
            self._n_planned = self._planned()

    def next_assignment(self, n_free: int = 1) -> Assignment | None:
        """Begins a trial where a place is free, and with it others that can be trained beside it.

        Raises:
            TrainingError: Too many trials have failed.
        """
        self.poll()
        self._confirm()
        self._grouping.open(self._trials(), self._n_planned, n_free)
        while self._may_claim():
            trial = self._claim()
            if trial is None:
                break
            try:
                settings = self.plan.settings(trial.params)
            except SettingsError as error:
                fail(self.study, self._storage, trial.number, str(error))
                continue
            request = replace(self._request(trial), refusal=refusal(settings, self._trials(), self.plan))
            job = TrainJob(self.plan.dataset, settings, (request,))
            assignment = TrialAssignment(self.study, self._storage, trial, job)
            self._held.append(assignment)
            self._grouping.add(assignment)
        return self._grouping.take()

    def _may_claim(self) -> bool:
        """Whether another trial may begin now.

        Raises:
            TrainingError: Too many have failed, and none is waiting to be given to a worker.
        """
        trials = self._trials()
        if self._is_late or not has_free_place(trials, self._n_planned) or not self._grouping.has_place(trials):
            return False
        failures = failures_among(trials, self._first_own, self._n_planned)
        if not self._grouping.is_empty and failures.are_too_many:
            return False
        failures.check(self.title)
        return True

    def let_go(self) -> None:
        """Gives back the trials that this process still holds when its work was cut off: no worker has them any more.

        That is what an interruption leaves that came while a trial was begun or ended. Their points are tried again.
        """
        with undivided(), self._storage.locked(self.title):
            for trial in self._trials():
                if trial.state is TrialState.RUNNING and trial.user_attrs.get(OWNER) == this_process():
                    retry(self.study, trial, orphaned=False)
                    fail(self.study, self._storage, trial.number, INTERRUPTED)

    def rows(self) -> tuple[Row, ...]:
        """All trials but those that stepped back, wait, or are resumed by others."""
        trials = self._trials()
        replaced = resumed_trials(trials)
        shown = [
            trial for trial in trials if status_of(trial) not in ("surplus", "waiting") and trial.number not in replaced
        ]
        return tuple(row_of(trial, self._space.base.training.validate_every) for trial in shown)

    def _claim(self) -> Trial | None:
        """A trial of our own with its point, or None where no place is free any more."""
        with undivided(), self._storage.locked(self.title):
            if not has_free_place(self._trials(), self._n_planned):
                return None
            trial = self.study.ask(self._space.distributions())
            trial.set_user_attr(OWNER, this_process())
            if is_surplus(trial.number, self._trials(), self._n_planned):
                fail(self.study, self._storage, trial.number, SURPLUS)
                return None
        return trial

    def _trials(self) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False)

    def _request(self, trial: Trial) -> RunRequest:
        return RunRequest(
            kind=RunKind.TRIAL,
            seed=seed_of(trial, self.plan.seed),
            study=self.plan.name,
            trial=trial.number,
            tags={Tag.N_PLANNED.value: str(self._n_planned)},
            rank_test=False,
            objective=self.plan.objective,
            keep_model=self._limits.keep_models if CONFIRMS in trial.user_attrs else "none",
        )

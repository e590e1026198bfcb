"""One trial of a study in the hands of a worker."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import final

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import Trial, TrialState

from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.trials.heartbeat import HEARTBEAT
from nsbench.study.trials.memory import OUT_OF_MEMORY
from nsbench.study.trials.trial_failure import fail, lose, retry
from nsbench.study.trials.trial_state import APART, CONFIRMS, CUT_OFF_AT, END_REASON, GROUP, RETRY_OF, RUN_ID
from nsbench.study.workers.directive import CONTINUE, PRUNE, STOP, Directive
from nsbench.study.workers.job import Outcome, RunObserver, TrainJob
from nsbench.terms import CUT_OFF


@final
@dataclass
class TrialAssignment:
    """A running trial.

    It may be taken away: whoever believes its coordinator dead fails it and begins another one for it. From then on the run is
    sent the directive to stop, and its result isn't taken.

    Attributes:
        study: Its study.
        storage: Where that is.
        trial: The trial.
        job: What is trained.
        has_ended: Whether it is out of the worker's hands.
        half: The group in which it is tried again if there isn't memory enough for the one that it is in; None: it is alone.
    """

    study: Study
    storage: RetryingStorage
    trial: Trial
    job: TrainJob
    has_ended: bool = False
    half: int | None = None

    @property
    def first_number(self) -> int:
        """The number of the first trial of its point."""
        return int(self.trial.user_attrs.get(RETRY_OF, self.trial.number))

    @property
    def observers(self) -> Sequence[RunObserver]:
        """Itself: a trial is one run."""
        return (self,)

    def join(self, group: int, half: int) -> None:
        """Notes with whom it is trained, so that it is tried again with the same."""
        self.half = half
        self._note(GROUP, group)

    def renew_heartbeat(self) -> None:
        """Shows other machines that the trial is being worked on."""
        self._note(HEARTBEAT, int(time.time()))

    def started(self, run_id: str | None) -> None:
        """Ties the trial to its run before anything is trained."""
        try:
            self.trial.set_user_attr(RUN_ID, run_id)
            if self.job.request.refusal:
                self.trial.set_user_attr(END_REASON, self.job.request.refusal)
                self._tell(TrialState.PRUNED)
        except UpdateFinishedTrialError:
            return

    def validated(self, epoch: int, metrics: Mapping[str, float]) -> Directive:
        """Reports the objective to Optuna and asks whether to go on; without such a metric the run itself fails."""
        value = metrics.get(self.job.request.objective)
        if value is None:
            return CONTINUE
        try:
            self.trial.report(value, epoch)
            # What a point reaches with another seed is wanted whole.
            if CONFIRMS in self.trial.user_attrs or not self.trial.should_prune():
                return CONTINUE
        except UpdateFinishedTrialError:
            return STOP
        return PRUNE if self._tell(TrialState.PRUNED) else STOP

    def finishing(self, metrics: Mapping[str, float]) -> Directive:
        """Reports the result to Optuna; one that is not a number is refused."""
        objective = self.job.request.objective
        value = metrics.get(objective, math.nan)
        if math.isnan(value):
            return Directive("reject", f"{objective} is undefined: no validation interaction could be ranked")
        if metrics.get(CUT_OFF) and self.job.settings.training.patience:
            self._note(CUT_OFF_AT, self.job.settings.training.max_epochs)
        return CONTINUE if self._tell(TrialState.COMPLETE, value) else STOP

    def ended(self, outcome: Outcome) -> None:
        """Reports to Optuna a trial without a result; results have been reported before."""
        self.has_ended = True
        if outcome.state in ("finished", "pruned"):
            return
        with self.storage.locked(self.study.study_name):
            # What is too much for all of them may be enough for some.
            is_apart = self.half is not None and OUT_OF_MEMORY in outcome.reason
            if is_apart:
                self._note(GROUP, self.half)
            trial = self.study.get_trials(deepcopy=False)[self.trial.number]
            if trial.state is not TrialState.RUNNING:
                return
            if outcome.state == "orphaned" and not is_apart:
                lose(self.study, self.storage, trial, outcome.reason)
                return
            if outcome.state == "interrupted" or is_apart:
                retry(self.study, trial, orphaned=False)
            reason = f"{APART}: {outcome.reason}" if is_apart else outcome.reason
            fail(self.study, self.storage, trial.number, reason)

    def _note(self, name: str, value: int | None) -> None:
        """Writes an attribute of the trial, unless it was taken away; the run receives the directive at its next report."""
        with suppress(UpdateFinishedTrialError):
            self.trial.set_user_attr(name, value)

    def _tell(self, state: TrialState, value: float | None = None) -> bool:
        """Ends the trial, and returns whether it was still running."""
        with self.storage.locked(self.study.study_name):
            try:
                self.study.tell(self.trial, value, state)
            except (UpdateFinishedTrialError, ValueError):
                return False
        return True

"""Puts right what dead processes left: trials that seem to run, and runs that nobody will close.

Optuna is the judge. Before a run is marked as finished or pruned its trial has that state in Optuna, with everything recorded; so
a run that was left open is closed as its trial ended, and a trial that was left running has no result: it is failed and its
point tried again.
"""

import logging
import time
from collections.abc import Collection
from contextlib import suppress
from typing import final

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nsbench.errors import StoreOutage, TrackingError
from nsbench.files.home import Home
from nsbench.study.claim import LONG_GRACE_S, claims_name, read_claims, run_name
from nsbench.study.search.plan import StudyPlan, load_study
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.trials.checkpoint_cleanup import remove_spent
from nsbench.study.trials.heartbeat import GRACE_S, Heartbeats
from nsbench.study.trials.trial_failure import lose
from nsbench.study.trials.trial_state import END_REASON, GIVEN_UP, LOST, RUN_ID, status_of
from nsbench.study.workers.directive import PRUNED_REASON
from nsbench.study.workers.job import Outcome
from nsbench.study.workers.process_id import OWNER, is_dead, this_process
from nsbench.terms import PRUNED, RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import StoredRun
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker

_SEND_EVERY_S = 10.0
_LISTED_KINDS = (RunKind.TRIAL, RunKind.REPEAT, RunKind.BASELINE, RunKind.ABLATION)

_log = logging.getLogger(__name__)


@final
class Reconciler:
    """Puts right the trials and runs of dead processes.

    Args:
        home: Where the runs are recorded.
        tracker: Closes runs.
        storage: Where the studies are.
        grace_s: How long a coordinator of another machine may go without a heartbeat.
    """

    def __init__(self, home: Home, tracker: MlflowTracker, storage: RetryingStorage, grace_s: float = GRACE_S) -> None:
        self._home = home
        self._tracker = tracker
        self._storage = storage
        self._grace_s = grace_s
        self._heartbeats: dict[str, Heartbeats] = {}
        self._next_send = 0.0

    def reconcile(self, study: Study, plan: StudyPlan) -> None:
        """Fails every trial of a study whose coordinator is dead, queues its point, and closes its run.

        Checkpoints on this machine that the study's failed trials left are deleted.
        """
        heartbeats = self._heartbeats.setdefault(plan.name, Heartbeats(self._grace_s))
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        orphaned = {trial.number for trial in running if heartbeats.is_orphaned(trial)}
        if orphaned:
            self._orphan(study, plan, orphaned)
        remove_spent(self._home, plan, study.get_trials(deepcopy=False, states=(TrialState.FAIL,)))

    def poll(self) -> None:
        """Sends what waits for a tracking store that was out, as soon as it is back."""
        now = time.monotonic()
        if now >= self._next_send:
            self._next_send = now + _SEND_EVERY_S
            with suppress(StoreOutage):
                self._tracker.send_waiting()

    def close_run(self, run_id: str, outcome: Outcome) -> None:
        """Ends a run whose process can't do it any more; where that fails, the next command does it."""
        try:
            match outcome.state:
                case "finished":
                    self._tracker.finish_run(run_id)
                case "pruned":
                    self._tracker.stop_run(run_id, "KILLED", f"{PRUNED}: {outcome.reason}")
                case "failed":
                    self._tracker.stop_run(run_id, "FAILED", outcome.reason)
                case "interrupted" | "orphaned":
                    self._tracker.stop_run(run_id, "KILLED", outcome.reason)
        except TrackingError as error:
            _log.warning("run %s stays open until the next command on its dataset: %s", run_id, error)

    def close_open_runs(self, dataset: str) -> None:
        """Closes all runs of a dataset that seem to run but whose trial has ended or whose coordinator is gone.

        Call it while no worker of this process has a job: then this process's own runs can't be running either.

        Raises:
            TrackingError: The store can't be read or written.
        """
        trials: dict[str, list[FrozenTrial]] = {}
        for run in self._open_runs(dataset):
            if run.study is not None and run.study not in trials:
                study = load_study(run.study, self._storage)
                trials[run.study] = [] if study is None else study.get_trials(deepcopy=False)
            outcome = _outcome_by_trial(run, trials.get(run.study or "", [])) or _outcome_by_owner(run)
            outcome = outcome or self._outcome_by_claim(run)
            if outcome is not None:
                self.close_run(run.run_id, outcome)

    def _outcome_by_claim(self, run: StoredRun) -> Outcome | None:
        """How an open repeat of another machine ends whose process has lost its claim, or has no heartbeat; else None.

        Here the other machine's clock is compared with this one's: the look is one only, so the grace is a long one, and
        a repeat that goes on all the same is marked as finished when it is.
        """
        owner = run.tags.get(OWNER)
        if run.kind is not RunKind.REPEAT or owner is None:
            return None
        name = claims_name(run.dataset, run.dataset_hash, run.sampler, run.fingerprint, run.protocol)
        study = load_study(name, self._storage)
        claim = None if study is None else read_claims(study).get(run_name(run.seed))
        if claim is None:
            return None
        is_held = claim.owner == owner and claim.state == "running"
        is_alive = is_held and time.time() - claim.sign < LONG_GRACE_S
        return None if is_alive else Outcome("interrupted", LOST)

    def _orphan(self, study: Study, plan: StudyPlan, orphaned: Collection[int]) -> None:
        with self._storage.locked(plan.name):
            for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
                if trial.number in orphaned:
                    lose(study, self._storage, trial, LOST)
        self._close_runs_of(study, plan)

    def _close_runs_of(self, study: Study, plan: StudyPlan) -> None:
        try:
            trials = study.get_trials(deepcopy=False)
            for run in self._open_runs(plan.dataset, plan.name):
                outcome = _outcome_by_trial(run, trials)
                if outcome is not None:
                    self.close_run(run.run_id, outcome)
        except TrackingError as error:
            _log.warning("%s: runs of lost trials stay open until the next command: %s", plan.name, error)

    def _open_runs(self, dataset: str, study: str | None = None) -> list[StoredRun]:
        reader = open_store(self._home).reader()
        if dataset not in reader.datasets():
            return []
        kinds = (RunKind.TRIAL,) if study is not None else _LISTED_KINDS
        return [run for run in reader.runs(dataset, kinds, study=study) if run.status == "RUNNING"]


def _outcome_by_trial(run: StoredRun, trials: list[FrozenTrial]) -> Outcome | None:
    """How a trial's open run is to end; None while its trial hasn't, or where the study isn't here.

    A living worker may be about to close the run itself, and then does the same once more.
    """
    trial = next((trial for trial in trials if run.kind is RunKind.TRIAL and trial.number == run.trial), None)
    if trial is None or not trial.state.is_finished():
        return None
    if trial.user_attrs.get(OWNER) != run.tags.get(OWNER):  # Of a study of the same name in another storage.
        return None
    if trial.user_attrs.get(RUN_ID) != run.run_id:
        return Outcome("interrupted", LOST)
    return _outcome_of_its_run(trial)


def _outcome_of_its_run(trial: FrozenTrial) -> Outcome:
    reason = trial.user_attrs.get(END_REASON, LOST)
    match status_of(trial):
        case "complete":
            return Outcome("finished")
        case "pruned":
            return Outcome("pruned", PRUNED_REASON)
        # Of a point that was given up the run was killed as those of the earlier attempts were.
        case "failed" if not reason.endswith(GIVEN_UP):
            return Outcome("failed", reason)
        case _:
            return Outcome("orphaned", reason)


def _outcome_by_owner(run: StoredRun) -> Outcome | None:
    """How the open run of a coordinator that is gone ends; None for others."""
    owner = run.tags.get(OWNER)
    is_over = owner is not None and (owner == this_process() or is_dead(owner))
    return Outcome("interrupted", LOST) if is_over else None

"""Puts right what dead processes left: trials that seem to run, and runs that nobody will close.

Optuna is the judge of a trial, MLflow of its result: a trial whose run had finished takes its result over, every other one
is failed and tried again. Only processes of this machine are judged; a trial of another machine is left to it.
"""

import logging
from datetime import datetime, timedelta
from typing import final

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nsbench.home import Home
from nsbench.study.job import Ending
from nsbench.study.ledger import END_REASON, LOST
from nsbench.study.owner import OWNER, is_dead, this_process
from nsbench.study.plan import ORIGIN, StudyPlan
from nsbench.terms import RunKind
from nsbench.tracking.mlflow_reader import open_reader
from nsbench.tracking.mlflow_store import MlflowTracker
from nsbench.tracking.stored_run import StoredRun

RETRY_OF = "nsbench.retry_of"
"""The attribute of a trial that tries a lost one's point again: the number of the first that had the point."""

ATTEMPT = "nsbench.attempt"

_MOST_ATTEMPTS = 3
_UNOWNED_GRACE = timedelta(seconds=10)
"""A trial without an owner began this moment, or its process died in that moment."""

_log = logging.getLogger(__name__)


@final
class Reconciler:
    """Puts right the trials and runs of dead processes.

    Args:
        home: Where the runs are recorded.
        tracker: Closes runs.
        storage: Where the studies are.
    """

    def __init__(self, home: Home, tracker: MlflowTracker, storage: BaseStorage) -> None:
        self._home = home
        self._tracker = tracker
        self._storage = storage

    def close_run(self, run_id: str, ending: Ending) -> None:
        """Ends a run whose process can't do it any more."""
        self._tracker.stop_run(run_id, "FAILED" if ending.state == "failed" else "KILLED", ending.reason)

    def close_lost_runs(self, dataset: str) -> None:
        """Marks as killed all runs of a dataset that seem to run but whose process is gone.

        Call it while no worker of this process has a job: then this process's own runs can't be running either.
        """
        reader = open_reader(self._home)
        if dataset not in reader.datasets():
            return
        for run in reader.runs(dataset, (RunKind.TRIAL, RunKind.REPEAT, RunKind.BASELINE)):
            owner = run.tags.get(OWNER)
            if run.status == "RUNNING" and owner is not None and (owner == this_process() or is_dead(owner)):
                self._tracker.stop_run(run.run_id, "KILLED", LOST)

    def reconcile_trials(self, study: Study, plan: StudyPlan) -> None:
        """Ends every trial whose process is gone, with its run's result or as lost."""
        lost = [t for t in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)) if _is_lost(t)]
        if not lost:
            return
        reader = open_reader(self._home)
        known = plan.dataset in reader.datasets()
        runs = reader.runs(plan.dataset, (RunKind.TRIAL,), study=plan.name) if known else ()
        for trial in lost:
            run = next((run for run in runs if run.trial == trial.number), None)
            value = run.metrics.get(plan.objective) if run is not None and run.status == "FINISHED" else None
            if value is not None:
                _take_over(study, trial, value)
            else:
                self._give_up(study, trial, run)

    @staticmethod
    def retry(study: Study, trial: FrozenTrial) -> None:
        """Queues the point of a lost trial, so that the search goes on as it would have; at most three times."""
        attempt = int(trial.user_attrs.get(ATTEMPT, 1)) + 1
        point = trial.params or trial.system_attrs.get("fixed_params", {})
        if not point or attempt > _MOST_ATTEMPTS:
            return
        first = trial.user_attrs.get(RETRY_OF, trial.number)
        kept = {ORIGIN: trial.user_attrs[ORIGIN]} if ORIGIN in trial.user_attrs else {}
        study.enqueue_trial(point, user_attrs={**kept, RETRY_OF: first, ATTEMPT: attempt})

    def _give_up(self, study: Study, trial: FrozenTrial, run: StoredRun | None) -> None:
        """Fails a lost trial and its run, and queues its point."""
        study_id = self._storage.get_study_id_from_name(study.study_name)
        trial_id = self._storage.get_trial_id_from_study_id_trial_number(study_id, trial.number)
        try:
            self._storage.set_trial_user_attr(trial_id, END_REASON, LOST)
            study.tell(trial.number, state=TrialState.FAIL)
        except (UpdateFinishedTrialError, ValueError):  # Another process was first.
            return
        if run is not None and run.status == "RUNNING":
            self._tracker.stop_run(run.run_id, "KILLED", LOST)
        self.retry(study, trial)
        _log.info("%s: trial %d was lost; it is tried again", study.study_name, trial.number)


def _is_lost(trial: FrozenTrial) -> bool:
    owner = trial.user_attrs.get(OWNER)
    if owner is not None:
        return is_dead(owner)
    began = trial.datetime_start
    return began is not None and datetime.now(began.tzinfo) - began > _UNOWNED_GRACE


def _take_over(study: Study, trial: FrozenTrial, value: float) -> None:
    try:
        study.tell(trial.number, value)
    except (UpdateFinishedTrialError, ValueError):  # Another process was first.
        return
    _log.info("%s: trial %d had finished; its result is taken over", study.study_name, trial.number)

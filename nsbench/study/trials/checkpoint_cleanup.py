"""Checkpoints of trials that have failed: their points are never trained again."""

import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from optuna.trial import FrozenTrial

from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.study.search.plan import StudyPlan
from nsbench.study.trials.trial_state import seed_of, status_of
from nsbench.training.checkpoint.training_checkpoint import Checkpoints, TrainingIdentity

_log = logging.getLogger(__name__)


def remove_spent(home: Home, plan: StudyPlan, trials: Sequence[FrozenTrial]) -> None:
    """Deletes what failed trials of a study left in a home; a worker that failed in good order has done so itself.

    A checkpoint that was written after the trial's end is another training's, which was asked for the very same.

    Args:
        home: Where this machine's workers keep checkpoints.
        plan: What the study is of.
        trials: All trials of the study.
    """
    if not home.checkpoints.is_dir():
        return
    for trial in trials:
        if status_of(trial) != "failed" or trial.datetime_complete is None:
            continue
        path = _checkpoint_of(trial, plan, home)
        if path is not None and path.exists() and path.stat().st_mtime < trial.datetime_complete.timestamp():
            _log.info("%s: trial %d has failed; its checkpoint %s is deleted", plan.name, trial.number, path)
            shutil.rmtree(path.parent, ignore_errors=True)


def _checkpoint_of(trial: FrozenTrial, plan: StudyPlan, home: Home) -> Path | None:
    """Where the trial's training is kept; None for settings that can't be trained."""
    try:
        settings = plan.settings(trial.params)
    except SettingsError:
        return None
    identity = TrainingIdentity(
        settings=[settings.fingerprint()],
        dataset=plan.dataset_hash,
        seeds=[seed_of(trial, plan.seed)],
        objectives=[plan.objective],
        device="any",
    )
    return Checkpoints(home.checkpoints).of(identity).path

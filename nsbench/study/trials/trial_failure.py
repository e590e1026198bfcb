"""How a trial ends without a result, and how its point is tried again."""

import logging
from collections.abc import Sequence

from optuna.exceptions import UpdateFinishedTrialError
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nsbench.study.search.plan import ORIGIN
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.trials.trial_state import (
    ATTEMPT,
    CONFIRMS,
    CONTINUES,
    END_REASON,
    GIVEN_UP,
    GROUP,
    MOST_ORPHANED,
    N_ORPHANED,
    RETRY_OF,
    cut_off_below,
    is_queued,
)

_log = logging.getLogger(__name__)


def fail(study: Study, storage: RetryingStorage, number: int, reason: str) -> bool:
    """Fails a running trial with a reason, and returns whether it was still running; hold the study's lock."""
    study_id = storage.get_study_id_from_name(study.study_name)
    trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, number)
    try:
        # The reason goes first: a trial that has ended can't be given one.
        storage.set_trial_user_attr(trial_id, END_REASON, reason)
        study.tell(number, state=TrialState.FAIL)
    except (UpdateFinishedTrialError, ValueError):  # Another process was first.
        return False
    return True


def lose(study: Study, storage: RetryingStorage, trial: FrozenTrial, reason: str) -> None:
    """Ends a running trial whose coordinator or worker died, so that its point is tried again; hold the study's lock.

    Args:
        study: The study.
        storage: Where it is.
        trial: The trial.
        reason: What is known of the death.
    """
    is_tried_again = retry(study, trial, orphaned=True)
    fail(study, storage, trial.number, reason if is_tried_again else reason + GIVEN_UP)
    what = "tried again" if is_tried_again else "given up"
    _log.warning("%s: trial %d was lost (%s); its point is %s", study.study_name, trial.number, reason, what)


def retry(study: Study, trial: FrozenTrial, *, orphaned: bool) -> bool:
    """Queues the point of a trial that was lost or interrupted, so that the search goes on as it would have.

    Who was told to stop may be told so again and again; a point whose coordinator or worker died three times without a word may
    be what kills it, and is given up. Do so before the trial is failed, and hold the study's lock: who dies in between leaves
    a running trial, and the next one finds the attempt queued. The dead run's id is not taken along.

    Args:
        study: The study.
        trial: The trial, running.
        orphaned: Whether its coordinator or worker died, rather than was stopped.

    Returns:
        Whether the point is not given up.
    """
    attempt = int(trial.user_attrs.get(ATTEMPT, 1)) + 1
    n_orphaned = int(trial.user_attrs.get(N_ORPHANED, 0)) + orphaned
    point = trial.params or trial.system_attrs.get("fixed_params", {})
    first = trial.user_attrs.get(RETRY_OF, trial.number)
    if n_orphaned >= MOST_ORPHANED:
        return False
    # Without a point it died before it had one: nothing is lost.
    if not point or is_queued(study.get_trials(deepcopy=False), first, attempt):
        return True
    kept = {name: trial.user_attrs[name] for name in (ORIGIN, GROUP, CONTINUES, CONFIRMS) if name in trial.user_attrs}
    if GROUP in kept and n_orphaned == MOST_ORPHANED - 1:
        # The last attempt is made alone: a point that kills takes no others along.
        kept[GROUP] = first
    study.enqueue_trial(point, user_attrs={**kept, RETRY_OF: first, ATTEMPT: attempt, N_ORPHANED: n_orphaned})
    return True


def go_on(study: Study, storage: RetryingStorage, max_epochs: int) -> int:
    """Queues the trials that were cut off at fewer epochs than they may take now, with the seeds that they had.

    Returns:
        How many there are.
    """
    with storage.locked(study.study_name):
        trials = study.get_trials(deepcopy=False)
        cut_off = cut_off_below(trials, max_epochs)
        for trial in cut_off:
            first, attempt = trial.user_attrs.get(RETRY_OF, trial.number), _attempts(trials, trial) + 1
            attrs = {RETRY_OF: first, ATTEMPT: attempt, CONTINUES: trial.number}
            attrs |= {name: trial.user_attrs[name] for name in (CONFIRMS,) if name in trial.user_attrs}
            study.enqueue_trial(trial.params, user_attrs=attrs)
    return len(cut_off)


def _attempts(trials: Sequence[FrozenTrial], trial: FrozenTrial) -> int:
    """The latest attempt at the trial's point."""
    first = trial.user_attrs.get(RETRY_OF, trial.number)
    return max((int(one.user_attrs[ATTEMPT]) for one in trials if one.user_attrs.get(RETRY_OF) == first), default=1)

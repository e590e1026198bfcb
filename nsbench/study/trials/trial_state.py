"""Counts a study's trials: which are finished, which place is free, which trial is one too many.

Pure functions of the trials, so that every process on a study comes to the same answer without a lock.
"""

from collections.abc import Sequence
from typing import Literal

from optuna.trial import FrozenTrial, Trial, TrialState

from nsbench.seeding import derive_seed
from nsbench.study.search.plan import DEFAULTS, ORIGIN
from nsbench.study.workers.pool import WORKER_LOST

END_REASON = "nsbench.end_reason"
"""The attribute of a failed trial that says why."""

RETRY_OF = "nsbench.retry_of"
"""The attribute of a trial that tries a lost one's point again: the number of the first that had the point."""

ATTEMPT = "nsbench.attempt"
"""The attribute of such a trial that counts the attempts, from 2."""

N_ORPHANED = "nsbench.n_lost"
"""The attribute of such a trial that counts the attempts whose coordinator or worker died without a word."""

GROUP = "nsbench.group"
"""The attribute of a trial that is trained side by side with others: the number of the first of them, or of the one that
that one tries again."""

RUN_ID = "nsbench.run_id"
"""The attribute of a trial that holds its MLflow run's id."""

CUT_OFF_AT = "nsbench.cut_off_at"
"""The attribute of a complete trial whose training might have got better with more epochs: its max_epochs."""

CONTINUES = "nsbench.continues"
"""The attribute of a trial that goes on with one that was cut off: that one's number."""

CONFIRMS = "nsbench.confirms"
"""The attribute of a trial that trains one of the best points with a fresh seed: the number of that point's first trial."""

SURPLUS = "surplus"
"""The reason of a trial that was begun when all places were taken; it trained nothing and counts for nothing."""

LOST = "its process ended without a word"
"""The reason of a trial whose leading process died."""

MOST_ORPHANED = 3
"""As often a process may die over the same point or run; then that may be what kills it, and it is given up as failed."""

GIVEN_UP = f"; lost {MOST_ORPHANED} times, it is given up"
"""How the reason of one that was given up so ends."""

INTERRUPTED = "interrupted"
"""The reason of a trial that was stopped."""

APART = "to be tried again with fewer beside it"
"""How the reason of a trial begins that didn't find enough memory beside others; it says nothing against the trial alone."""

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)
"""A pruned trial is a finished one: it has said what it had to say."""

TrialStatus = Literal["complete", "pruned", "failed", "orphaned", "surplus", "running", "waiting"]


def seed_of(trial: Trial | FrozenTrial, root_seed: int) -> int:
    """The seed that a trial is trained with: a point that is tried again has the one that it had before."""
    return derive_seed(root_seed, "trial", trial.user_attrs.get(RETRY_OF, trial.number))


def n_finished(trials: Sequence[FrozenTrial]) -> int:
    """Trials that are finished: complete or pruned, and not resumed."""
    replaced = resumed_trials(trials)
    return sum(trial.state in FINISHED and trial.number not in replaced for trial in trials)


def resumed_trials(trials: Sequence[FrozenTrial]) -> set[int]:
    """The numbers of trials that were cut off and that others go on with, or went on with until they finished or were pruned."""
    continuing = (TrialState.WAITING, TrialState.RUNNING, *FINISHED)
    return {
        int(trial.user_attrs[CONTINUES])
        for trial in trials
        if CONTINUES in trial.user_attrs and trial.state in continuing
    }


def cut_off_below(trials: Sequence[FrozenTrial], max_epochs: int) -> list[FrozenTrial]:
    """The trials that were cut off at fewer epochs than there are now, and that no other trial goes on with."""
    begun = {trial.user_attrs.get(CONTINUES) for trial in trials if trial.state is not TrialState.FAIL}
    return [
        trial
        for trial in trials
        if trial.state is TrialState.COMPLETE
        and trial.user_attrs.get(CUT_OFF_AT, max_epochs) < max_epochs
        and trial.number not in begun
    ]


def has_free_place(trials: Sequence[FrozenTrial], n_planned: int) -> bool:
    """Whether another trial may begin: those that run are taken to finish."""
    n_running = sum(trial.state is TrialState.RUNNING for trial in trials)
    return n_finished(trials) + n_running < n_planned


def is_surplus(number: int, trials: Sequence[FrozenTrial], n_planned: int) -> bool:
    """Whether a trial that has just begun must step back.

    Where no lock keeps them apart, two processes may see the last free place at once and both begin; the later number steps
    back, and so does a second trial of the defaults or of the same attempt at a point. Numbers are given out in order, so the
    last trial to finish has counted all the others: they can't be more than planned.

    Args:
        number: The number of the trial that asks, which is running.
        trials: All trials, read after it began.
        n_planned: Finished trials wanted in the end.
    """
    # A trial that waits to be taken up again will run, and doesn't count the ones after it when it does.
    active = (TrialState.RUNNING, TrialState.WAITING)
    n_before = sum(trial.state in active and trial.number < number for trial in trials)
    if n_finished(trials) + n_before >= n_planned:
        return True
    own = next(trial for trial in trials if trial.number == number)
    return any(
        _is_twin(own, trial) and trial.number < number and trial.state is not TrialState.FAIL for trial in trials
    )


def is_queued(trials: Sequence[FrozenTrial], first: int, attempt: int) -> bool:
    """Whether an attempt at a point has been queued, or more than that.

    Args:
        trials: All trials.
        first: The number of the first trial of the point.
        attempt: The attempt, from 2.
    """
    return any((trial.user_attrs.get(RETRY_OF), trial.user_attrs.get(ATTEMPT)) == (first, attempt) for trial in trials)


def _is_twin(one: FrozenTrial, other: FrozenTrial) -> bool:
    """Whether two trials were queued for the same reason: the defaults, or the same attempt at a point."""
    own, others = one.user_attrs, other.user_attrs
    if own.get(ORIGIN) == others.get(ORIGIN) == DEFAULTS:
        return CONTINUES not in own and CONTINUES not in others
    return RETRY_OF in own and (own[RETRY_OF], own.get(ATTEMPT)) == (others.get(RETRY_OF), others.get(ATTEMPT))


def status_of(trial: FrozenTrial) -> TrialStatus:
    """What became of a trial.

    One that was interrupted, or whose process died, is lost and not failed: it says nothing against its settings, until that
    has happened so often that it is given up.
    """
    match trial.state:
        case TrialState.COMPLETE:
            return "complete"
        case TrialState.PRUNED:
            return "pruned"
        case TrialState.RUNNING:
            return "running"
        case TrialState.WAITING:
            return "waiting"
    reason = trial.user_attrs.get(END_REASON, "")
    if reason == SURPLUS:
        return "surplus"
    is_orphaned = reason in (LOST, INTERRUPTED) or reason.startswith((WORKER_LOST, APART))
    return "orphaned" if is_orphaned and not reason.endswith(GIVEN_UP) else "failed"

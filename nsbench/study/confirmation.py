"""Trains the best few points of a study with fresh seeds before one of them is called the best.

A single trial that leads may lead by luck: the best of twenty noisy values overstates its point. So when the search has ended,
its best points are trained until each has had SEEDS seeds, and their means decide.
"""

from collections.abc import Sequence

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from nsbench.study.best_trial import BestPoint, ranked_points
from nsbench.study.search.plan import ORIGIN
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.trials.trial_state import CONFIRMS, n_finished

SEEDS = 3
"""Seeds of each point that is confirmed, that of its trial in the search included."""

N_POINTS = 3
"""Points that are confirmed by default."""

FEWEST_TRIALS = 10
"""Studies of fewer trials confirm none by default: it would take more trials than the search."""

_CONFIRMATION = "confirmation"
_N_POINTS = "nsbench.n_confirmed"
_MOST_ROUNDS = 2
"""So many times the trials of the first round are made at most."""


def n_points_of(n_trials: int) -> int:
    """How many points a study of this many trials confirms by default."""
    return N_POINTS if n_trials >= FEWEST_TRIALS else 0


def n_trials_in_all(n_trials: int, n_points: int | None = None) -> int:
    """Trials of a study in the end, those that confirm included, if one round of them does.

    >>> n_trials_in_all(20), n_trials_in_all(6), n_trials_in_all(6, 2)
    (26, 6, 10)
    """
    return n_trials + (n_points_of(n_trials) if n_points is None else n_points) * (SEEDS - 1)


def note_n_points(study: Study, storage: RetryingStorage, n_points: int) -> None:
    """Notes how many points are confirmed, so that all who work on the study do alike; of several commands the largest counts."""
    with storage.locked(study.study_name):
        if n_points > _n_points(study):
            study.set_user_attr(_N_POINTS, n_points)


def n_confirming(trials: Sequence[FrozenTrial]) -> int:
    """The trials that confirm points, whether they wait, run or have finished."""
    return sum(CONFIRMS in trial.user_attrs and trial.state is not TrialState.FAIL for trial in trials)


def queue_confirmations(study: Study, storage: RetryingStorage, n_searched: int) -> int:
    """Queues what is missing of the confirmations once the search has ended, and gives the number of trials.

    Args:
        study: The study.
        storage: Where it is.
        n_searched: Finished trials that the search is to have.
    """
    n_points = _n_points(study)
    if not n_points:
        return 0
    with storage.locked(study.study_name):
        trials = study.get_trials(deepcopy=False)
        if not _has_ended(trials, n_searched):
            return 0
        missing = missing_seeds(trials, n_points)
        for point, n_seeds in missing:
            for _ in range(n_seeds):
                study.enqueue_trial(dict(point.params), user_attrs={ORIGIN: _CONFIRMATION, CONFIRMS: point.trials[0]})
    return sum(n_seeds for _, n_seeds in missing)


def missing_seeds(trials: Sequence[FrozenTrial], n_points: int) -> list[tuple[BestPoint, int]]:
    """The best points that have had too few seeds, with the number of those that they lack.

    After the first round only the best one counts: others may have lost their luck, and it may never have been confirmed.
    """
    n_made = sum(CONFIRMS in trial.user_attrs for trial in trials)
    most = _MOST_ROUNDS * n_points * (SEEDS - 1) - n_made
    found = []
    for point in ranked_points(trials)[: 1 if n_made else n_points]:
        n_seeds = min(SEEDS - len(point.trials), most)
        if n_seeds > 0:
            found.append((point, n_seeds))
            most -= n_seeds
    return found


def _has_ended(trials: Sequence[FrozenTrial], n_searched: int) -> bool:
    """Whether the search has all its trials, and nothing runs or waits."""
    is_open = any(trial.state in (TrialState.RUNNING, TrialState.WAITING) for trial in trials)
    return not is_open and n_finished(trials) >= n_searched + n_confirming(trials)


def _n_points(study: Study) -> int:
    return int(study.user_attrs.get(_N_POINTS, 0))

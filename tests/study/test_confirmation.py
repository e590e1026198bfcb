"""The best points of a study are trained with fresh seeds before one of them is called the best."""

from dataclasses import replace

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import TrialState, create_trial

from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.best_trial import best_point
from nsbench.study.confirmation import missing_seeds, n_points_of, n_trials_in_all
from nsbench.study.trials.trial_state import CONFIRMS, seed_of
from nsbench.study.workers.directive import CONTINUE
from tests.study.study_builder import finish, order_of

RATE = {"learning_rate": FloatDistribution(1e-4, 1e-2)}


def complete(*points: tuple[float, float], **attrs: object):
    trials = []
    for number, (rate, value) in enumerate(points):
        trial = create_trial(params={"learning_rate": rate}, distributions=RATE, value=value, user_attrs=dict(attrs))
        trial.number = number
        trials.append(trial)
    return trials


def test_the_best_points_lack_two_seeds_each():
    """Of four points the two best, .9 and .7; the first of them has been tried twice by the search itself."""
    trials = complete((1e-3, 0.8), (2e-3, 0.7), (3e-3, 0.1), (4e-3, 0.2), (1e-3, 1.0))
    found = [(point.trials, n_seeds) for point, n_seeds in missing_seeds(trials, 2)]
    assert found == [((0, 4), 1), ((1,), 2)]


def test_confirmations_come_to_an_end_however_the_points_change_places():
    """Two points may be confirmed with eight trials at most; six have been made, so that the next coordinator gets two."""
    confirmed = complete(*[(1e-3, 0.5)] * 3, *[(2e-3, 0.4)] * 3, **{CONFIRMS: 0})
    fresh = complete((3e-3, 0.9), (4e-3, 0.8))
    found = [(point.params["learning_rate"], n_seeds) for point, n_seeds in missing_seeds([*confirmed, *fresh], 2)]
    assert found == [(3e-3, 2)]


def test_few_trials_are_not_confirmed_by_default():
    assert [n_points_of(n) for n in (1, 9, 10, 100)] == [0, 0, 3, 3]
    assert [n_trials_in_all(20), n_trials_in_all(20, 0), n_trials_in_all(4), n_trials_in_all(4, 1)] == [26, 20, 4, 6]


def test_a_point_that_led_by_luck_loses_to_one_that_holds(session, dataset):
    """Values .4, .6 and .5; with fresh seeds the second falls to .3 and .3, the third stays at .5: means .4 and .5."""
    tuning = session.tuning(replace(order_of(3), n_confirmed=2), dataset)
    for value in (0.4, 0.6, 0.5):
        finish(tuning.next_assignment(), value)
    seeds = {seed_of(trial, 0) for trial in tuning.study.trials}
    confirmed = []
    while (assignment := tuning.next_assignment()) is not None:
        first = assignment.trial.user_attrs[CONFIRMS]
        confirmed.append(first)
        seeds.add(assignment.job.request.seed)
        finish(assignment, {1: 0.3, 2: 0.5}[first])
    assert sorted(confirmed) == [1, 1, 2, 2]
    assert len(seeds) == 3 + 4
    assert tuning.is_done
    assert (tuning.n_finished, tuning.n_planned) == (7, 7)
    best = best_point(tuning.study.trials)
    assert best is not None
    assert (best.trials[0], len(best.trials), best.value) == (2, 3, pytest.approx(0.5))


def test_confirmations_are_never_pruned(session, dataset):
    """Five trials reach .5 from epoch 1 to 6; a confirmation of the best that is at .1 then goes on all the same."""
    tuning = session.tuning(replace(order_of(6, max_epochs=20), n_confirmed=1), dataset)
    for _ in range(6):
        assignment = tuning.next_assignment()
        for epoch in (1, 5, 6):
            assert assignment.validated(epoch, {DEFAULT_OBJECTIVE: 0.5}) == CONTINUE
        finish(assignment, 0.5)
    confirmation = tuning.next_assignment()
    assert CONFIRMS in confirmation.trial.user_attrs
    assert confirmation.validated(6, {DEFAULT_OBJECTIVE: 0.1}) == CONTINUE
    assert confirmation.trial.study.trials[confirmation.trial.number].state is TrialState.RUNNING


def test_of_all_trials_those_that_confirm_a_point_keep_their_models(session, dataset):
    """Two trials are searched and the better one is confirmed twice."""
    tuning = session.tuning(replace(order_of(2), n_confirmed=1, keep_models="all"), dataset)
    kept = []
    for value in (0.4, 0.6, 0.5, 0.5):
        assignment = tuning.next_assignment()
        kept.append((CONFIRMS in assignment.trial.user_attrs, assignment.job.request.keep_model))
        finish(assignment, value)
    assert kept == [(False, "none")] * 2 + [(True, "all")] * 2

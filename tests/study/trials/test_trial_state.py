"""Which trial may begin, and which must step back."""

from optuna.trial import TrialState

from nsbench.study.search.plan import DEFAULTS, ORIGIN
from nsbench.study.trials.trial_state import (
    APART,
    ATTEMPT,
    CONTINUES,
    END_REASON,
    GIVEN_UP,
    INTERRUPTED,
    LOST,
    RETRY_OF,
    SURPLUS,
    has_free_place,
    is_queued,
    is_surplus,
    n_finished,
    resumed_trials,
    status_of,
)
from nsbench.study.workers.pool import WORKER_LOST
from tests.study.study_builder import trial_of

COMPLETE, PRUNED, RUNNING = TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING
WAITING, FAIL = TrialState.WAITING, TrialState.FAIL


def trials_of(*states):
    return [trial_of(number, state) for number, state in enumerate(states)]


def test_pruned_trials_are_finished_and_failed_ones_are_not():
    assert n_finished(trials_of(COMPLETE, PRUNED, FAIL, RUNNING, WAITING)) == 2


def test_a_trial_that_another_goes_on_with_counts_once_however_that_one_ends():
    """Trial 0 was cut off and trial 1 goes on with it: as long as 1 may tell more, 0 is no result of its own."""
    for state in (COMPLETE, PRUNED):
        trials = [trial_of(0, COMPLETE), trial_of(1, state, {CONTINUES: 0})]
        assert resumed_trials(trials) == {0}
        assert n_finished(trials) == 1
    assert resumed_trials([trial_of(0, COMPLETE), trial_of(1, FAIL, {CONTINUES: 0})]) == set()


def test_a_running_trial_takes_a_place():
    assert has_free_place(trials_of(COMPLETE, RUNNING, FAIL), n_planned=3)
    assert not has_free_place(trials_of(COMPLETE, RUNNING, PRUNED), n_planned=3)


def test_of_two_that_begin_on_the_last_place_the_later_steps_back():
    """Three planned, two finished: trials 2 and 3 begin at once."""
    trials = trials_of(COMPLETE, PRUNED, RUNNING, RUNNING)
    assert not is_surplus(2, trials, n_planned=3)
    assert is_surplus(3, trials, n_planned=3)


def test_a_waiting_trial_of_a_smaller_number_keeps_its_place():
    """Two planned: trial 1 waits to be tried again, so trial 2 would be the third with a result."""
    assert is_surplus(2, trials_of(COMPLETE, WAITING, RUNNING), n_planned=2)
    assert not is_surplus(2, trials_of(COMPLETE, WAITING, RUNNING), n_planned=3)


def test_the_defaults_are_tried_once():
    defaults = {ORIGIN: DEFAULTS}
    trials = [trial_of(0, RUNNING, defaults), trial_of(1, RUNNING, defaults)]
    assert not is_surplus(0, trials, n_planned=9)
    assert is_surplus(1, trials, n_planned=9)
    assert not is_surplus(1, [trial_of(0, FAIL, defaults), trials[1]], n_planned=9)


def test_the_same_attempt_at_a_point_is_made_once():
    """Two processes queued the second attempt at trial 0's point; the third attempt is another one."""
    second, third = {RETRY_OF: 0, ATTEMPT: 2}, {RETRY_OF: 0, ATTEMPT: 3}
    trials = [
        trial_of(0, FAIL),
        trial_of(1, RUNNING, second),
        trial_of(2, RUNNING, second),
        trial_of(3, RUNNING, third),
    ]
    assert [is_surplus(number, trials, n_planned=9) for number in (1, 2, 3)] == [False, True, False]
    assert is_queued(trials, first=0, attempt=2)
    assert not is_queued(trials, first=0, attempt=4)


def test_a_trial_that_was_interrupted_or_whose_process_died_is_lost_and_fails_when_it_is_given_up():
    reasons = {
        "a loss of nan": "failed",
        INTERRUPTED: "orphaned",
        SURPLUS: "surplus",
        LOST: "orphaned",
        f"{WORKER_LOST}: killed": "orphaned",
        f"{WORKER_LOST}: killed{GIVEN_UP}": "failed",
        f"{LOST}{GIVEN_UP}": "failed",
    }
    assert [status_of(trial_of(0, FAIL, {END_REASON: reason})) for reason in reasons] == list(reasons.values())


def test_a_trial_that_lacked_memory_beside_others_is_lost_and_not_failed():
    assert status_of(trial_of(0, FAIL, {END_REASON: f"{APART}: out of memory"})) == "orphaned"

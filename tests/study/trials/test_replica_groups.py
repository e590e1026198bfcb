"""Which trials are claimed for one worker; nothing is trained here."""

from dataclasses import replace

import pytest
from optuna.trial import TrialState

from nsbench.study.search.space import StudyFile
from nsbench.study.session import Session
from nsbench.study.trials.memory import refusal
from nsbench.study.trials.trial_assignment import TrialAssignment
from nsbench.study.trials.trial_state import GROUP, N_ORPHANED, RETRY_OF, status_of
from nsbench.study.workers.job import Outcome
from nsbench.study.workers.pool import WORKER_LOST
from nsbench.study.workers.process_id import OWNER
from tests.study.study_builder import finish, order_of
from tests.study.trials.test_reconcile import DEAD

NO_MEMORY = Outcome("failed", "out of memory; a smaller batch_size", may_do_apart=True)


def rates_order(n_trials, n_replicas=3, **values):
    """A study in which the learning rate alone is searched."""
    return replace(order_of(n_trials, n_negatives=20, **values), n_replicas=n_replicas)


def numbers_of(assignment):
    return [request.trial for request in assignment.job.requests]


def end(assignment, outcome):
    for run in assignment.observers:
        run.ended(outcome)


def finish_all(trials):
    for trial in trials:
        finish(trial, 0.5)


def test_trials_that_differ_in_the_learning_rate_make_one_job(session, dataset):
    """Six planned, so three at once: the first is the defaults', and each has its own rate and seed."""
    tuning = session.tuning(rates_order(6), dataset)
    group = tuning.next_assignment()
    settings = group.job.settings_of_runs()
    trials = tuning.study.trials
    assert numbers_of(group) == [0, 1, 2]
    assert [one.training.learning_rate for one in settings] == [trial.params["learning_rate"] for trial in trials]
    assert len({one.changed({"learning_rate": 0.1}).fingerprint() for one in settings}) == 1
    assert len({request.seed for request in group.job.requests}) == 3
    assert [trial.user_attrs[GROUP] for trial in trials] == [0, 0, 0]


def test_points_and_seeds_are_those_that_one_worker_without_replicas_would_get(session, dataset, tmp_path, monkeypatch):
    """Of the first ten trials, which TPE draws without looking at others."""
    found = []
    for n_replicas in (1, 3):
        monkeypatch.setenv("NSBENCH_STUDY_STORAGE", f"sqlite:///{tmp_path}/{n_replicas}.db")
        own = Session.open(session.home, session._pool)
        tuning = own.tuning(rates_order(6, n_replicas, name="same name"), dataset)
        seeds = []
        while (assignment := tuning.next_assignment()) is not None:
            seeds += [request.seed for request in assignment.job.requests]
            finish_all(assignment.observers)
        found.append(([trial.params for trial in tuning.study.trials], seeds))
    assert found[0] == found[1]
    assert len(found[0][1]) == 6


def test_no_more_are_claimed_than_are_planned(session, dataset):
    """Seven planned in threes, each when the one before has finished."""
    tuning = session.tuning(rates_order(7), dataset)
    groups = []
    while (group := tuning.next_assignment()) is not None:
        groups.append(numbers_of(group))
        finish_all(group.observers)
    assert groups == [[0, 1, 2], [3, 4, 5], [6]]
    assert tuning.is_done
    assert {trial.state for trial in tuning.study.trials} == {TrialState.COMPLETE}


def test_no_more_than_half_of_the_plan_is_proposed_without_its_results(session, dataset):
    """Of six, three at once although a worker could take twenty; what goes on counts, and a worker always gets one."""
    tuning = session.tuning(rates_order(6, n_replicas=20), dataset)
    assert numbers_of(tuning.next_assignment()) == [0, 1, 2]
    assert numbers_of(tuning.next_assignment()) == [3]


def test_workers_that_are_free_share_evenly(session, dataset):
    """Twelve planned, six at once, two workers."""
    tuning = session.tuning(rates_order(12, n_replicas=20), dataset)
    assert numbers_of(tuning.next_assignment(2)) == [0, 1, 2]
    assert numbers_of(tuning.next_assignment(1)) == [3, 4, 5]


def test_trials_that_differ_in_the_batch_size_are_not_put_together(session, dataset):
    """One worker is free: where another setting is searched, one is claimed; with four free, those that are alike."""
    file = StudyFile.model_validate({"search": {"batch_size": {"choices": [32, 64]}}})
    order = order_of(20, n_negatives=20)
    order = replace(order, file=file, n_replicas=3, values={k: v for k, v in order.values.items() if k != "batch_size"})
    tuning = session.tuning(order, dataset)
    assert numbers_of(tuning.next_assignment()) == [0]
    claimed = [tuning.next_assignment(n_free) for n_free in (4, 3, 2, 1)]
    sizes = [trial.params["batch_size"] for trial in tuning.study.trials]
    for one in claimed:
        assert len({sizes[number] for number in numbers_of(one)}) == 1
    assert sorted(number for one in claimed for number in numbers_of(one)) == list(range(1, len(sizes)))
    assert max(len(one.job.requests) for one in claimed) > 1
    # What was claimed has been given out.
    assert tuning._grouping.is_empty


def test_a_field_with_one_choice_is_not_searched(session, dataset):
    file = StudyFile.model_validate({"search": {"batch_size": {"choices": [32]}}})
    order = rates_order(6)
    order = replace(order, file=file, values={k: v for k, v in order.values.items() if k != "batch_size"})
    assert numbers_of(session.tuning(order, dataset).next_assignment()) == [0, 1, 2]


def test_without_replicas_every_trial_is_alone(session, dataset):
    tuning = session.tuning(rates_order(6, n_replicas=1), dataset)
    assignment = tuning.next_assignment(2)
    assert isinstance(assignment, TrialAssignment)
    assert len(tuning.study.trials) == 1
    assert GROUP not in tuning.study.trials[0].user_attrs


def test_trials_that_are_interrupted_come_together_again_with_their_points_and_seeds(session, dataset):
    order = rates_order(6)
    first = session.tuning(order, dataset).next_assignment()
    end(first, Outcome("interrupted", "interrupted"))
    again = session.tuning(order, dataset).next_assignment()
    assert numbers_of(again) == [3, 4, 5]
    assert again.job.settings_of_runs() == first.job.settings_of_runs()
    assert [one.seed for one in again.job.requests] == [one.seed for one in first.job.requests]


def test_trials_of_a_dead_coordinator_come_together_again_apart_from_new_ones(session, dataset):
    """Six planned in threes. Of 0 to 2, one was pruned: the other two are tried again, and new ones make another group."""
    order = rates_order(6)
    tuning = session.tuning(order, dataset)
    group = tuning.next_assignment()
    for one in group.observers:
        one.trial.set_user_attr(OWNER, DEAD)
    tuning.study.tell(1, state=TrialState.PRUNED)
    later = session.tuning(order, dataset)
    again = later.next_assignment()
    trials = later.study.trials
    assert [trial.state.name for trial in trials[:3]] == ["FAIL", "PRUNED", "FAIL"]
    assert [(trials[number].user_attrs[RETRY_OF], trials[number].user_attrs[N_ORPHANED]) for number in (3, 4)] == [
        (0, 1),
        (2, 1),
    ]
    assert numbers_of(again) == [3, 4]
    assert numbers_of(later.next_assignment()) == [5]


def test_a_group_that_is_lost_twice_comes_together_a_second_time(session, dataset):
    order = rates_order(6)
    for first in (0, 3, 6):
        group = session.tuning(order, dataset).next_assignment()
        assert numbers_of(group) == [first, first + 1, first + 2]
        end(group, Outcome("interrupted", "interrupted"))


def test_the_last_attempt_at_the_points_of_a_group_whose_workers_die_is_made_one_by_one(session, dataset):
    """Of three one kills: it dies with the others twice, then alone, and the others have a place."""
    died = Outcome("orphaned", f"{WORKER_LOST}: its process was killed by signal 9")
    tuning = session.tuning(rates_order(6), dataset)
    for first in (0, 3):
        group = tuning.next_assignment()
        assert numbers_of(group) == [first, first + 1, first + 2]
        end(group, died)
    alone = [tuning.next_assignment() for _ in range(3)]
    assert [numbers_of(one) for one in alone] == [[6], [7], [8]]
    alone[0].ended(died)
    finish_all(alone[1:])
    assert [status_of(trial) for trial in tuning.study.trials[6:9]] == ["failed", "complete", "complete"]


def test_a_trial_that_was_alone_is_tried_again_alone(session, dataset):
    """It was begun without replicas, and its checkpoint is of it alone."""
    order = rates_order(6, n_replicas=1)
    session.tuning(order, dataset).next_assignment().ended(Outcome("interrupted", "interrupted"))
    tuning = session.tuning(replace(order, n_replicas=3), dataset)
    assert numbers_of(tuning.next_assignment()) == [1]
    assert numbers_of(tuning.next_assignment()) == [2, 3]


def test_a_group_that_is_out_of_memory_is_tried_again_in_halves_down_to_one(session, dataset):
    """Five together, then two and three; then one alone fails, which is the only failure."""
    tuning = session.tuning(rates_order(10, n_replicas=5), dataset)
    five = tuning.next_assignment()
    points = [trial.params for trial in tuning.study.trials]
    end(five, NO_MEMORY)
    assert [status_of(trial) for trial in tuning.study.trials[:5]] == ["orphaned"] * 5
    assert refusal(five.job.settings, tuning.study.trials, tuning.plan) == ""
    two, three = tuning.next_assignment(2), tuning.next_assignment(1)
    assert [numbers_of(one) for one in (two, three)] == [[5, 6], [7, 8, 9]]
    assert [tuning.study.trials[number].params for number in range(5, 10)] == points
    end(two, NO_MEMORY)
    end(three, Outcome("interrupted", "interrupted"))
    one = tuning.next_assignment()
    assert numbers_of(one) == [10]
    end(one, NO_MEMORY)
    assert status_of(tuning.study.trials[10]) == "failed"
    assert tuning.study.trials[10].user_attrs[RETRY_OF] == 0


def test_a_group_whose_worker_the_kernel_kills_for_memory_is_tried_again_in_halves(session, dataset):
    tuning = session.tuning(rates_order(8, n_replicas=4), dataset)
    end(tuning.next_assignment(), Outcome("orphaned", f"{WORKER_LOST}: out of memory: the kernel killed its process"))
    assert [numbers_of(tuning.next_assignment()) for _ in range(2)] == [[4, 5], [6, 7]]
    assert [trial.user_attrs[N_ORPHANED] for trial in tuning.study.trials[4:8]] == [0] * 4


def test_what_would_run_out_of_memory_again_is_refused_and_has_nobody_beside_it(session, dataset):
    """The first trial fails for memory, alone: the others are as large."""
    order = rates_order(6, n_replicas=1)
    session.tuning(order, dataset).next_assignment().ended(NO_MEMORY)
    tuning = session.tuning(replace(order, n_replicas=3), dataset)
    refused = tuning.next_assignment()
    assert numbers_of(refused) == [1]
    assert refused.job.request.refusal.startswith("out of memory is to be expected")


def test_a_trial_of_a_group_that_fails_is_one_failure_and_the_others_go_on(session, dataset):
    """Three of a group fail for reasons of their own while two go on: that is no row of three failures."""
    tuning = session.tuning(rates_order(20, n_replicas=5), dataset)
    group = tuning.next_assignment()
    for number, one in enumerate(group.observers[:3]):
        one.ended(Outcome("failed", f"the loss is nan, {number}"))
    assert numbers_of(tuning.next_assignment()) == [5, 6, 7, 8, 9]
    finish_all(group.observers[3:])
    assert [trial.state.name for trial in tuning.study.trials[:5]] == ["FAIL"] * 3 + ["COMPLETE"] * 2


@pytest.mark.parametrize(("value", "action"), [(0.4, "prune"), (0.6, "continue")])
def test_a_trial_of_a_group_is_pruned_by_what_others_reached(session, dataset, value, action):
    """Five trials reach .5 at epoch 5 of 20, the first that is judged."""
    metric = "valid/all/hit_rate_at_10"
    tuning = session.tuning(rates_order(20, n_replicas=5, max_epochs=20), dataset)
    for one in tuning.next_assignment().observers:
        for epoch in (1, 5, 6):
            one.validated(epoch, {metric: 0.5})
        finish(one, 0.5)
    first, *others = tuning.next_assignment().observers
    first.validated(1, {metric: value})
    assert first.validated(6, {metric: value}).action == action
    assert {other.study.trials[other.trial.number].state.name for other in others} == {"RUNNING"}

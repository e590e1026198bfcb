"""Trials are claimed, counted and given up; nothing is trained here, a trial's result is made up."""

import os
import signal
from dataclasses import replace

import pytest
from optuna.trial import TrialState

from nsbench.errors import TrainingError
from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.search.plan import DEFAULTS, ORIGIN
from nsbench.study.search.space import StudyFile
from nsbench.study.trials.trial_state import END_REASON, INTERRUPTED, RETRY_OF, RUN_ID
from nsbench.study.workers.directive import CONTINUE, PRUNE
from nsbench.study.workers.job import Outcome
from nsbench.study.workers.process_id import OWNER, this_process
from tests.study.study_builder import finish, order_of


def states_of(tuning):
    return [trial.state.name for trial in tuning.study.trials]


def test_no_more_trials_begin_than_are_planned(session, dataset):
    """Three planned: with three begun there is no fourth, and none when they have finished."""
    tuning = session.tuning(order_of(3), dataset)
    begun = [tuning.next_assignment() for _ in range(3)]
    assert tuning.next_assignment() is None
    assert not tuning.is_done
    for assignment in begun:
        finish(assignment, 0.5)
    assert tuning.next_assignment() is None
    assert tuning.is_done


def test_a_failed_trial_is_made_up_for_and_a_pruned_one_counts(session, dataset):
    """Two planned: one pruned, one failed with its reason, so that one more is to be done."""
    tuning = session.tuning(order_of(2), dataset)
    first, second = tuning.next_assignment(), tuning.next_assignment()
    tuning.study.tell(first.trial.number, state=TrialState.PRUNED)
    second.ended(Outcome("failed", "the loss is nan"))
    assert (tuning.n_finished, tuning.is_done) == (1, False)
    finish(tuning.next_assignment(), 0.5)
    assert states_of(tuning) == ["PRUNED", "FAIL", "COMPLETE"]
    assert tuning.study.trials[1].user_attrs[END_REASON] == "the loss is nan"
    assert tuning.is_done


def test_the_same_command_goes_on_where_it_stopped(session, dataset):
    order = order_of(2)
    finish(session.tuning(order, dataset).next_assignment(), 0.5)
    again = session.tuning(order, dataset)
    finish(again.next_assignment(), 0.6)
    assert again.next_assignment() is None
    assert len(again.study.trials) == 2


def test_two_commands_on_a_study_share_its_places(session, dataset):
    order = order_of(3)
    one, other = session.tuning(order, dataset), session.tuning(order, dataset)
    begun = [one.next_assignment(), other.next_assignment(), one.next_assignment()]
    assert other.next_assignment() is None
    assert not other.is_done
    for assignment in begun:
        finish(assignment, 0.5)
    assert other.is_done
    assert [trial.user_attrs.get(ORIGIN) for trial in one.study.trials] == [DEFAULTS, None, None]


def test_an_interrupted_trial_is_tried_again_with_its_point_and_seed(session, dataset):
    tuning = session.tuning(order_of(1), dataset)
    first = tuning.next_assignment()
    first.ended(Outcome("interrupted", "interrupted"))
    again = session.tuning(order_of(1, name=tuning.title), dataset).next_assignment()
    assert again.job.settings == first.job.settings
    assert again.job.request.seed == first.job.request.seed
    assert again.job.request.trial == 1


def test_three_failures_in_a_row_end_the_study_with_the_last_reason(session, dataset):
    tuning = session.tuning(order_of(20), dataset)
    for number in range(3):
        tuning.next_assignment().ended(Outcome("failed", f"reason {number}"))
    with pytest.raises(TrainingError, match="3 in a row.*reason 2"):
        tuning.next_assignment()


def test_settings_that_do_not_go_together_fail_the_trial_with_the_reason(session, dataset):
    """Where at most 5 negatives are proposed, the 6 hardest of them or more can't be chosen."""
    search = {"n_negatives": {"low": 1, "high": 5}, "n_hardest": {"low": 6, "high": 9}}
    file = StudyFile.model_validate({"search": search})
    tuning = session.tuning(replace(order_of(20, sampler="adaptive"), file=file), dataset)
    with pytest.raises(TrainingError, match="n_hardest"):
        tuning.next_assignment()
    assert states_of(tuning) == ["FAIL"] * 3
    assert "only 5 negatives are proposed" in tuning.study.trials[0].user_attrs[END_REASON]


def test_an_undefined_objective_fails_the_trial(session, dataset):
    tuning = session.tuning(order_of(2), dataset)
    assignment = tuning.next_assignment()
    rejection = assignment.finishing({DEFAULT_OBJECTIVE: float("nan")})
    assert rejection.action == "reject"
    assignment.ended(Outcome("failed", rejection.reason))
    assert states_of(tuning) == ["FAIL"]
    assert DEFAULT_OBJECTIVE in tuning.study.trials[0].user_attrs[END_REASON]


def test_a_trial_worse_than_the_median_at_its_epoch_is_pruned(session, dataset):
    """Five trials reach .5 at epoch 5 of 20, the first that is judged; .4 is worse and .6 is not."""
    tuning = session.tuning(order_of(9, max_epochs=20), dataset)
    for _ in range(5):
        assignment = tuning.next_assignment()
        for epoch in (1, 5, 6):
            assert assignment.validated(epoch, {DEFAULT_OBJECTIVE: 0.5}) == CONTINUE
        finish(assignment, 0.5)
    worse, better = tuning.next_assignment(), tuning.next_assignment()
    assert worse.validated(1, {DEFAULT_OBJECTIVE: 0.4}) == CONTINUE
    assert worse.validated(6, {DEFAULT_OBJECTIVE: 0.4}) == PRUNE
    assert better.validated(6, {DEFAULT_OBJECTIVE: 0.6}) == CONTINUE
    assert worse.study.trials[worse.trial.number].state.name == "PRUNED"


def test_no_trial_begins_after_the_time_is_up(session, dataset):
    tuning = session.tuning(replace(order_of(3), timeout_s=0.0), dataset)
    assert tuning.next_assignment() is None
    assert tuning.is_done


def test_a_trial_holds_its_run_before_it_is_told_to_train(session, dataset):
    tuning = session.tuning(order_of(1), dataset)
    tuning.next_assignment().started("abc")
    assert tuning.study.trials[0].user_attrs[RUN_ID] == "abc"


def test_trials_that_no_worker_has_when_work_is_cut_off_are_tried_again(session, dataset):
    """Two are claimed and none ended: both fail as interrupted, and both points wait."""
    tuning = session.tuning(order_of(3), dataset)
    for _ in range(2):
        assert tuning.next_assignment() is not None
    tuning.let_go()
    tuning.let_go()
    trials = tuning.study.get_trials()
    assert [trial.state.name for trial in trials] == ["FAIL", "FAIL", "WAITING", "WAITING"]
    assert [trial.user_attrs[END_REASON] for trial in trials[:2]] == [INTERRUPTED] * 2
    assert [trial.user_attrs[RETRY_OF] for trial in trials[2:]] == [0, 1]


def test_a_signal_while_a_trial_is_claimed_leaves_it_with_its_owner(session, dataset, monkeypatch):
    """The signal comes when the trial exists and nobody has written whose it is; the claim is ended first."""
    tuning = session.tuning(order_of(3), dataset)
    ask = tuning.study.ask

    def interrupted(*arguments):
        trial = ask(*arguments)
        os.kill(os.getpid(), signal.SIGINT)
        return trial

    monkeypatch.setattr(tuning.study, "ask", interrupted)
    with pytest.raises(KeyboardInterrupt):
        tuning.next_assignment()
    assert [trial.user_attrs[OWNER] for trial in tuning.study.get_trials()] == [this_process()]
    tuning.let_go()
    assert [trial.state.name for trial in tuning.study.get_trials()] == ["FAIL", "WAITING"]

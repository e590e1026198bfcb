"""Runs that were cut off at their last epoch go on when more are allowed, in the study and with the seeds that they had."""

from optuna.trial import TrialState

from nsbench.config import Settings
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.study.best_trial import best_of
from nsbench.study.repeat import RepeatOrder, repeats_of
from nsbench.study.trials.trial_state import CONTINUES, CUT_OFF_AT, seed_of
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.tracker import NullTracker
from tests.study.study_builder import DATASET, TINY, order_of

SHORT, LONG = {"max_epochs": 1, "validate_every": 1}, {"max_epochs": 3, "validate_every": 1}


def test_trials_that_were_cut_off_go_on_to_what_they_would_have_had_at_once(session, dataset, home, viewer):
    """Two trials of one epoch, then the same study with three, which end as trainings of three epochs at once do."""
    short = session.tuning(order_of(2, name="raised", **SHORT), dataset)
    session.run([short], DATASET, viewer)
    assert [trial.user_attrs[CUT_OFF_AT] for trial in short.study.trials] == [1, 1]
    assert all(row.cut_off for row in short.rows())

    raised = session.tuning(order_of(2, name="raised", **LONG), dataset)
    assert (raised.n_finished, raised.is_done) == (0, False)
    session.run([raised], DATASET, viewer)
    trials = raised.study.trials
    assert [trial.user_attrs.get(CONTINUES) for trial in trials] == [None, None, 0, 1]
    assert (raised.n_finished, raised.is_done) == (2, True)
    assert [row.name for row in raised.rows()] == ["trial 2", "trial 3"]

    for trial in trials[2:]:
        request = RunRequest(RunKind.TRIAL, seed_of(trial, 0), rank_test=False, objective=raised.plan.objective)
        at_once = run(raised.plan.settings(trial.params), dataset, NullTracker(), request)
        assert trial.value == at_once.metrics[raised.plan.objective]
        assert len(at_once.validations) == len(trial.intermediate_values) == 3
    best = best_of("raised", DATASET, "random", home)
    assert (best.value, best.n_trials) == (max(trial.value for trial in trials[2:]), 1)
    assert best.settings.training.max_epochs == 3


def test_the_same_command_goes_on_with_nothing(session, dataset, viewer):
    """Cut off at one epoch, asked for again with one, and with fewer than another command had."""
    for order in (order_of(1, name="same", **SHORT), order_of(1, name="same", **SHORT)):
        tuning = session.tuning(order, dataset)
        session.run([tuning], DATASET, viewer)
    assert [trial.state for trial in tuning.study.trials] == [TrialState.COMPLETE]


def test_repeats_that_were_cut_off_are_made_again_with_more_epochs(session, dataset, home, viewer):
    """Two seeds of one epoch; with three both are missing, and the runs that they end in have three."""
    short, longer = Settings.of("random", {**TINY, **SHORT, "learning_rate": 2.3e-3}), {**LONG}
    runs = repeats_of(short, dataset, RepeatOrder(2), home)
    session.run([runs], DATASET, viewer)
    assert [row.cut_off for row in runs.rows()] == [True, True]
    assert repeats_of(short, dataset, RepeatOrder(2), home).n_finished == 2
    more = repeats_of(short.changed(longer), dataset, RepeatOrder(2), home)
    assert more.n_finished == 0
    session.run([more], DATASET, viewer)
    found = [
        one
        for one in open_store(home).reader().runs(DATASET, (RunKind.REPEAT,), "random")
        if one.fingerprint == short.fingerprint()
    ]
    assert sorted((one.seed, one.metric("cost/n_epochs")) for one in found) == [(0, 1), (0, 3), (1, 1), (1, 3)]
    assert repeats_of(short.changed(longer), dataset, RepeatOrder(2), home).n_finished == 2
    # What had more than is asked for now is done.
    assert repeats_of(short, dataset, RepeatOrder(2), home).n_finished == 2

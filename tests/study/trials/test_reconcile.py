"""What a dead process left is put right: its trials end, its runs are closed, its points are tried again."""

import time
from dataclasses import replace

import pytest
from mlflow import MlflowClient
from optuna.trial import TrialState

from nsbench.config import Settings
from nsbench.files.home import Home
from nsbench.runs.plan import plan_of
from nsbench.runs.request import DEFAULT_OBJECTIVE, RunRequest
from nsbench.study import claim
from nsbench.study.repeat import claims_of
from nsbench.study.search.plan import DEFAULTS, ORIGIN
from nsbench.study.search.storage import open_storage
from nsbench.study.trials.heartbeat import HEARTBEAT
from nsbench.study.trials.reconcile import Reconciler
from nsbench.study.trials.trial_failure import retry
from nsbench.study.trials.trial_state import ATTEMPT, END_REASON, GIVEN_UP, LOST, N_ORPHANED, RETRY_OF
from nsbench.study.workers.directive import PRUNED_REASON, STOP
from nsbench.study.workers.job import Outcome
from nsbench.study.workers.pool import WORKER_LOST
from nsbench.study.workers.process_id import OWNER, this_process
from nsbench.terms import PRUNED, RunKind
from nsbench.tracking.store import open_store
from tests.study.conftest import NullViewer
from tests.study.study_builder import DATASET, TINY, order_of

DEAD = f"{this_process().rsplit(':', 2)[0]}:{this_process().rsplit(':', 2)[1]}:1"
"""A process of this machine under our own number that began at another time."""


@pytest.fixture
def lost_trial(session, dataset, home):
    """A study of two with a trial that a dead process had begun, and the trial's run."""
    tuning = session.tuning(order_of(2), dataset)
    assignment = tuning.next_assignment()
    assignment.trial.set_user_attr(OWNER, DEAD)
    plan = plan_of(assignment.job.settings, dataset, assignment.job.request)
    run = open_store(home).tracker().start(replace(plan, tags={**plan.tags, OWNER: DEAD}))
    assignment.started(run.run_id)
    return tuning, assignment, run


def status_of(home: Home, run_id: str) -> tuple[str, str]:
    run = next(run for run in open_store(home).reader().runs(DATASET) if run.run_id == run_id)
    return run.status, run.tags.get("nsbench.end_reason", "")


def test_a_lost_trial_fails_its_run_is_killed_and_its_point_is_tried_again(lost_trial, session, dataset, home):
    tuning, orphaned, run = lost_trial
    again = session.tuning(order_of(2, name=tuning.title), dataset).next_assignment()
    first, second = tuning.study.trials
    assert (first.state.name, first.user_attrs[END_REASON]) == ("FAIL", LOST)
    assert status_of(home, run.run_id) == ("KILLED", LOST)
    assert (second.params, second.user_attrs[RETRY_OF]) == (first.params, 0)
    assert again.job.settings == orphaned.job.settings


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (lambda assignment: assignment.finishing({DEFAULT_OBJECTIVE: 0.25}), ("FINISHED", "")),
        (
            lambda assignment: assignment.study.tell(0, state=TrialState.PRUNED),
            ("KILLED", f"{PRUNED}: {PRUNED_REASON}"),
        ),
        (lambda assignment: assignment.ended(Outcome("failed", "no memory")), ("FAILED", "no memory")),
        (lambda assignment: assignment.ended(Outcome("orphaned", WORKER_LOST)), ("KILLED", WORKER_LOST)),
    ],
)
def test_a_run_left_open_is_closed_as_its_trial_ended(lost_trial, session, home, end, status):
    """Its worker died after the study had been told, and before the run was marked."""
    _, orphaned, run = lost_trial
    end(orphaned)
    session.run([], DATASET, NullViewer())
    assert status_of(home, run.run_id) == status


def test_a_run_that_is_not_its_trials_is_killed(lost_trial, session, home):
    """A run of the same trial that was created but never tied to it."""
    _, orphaned, run = lost_trial
    orphaned.started("another")
    orphaned.finishing({DEFAULT_OBJECTIVE: 0.25})
    session.run([], DATASET, NullViewer())
    assert status_of(home, run.run_id) == ("KILLED", LOST)


def test_the_open_run_of_another_storages_study_of_the_same_name_is_left_alone(lost_trial, session, home):
    """Two who share a tracking server, and not the studies: the run's coordinator isn't the one of the trial of that number."""
    _, orphaned, run = lost_trial
    MlflowClient(home.tracking_uri).set_tag(run.run_id, OWNER, "elsewhere:1:1")
    orphaned.finishing({DEFAULT_OBJECTIVE: 0.25})
    session.run([], DATASET, NullViewer())
    assert status_of(home, run.run_id) == ("RUNNING", "")


def test_the_result_of_a_trial_that_was_taken_away_is_refused(lost_trial, session, dataset):
    """Its coordinator only seemed dead: when it comes back, another trial has its place."""
    tuning, orphaned, _ = lost_trial
    session.tuning(order_of(2, name=tuning.title), dataset).next_assignment()
    assert orphaned.validated(1, {DEFAULT_OBJECTIVE: 0.25}) == STOP
    assert orphaned.finishing({DEFAULT_OBJECTIVE: 0.25}) == STOP
    orphaned.renew_heartbeat()
    orphaned.ended(Outcome("interrupted", "interrupted"))
    assert [trial.state.name for trial in tuning.study.trials] == ["FAIL", "RUNNING"]


def test_a_trial_whose_coordinator_on_another_machine_is_silent_is_tried_again_without_its_runs_id(lost_trial, home):
    """With no grace, the second look at the same heartbeat is one too many."""
    tuning, orphaned, run = lost_trial
    orphaned.trial.set_user_attr(OWNER, "elsewhere:1:1")
    MlflowClient(home.tracking_uri).set_tag(run.run_id, OWNER, "elsewhere:1:1")
    reconciler = Reconciler(home, open_store(home).tracker(), open_storage(home), grace_s=0.0)
    reconciler.reconcile(tuning.study, tuning.plan)
    assert [trial.state.name for trial in tuning.study.trials] == ["RUNNING"]
    reconciler.reconcile(tuning.study, tuning.plan)
    first, second = tuning.study.trials
    assert (first.state.name, first.user_attrs[END_REASON], second.state.name) == ("FAIL", LOST, "WAITING")
    assert second.user_attrs == {ORIGIN: DEFAULTS, RETRY_OF: 0, ATTEMPT: 2, N_ORPHANED: 1}
    assert status_of(home, run.run_id) == ("KILLED", LOST)


def test_a_coordinator_that_shows_life_keeps_its_trial(lost_trial, home):
    tuning, orphaned, _ = lost_trial
    orphaned.trial.set_user_attr(OWNER, "elsewhere:1:1")
    reconciler = Reconciler(home, open_store(home).tracker(), open_storage(home), grace_s=0.0)
    for sign in range(3):
        orphaned.trial.set_user_attr(HEARTBEAT, sign)
        reconciler.reconcile(tuning.study, tuning.plan)
    assert [trial.state.name for trial in tuning.study.trials] == ["RUNNING"]


def test_a_coordinator_who_dies_between_queueing_and_failing_leaves_one_attempt(lost_trial, session, dataset):
    tuning, _, _ = lost_trial
    retry(tuning.study, tuning.study.trials[0], orphaned=True)
    again = session.tuning(order_of(2, name=tuning.title), dataset)
    again.next_assignment()
    states = [(trial.state.name, trial.user_attrs.get(RETRY_OF)) for trial in tuning.study.trials]
    assert states == [("FAIL", None), ("RUNNING", 0)]


def test_a_trial_of_a_living_process_is_left_alone(session, dataset):
    tuning = session.tuning(order_of(2), dataset)
    tuning.next_assignment()
    session.tuning(order_of(2, name=tuning.title), dataset).next_assignment()
    assert [trial.state.name for trial in tuning.study.trials] == ["RUNNING", "RUNNING"]


def test_a_point_that_is_lost_three_times_is_given_up(session, dataset):
    tuning = session.tuning(order_of(1), dataset)
    points = []
    for _ in range(4):
        assignment = session.tuning(order_of(1, name=tuning.title), dataset).next_assignment()
        assignment.trial.set_user_attr(OWNER, DEAD)
        points.append(assignment.trial.params)
    assert points[0] == points[1] == points[2] != points[3]
    assert [trial.user_attrs.get(END_REASON) for trial in tuning.study.trials[:3]] == [LOST, LOST, LOST + GIVEN_UP]


def test_the_open_run_of_a_trial_that_was_given_up_is_killed(lost_trial, session, home):
    """The third loss; the coordinator died before it had closed the run."""
    _, orphaned, run = lost_trial
    orphaned.trial.set_user_attr(N_ORPHANED, 2)
    orphaned.ended(Outcome("orphaned", WORKER_LOST))
    session.run([], DATASET, NullViewer())
    assert status_of(home, run.run_id) == ("KILLED", WORKER_LOST + GIVEN_UP)


def test_a_point_that_is_interrupted_is_tried_again_however_often(session, dataset):
    tuning = session.tuning(order_of(1), dataset)
    points = []
    for _ in range(5):
        assignment = tuning.next_assignment()
        points.append(assignment.trial.params)
        assignment.ended(Outcome("interrupted", "interrupted"))
    assert points == points[:1] * 5


ELSEWHERE = "elsewhere:1:1"


@pytest.mark.parametrize(
    ("owner", "state", "age_s", "status"),
    [
        (ELSEWHERE, "running", 30, "RUNNING"),
        (ELSEWHERE, "running", 700, "KILLED"),
        (ELSEWHERE, "free", 30, "KILLED"),
        (this_process(), "running", 30, "KILLED"),
    ],
    ids=["alive", "silent for more than 600 s", "let go", "taken over"],
)
def test_the_open_repeat_of_another_machine_is_closed_when_its_process_is_gone(
    session, dataset, home, monkeypatch, owner, state, age_s, status
):
    """What the repeat's claim says: whose it is, how it stands, and when its process last showed life."""
    seed = 100 + age_s + len(state) + len(owner)
    settings = Settings.of("random", {**TINY, "learning_rate": 1e-3 + seed * 1e-6})
    request = RunRequest(RunKind.REPEAT, seed)
    plan = plan_of(settings, dataset, request)
    run = open_store(home).tracker().start(replace(plan, tags={**plan.tags, OWNER: ELSEWHERE}))
    claims = claims_of(settings, dataset, session._storage, home)
    with monkeypatch.context() as patch:
        patch.setattr(claim, "this_process", lambda: owner)
        then = time.time() - age_s
        patch.setattr(claim.time, "time", lambda: then)
        claims.take([f"seed {seed}"])
        if state == "free":
            claims.let_go()
    session._reconciler.close_open_runs(DATASET)
    assert status_of(home, run.run_id)[0] == status


def test_the_open_repeat_of_another_machine_without_a_claim_is_left_alone(session, dataset, home):
    """Of a version that made none, or of other studies: nothing is known of it."""
    plan = plan_of(Settings.of("random", {**TINY, "learning_rate": 0.0042}), dataset, RunRequest(RunKind.REPEAT, 1))
    run = open_store(home).tracker().start(replace(plan, tags={**plan.tags, OWNER: ELSEWHERE}))
    session._reconciler.close_open_runs(DATASET)
    assert status_of(home, run.run_id)[0] == "RUNNING"
    open_store(home).tracker().stop_run(run.run_id, "KILLED", "the test is over")

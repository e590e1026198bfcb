"""What a dead process left is put right: its trials end, its runs are closed, its points are tried again."""

import pytest

from nsbench.data.dataset import Dataset
from nsbench.experiment import plan_of
from nsbench.home import Home
from nsbench.study.ledger import END_REASON, LOST
from nsbench.study.owner import OWNER, this_process
from nsbench.study.reconcile import RETRY_OF
from nsbench.tracking.mlflow_reader import open_reader
from nsbench.tracking.mlflow_store import open_tracker
from nsbench.tracking.record import RunRecord
from nsbench.watcher import DEFAULT_OBJECTIVE
from tests.study.study_builder import DATASET, order_of
from tests.tracking.run_builder import COST

DEAD = f"{this_process().rsplit(':', 2)[0]}:{this_process().rsplit(':', 2)[1]}:1"
"""A process of this machine under our own number that began at another time."""


@pytest.fixture
def lost_trial(session, dataset, home):
    """A study of two with a trial that a dead process had begun, and the trial's run."""
    tuning = session.tuning(order_of(2), dataset)
    assignment = tuning.next_assignment()
    assignment.trial.set_user_attr(OWNER, DEAD)
    run = open_tracker(home).start(plan_of(assignment.job.settings, dataset, assignment.job.order))
    assignment.started(run.run_id)
    return tuning, assignment, run


def status_of(home: Home, run_id: str) -> tuple[str, str]:
    run = next(run for run in open_reader(home).runs(DATASET) if run.run_id == run_id)
    return run.status, run.tags.get("nsbench.end_reason", "")


def test_a_lost_trial_fails_its_run_is_killed_and_its_point_is_tried_again(lost_trial, session, dataset, home):
    tuning, lost, run = lost_trial
    again = session.tuning(order_of(2, name=tuning.title), dataset).next_assignment()
    first, second = tuning.study.trials
    assert (first.state.name, first.user_attrs[END_REASON]) == ("FAIL", LOST)
    assert status_of(home, run.run_id) == ("KILLED", LOST)
    assert (second.params, second.user_attrs[RETRY_OF]) == (first.params, 0)
    assert again.job.settings == lost.job.settings


def test_a_lost_trial_whose_run_had_finished_takes_its_result(lost_trial, session, dataset: Dataset, home):
    tuning, lost, run = lost_trial
    plan = plan_of(lost.job.settings, dataset, lost.job.order)
    run.finish(RunRecord(plan, {DEFAULT_OBJECTIVE: 0.25}, (), 1, None, COST))
    session.tuning(order_of(2, name=tuning.title), dataset).next_assignment()
    assert (tuning.study.trials[0].state.name, tuning.study.trials[0].value) == ("COMPLETE", 0.25)


def test_a_trial_of_a_living_process_is_left_alone(session, dataset):
    tuning = session.tuning(order_of(2), dataset)
    tuning.next_assignment()
    session.tuning(order_of(2, name=tuning.title), dataset).next_assignment()
    assert [trial.state.name for trial in tuning.study.trials] == ["RUNNING", "RUNNING"]


def test_a_point_is_tried_three_times_at_most(session, dataset):
    tuning = session.tuning(order_of(1), dataset)
    points = []
    for _ in range(4):
        assignment = session.tuning(order_of(1, name=tuning.title), dataset).next_assignment()
        assignment.trial.set_user_attr(OWNER, DEAD)
        points.append(assignment.trial.params)
    assert points[0] == points[1] == points[2] != points[3]

"""A worker that dies under a living coordinator costs what it did since its last checkpoint, and no trial and no run."""

import os
import shutil
import signal

import pytest
from optuna.trial import TrialState

from nsbench.config import Settings
from nsbench.errors import TrainingError
from nsbench.files.home import Home
from nsbench.study.repeat import RepeatOrder, repeats_of
from nsbench.study.session import Session
from nsbench.study.trials.failure import failures_among
from nsbench.study.trials.trial_state import ATTEMPT, END_REASON, GIVEN_UP, N_ORPHANED, RETRY_OF, RUN_ID, status_of
from nsbench.study.workers.job import Outcome
from nsbench.study.workers.pool import WORKER_LOST
from nsbench.study.workers.process_pool import ProcessPool
from nsbench.terms import RunKind, Tag
from nsbench.tracking.store import open_store
from tests.study.eager_worker import RESUMED, serve_eagerly
from tests.study.study_builder import DATASET, TINY, finish, order_of
from tests.survival.ledger import disagreements

LONG = {"max_epochs": 12, "patience": 0, "batch_size": 16}
REASON = f"{WORKER_LOST}: its process was killed by signal 9"


class Killer:
    """Kills the busy worker once, when a run has looked at the validation interactions of some epoch."""

    def __init__(self, pool, epoch):
        self._pool = pool
        self._epoch = epoch
        self.has_killed = False

    def show(self, sources):
        rows = [row for source in sources for row in source.rows()]
        if not self.has_killed and any(row.state == "running" and (row.epoch or 0) >= self._epoch for row in rows):
            busy = next(worker for worker in self._pool._workers if worker.session.is_busy)
            os.kill(busy.process.pid, signal.SIGKILL)
            self.has_killed = True


@pytest.fixture
def lonely(session, home, tmp_path, monkeypatch):
    """A session of a home of its own with one worker, and the worker's pool."""
    own = Home(tmp_path / "home")
    shutil.copytree(home.datasets, own.datasets)
    monkeypatch.setattr("nsbench.study.workers.process_pool.serve", serve_eagerly)
    with ProcessPool(1, own.root) as pool:
        yield Session.open(own, pool), pool


def resumed(session):
    """After which epochs its worker's trainings went on."""
    return [int(line) for line in (session.home.root / RESUMED).read_text().split()]


@pytest.mark.slow
def test_a_trial_whose_worker_is_killed_goes_on_from_its_checkpoint_to_the_same_value(session, lonely, dataset, viewer):
    """Two planned, and trial 0 is killed after its look at epoch 6: trial 1 has its point and its end."""
    undisturbed = session.tuning(order_of(1, **LONG), dataset)
    session.run([undisturbed], DATASET, viewer)
    own, pool = lonely
    tuning, killer = own.tuning(order_of(2, **LONG), dataset), Killer(pool, epoch=6)
    own.run([tuning], DATASET, killer)
    assert killer.has_killed
    orphaned, again, other = tuning.study.trials
    assert (orphaned.state, orphaned.user_attrs[END_REASON], status_of(orphaned)) == (
        TrialState.FAIL,
        REASON,
        "orphaned",
    )
    assert [again.user_attrs.get(name) for name in (RETRY_OF, ATTEMPT, N_ORPHANED)] == [0, 2, 1]
    assert (again.state, other.state) == (TrialState.COMPLETE, TrialState.COMPLETE)
    (whole,) = undisturbed.study.trials
    assert (again.params, again.value) == (whole.params, whole.value)
    assert again.intermediate_values == whole.intermediate_values
    assert [epoch >= 1 for epoch in resumed(own)] == [True]
    run = next(run for run in open_store(own.home).reader().runs(DATASET) if run.run_id == orphaned.user_attrs[RUN_ID])
    assert (run.status, run.tags[Tag.END_REASON]) == ("KILLED", REASON)
    assert disagreements(tuning.title, DATASET, own.home.root, 2) == []
    assert not list(own.home.checkpoints.iterdir())


@pytest.mark.slow
def test_repeats_whose_worker_is_killed_go_on_together_from_their_checkpoint(session, lonely, dataset, viewer):
    """Three seeds side by side: the same command has all three in the end, as an undisturbed one has them."""
    settings = Settings.of("random", {**TINY, **LONG, "learning_rate": 4.1e-3})
    order = RepeatOrder(3, n_replicas=3)
    session.run([repeats_of(settings, dataset, order, session.home)], DATASET, viewer)
    own, pool = lonely
    repeats, killer = repeats_of(settings, dataset, order, own.home), Killer(pool, epoch=6)
    own.run([repeats], DATASET, killer)
    assert killer.has_killed
    assert (repeats.n_finished, repeats.n_failed) == (3, 0)
    assert [row.name for row in repeats.rows()] == ["seed 0", "seed 1", "seed 2"]
    assert [epoch >= 1 for epoch in resumed(own)] == [True] * 3
    wholes = {run.seed: run for run in runs_of(session.home, settings)}
    runs = runs_of(own.home, settings)
    assert sorted(run.status for run in runs) == ["FINISHED"] * 3 + ["KILLED"] * 3
    assert {run.tags[Tag.END_REASON] for run in runs if run.status == "KILLED"} == {REASON}
    for run in runs:
        if run.status == "FINISHED":
            assert run.metrics["test/all/hit_rate_at_10"] == wholes[run.seed].metrics["test/all/hit_rate_at_10"]
            assert run.metrics["train/loss"] == wholes[run.seed].metrics["train/loss"]


def runs_of(home, settings):
    runs = open_store(home).reader().runs(DATASET, (RunKind.REPEAT,))
    return [run for run in runs if run.fingerprint == settings.fingerprint()]


def test_a_point_that_kills_three_workers_is_given_up_and_has_failed(session, dataset):
    """Its first two deaths say nothing against it; the third is a failure, and the next trial has another point."""
    tuning = session.tuning(order_of(1), dataset)
    points = []
    for _ in range(3):
        assignment = tuning.next_assignment()
        points.append(assignment.trial.params)
        assignment.ended(Outcome("orphaned", REASON))
    finish(last := tuning.next_assignment(), 0.5)
    assert points == points[:1] * 3
    assert last.trial.params != points[0]
    assert [status_of(trial) for trial in tuning.study.trials] == ["orphaned", "orphaned", "failed", "complete"]
    assert tuning.study.trials[2].user_attrs[END_REASON] == REASON + GIVEN_UP
    assert [row.state for row in tuning.rows()] == ["interrupted", "interrupted", "failed", "finished"]
    assert failures_among(tuning.study.trials, 0, n_planned=1).n_failed == 1


def test_points_that_are_given_up_end_the_study(session, dataset):
    """Three points in a row, nine deaths."""
    tuning = session.tuning(order_of(20), dataset)
    for _ in range(9):
        tuning.next_assignment().ended(Outcome("orphaned", REASON))
    with pytest.raises(TrainingError, match="3 in a row.*signal 9; lost 3 times"):
        tuning.next_assignment()


def test_a_trial_that_was_taken_away_is_not_tried_again_for_its_worker(session, dataset):
    """Another command held its coordinator for dead and has queued its point: once is enough."""
    tuning = session.tuning(order_of(1), dataset)
    orphaned = tuning.next_assignment()
    tuning.study.tell(orphaned.trial.number, state=TrialState.FAIL)
    orphaned.ended(Outcome("orphaned", REASON))
    assert len(tuning.study.trials) == 1

"""Trials that a worker trains side by side: the same values as alone, and each ends as its own."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from multiprocessing import Pipe
from pathlib import Path
from threading import Thread

import pytest
import torch

from nsbench.files.home import Home
from nsbench.runs.experiment import run
from nsbench.runs.request import DEFAULT_OBJECTIVE, RunRequest
from nsbench.study.session import Session
from nsbench.study.trials.trial_state import END_REASON, GROUP, LOST, RETRY_OF, RUN_ID
from nsbench.study.workers.process_pool import ProcessPool
from nsbench.study.workers.worker import work_for
from nsbench.study.workers.worker_session import WorkerSession
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.tracker import NullTracker
from nsbench.training.epoch_loss import EpochLoss
from tests.study.study_builder import DATASET
from tests.study.trials.test_replica_groups import rates_order

N_VALID_USERS = 120
"""At most: a rank that float32 rounding moves over the cut-off moves the hit rate by one of them."""


class ThreadPool:
    """A pool of one worker in a thread of this process, so that a test can get at what it trains with."""

    def __init__(self, home):
        ours, theirs = Pipe()
        self.n_workers = 1
        self._connection = ours
        self._session = WorkerSession(ours.send)
        self._thread = Thread(target=work_for, args=(theirs, home.root, "owner"), daemon=True)
        self._thread.start()

    @property
    def n_free(self):
        return int(not self._session.is_busy)

    @property
    def n_busy(self):
        return int(self._session.is_busy)

    def start(self, assignment):
        self._session.begin(assignment)
        self._connection.send(assignment.job)

    def receive(self, timeout_s, close_run):
        while self._connection.poll(timeout_s if self._session.is_busy else 0):
            self._session.take(self._connection.recv(), close_run)
            timeout_s = 0

    def stop(self, close_run):
        self._session.stop()
        while self._session.is_busy:
            self.receive(1.0, close_run)

    def close(self):
        self._connection.close()
        self._thread.join()


@pytest.fixture
def threaded(home, session):
    """A session whose worker is a thread."""
    pool = ThreadPool(home)
    yield Session.open(home, pool)
    pool.close()


def runs_of(home, study):
    return {one.trial: one for one in open_store(home).reader().runs(DATASET, (RunKind.TRIAL,), study=study)}


def test_trials_side_by_side_have_the_values_that_each_has_alone(threaded, dataset, home, viewer):
    """Six planned, three at once: two jobs, and six finished trials with runs of their own."""
    tuning = threaded.tuning(rates_order(6, max_epochs=4), dataset)
    threaded.run([tuning], DATASET, viewer)
    trials, runs = tuning.study.trials, runs_of(home, tuning.title)
    assert [trial.user_attrs[GROUP] for trial in trials] == [0, 0, 0, 3, 3, 3]
    for trial in trials:
        recorded = runs[trial.number]
        assert (recorded.run_id, recorded.status) == (trial.user_attrs[RUN_ID], "FINISHED")
        assert trial.value == recorded.metric(DEFAULT_OBJECTIVE)
        assert float(recorded.params["learning_rate"]) == trial.params["learning_rate"]
        settings = tuning.plan.settings(trial.params)
        assert recorded.fingerprint == settings.fingerprint()
        request = RunRequest(RunKind.TRIAL, recorded.seed, rank_test=False)
        alone = run(settings, dataset, NullTracker(), request)
        assert trial.value == pytest.approx(alone.metrics[DEFAULT_OBJECTIVE], abs=1.01 / N_VALID_USERS)
        assert recorded.metric("train/loss") == pytest.approx(alone.metrics["train/loss"], rel=1e-5)


def test_a_trial_that_is_pruned_ends_alone(threaded, dataset, home, viewer, monkeypatch):
    """The pruner is made to mind the second trial of the group at its second look."""
    tuning = threaded.tuning(rates_order(6, max_epochs=4), dataset)
    tuning.study.pruner = Pruner(number=1, epoch=2)
    threaded.run([tuning], DATASET, viewer)
    trials, runs = tuning.study.trials, runs_of(home, tuning.title)
    assert [trial.state.name for trial in trials] == ["COMPLETE", "PRUNED", *["COMPLETE"] * 4]
    assert [runs[number].is_pruned for number in range(6)] == [False, True, *[False] * 4]
    assert (trials[1].last_step, trials[0].last_step) == (2, 4)
    assert trials[1].datetime_complete < trials[0].datetime_complete
    assert runs[1].ended < runs[0].ended


class Pruner:
    """Minds one trial at one epoch."""

    def __init__(self, number, epoch):
        self._wanted = number, epoch

    def prune(self, study, trial):
        return (trial.number, trial.last_step) == self._wanted


def test_a_trial_whose_loss_is_no_number_fails_alone_and_is_made_up_for(threaded, dataset, home, viewer, monkeypatch):
    """Six planned in threes: the first one's seed goes wrong; the other two finish, and four more are made, of
    which the last may be pruned.
    """
    tuning = threaded.tuning(rates_order(6), dataset)
    add = EpochLoss.add

    def broken(self, losses):
        own = [torch.nan if replica.learning_rate == 1e-3 else 0.0 for replica in self._replicas]
        add(self, losses + torch.tensor(own))

    monkeypatch.setattr(EpochLoss, "add", broken)
    threaded.run([tuning], DATASET, viewer)
    trials, runs = tuning.study.trials, runs_of(home, tuning.title)
    assert [trial.state.name for trial in trials[:6]] == ["FAIL", *["COMPLETE"] * 5]
    assert trials[0].user_attrs[END_REASON].startswith("the loss is nan in step ")
    assert "learning_rate=0.001" in trials[0].user_attrs[END_REASON]
    assert [runs[number].status for number in range(6)] == ["FAILED", *["FINISHED"] * 5]
    assert (len(trials), tuning.n_finished) == (7, 6)


class Saboteur:
    """Does something once, as soon as three trials have looked at the validation interactions."""

    def __init__(self, act):
        self._act = act
        self.has_acted = False

    def show(self, sources):
        rows = [row for source in sources for row in source.rows() if row.state == "running" and row.epoch]
        if len(rows) == 3 and not self.has_acted:
            self.has_acted = True
            self._act()


@pytest.mark.slow
def test_a_group_that_is_interrupted_goes_on_from_its_checkpoint(home, dataset, viewer, session):
    """The retries ask for the same training: the checkpoint is there in between, and used up."""
    order = rates_order(6, max_epochs=100, validate_every=10, patience=0)

    def interrupt():
        raise KeyboardInterrupt

    with ProcessPool(1, home.root) as pool:
        own = Session.open(home, pool)
        tuning = own.tuning(order, dataset)
        before = set(home.checkpoints.glob("*/training.safetensors"))
        with pytest.raises(KeyboardInterrupt):
            own.run([tuning], DATASET, Saboteur(interrupt))
        left = set(home.checkpoints.glob("*/training.safetensors")) - before
        assert len(left) == 1
    with ProcessPool(1, home.root) as pool:
        own = Session.open(home, pool)
        own.run([own.tuning(replace(order, n_trials=3), dataset)], DATASET, viewer)
    trials = tuning.study.trials
    assert [trial.state.name for trial in trials] == ["FAIL"] * 3 + ["COMPLETE"] * 3
    assert [trial.user_attrs.get(RETRY_OF) for trial in trials] == [None] * 3 + [0, 1, 2]
    assert not any(path.exists() for path in left)


COORDINATOR = """
import sys
from pathlib import Path
from nsbench.data.store import load_dataset
from nsbench.files.home import Home
from nsbench.study.workers.process_pool import ProcessPool
from nsbench.study.session import Session
from tests.study.conftest import NullViewer
from tests.study.study_builder import DATASET
from tests.study.trials.test_replica_groups import rates_order

if __name__ == "__main__":
    home = Home(Path(sys.argv[1]))
    with ProcessPool(1, home.root) as pool:
        session = Session.open(home, pool)
        order = rates_order(6, name=sys.argv[2], max_epochs=300, validate_every=20, patience=0)
        session.run([session.tuning(order, load_dataset(DATASET, home))], DATASET, NullViewer())
"""


@pytest.mark.slow
def test_a_coordinator_that_is_killed_in_mid_group_loses_all_of_it_and_the_next_command_makes_it_up(
    home: Home, dataset, session, tmp_path, viewer
):
    """Its worker ends by itself when the coordinator is gone. Six finish, among them each of the three lost ones' points."""
    script = tmp_path / "coordinator.py"
    script.write_text(COORDINATOR)
    name = f"killed coordinator {os.getpid()}"
    root = str(Path(__file__).parents[3])
    environment = {**os.environ, "PYTHONPATH": root}
    coordinator = subprocess.Popen([sys.executable, str(script), str(home.root), name], env=environment, cwd=root)
    order = rates_order(6, name=name, max_epochs=300, validate_every=20, patience=0)
    try:
        study = wait_for_group(session, order, dataset)
    finally:
        coordinator.send_signal(signal.SIGKILL)
        coordinator.wait()
    with ProcessPool(1, home.root) as pool:
        own = Session.open(home, pool)
        # The plan is what the study has; fewer trials are enough to see the lost ones again.
        own.run([own.tuning(replace(order, n_trials=3), dataset)], DATASET, viewer)
    trials = study.trials
    assert [trial.user_attrs.get(END_REASON) for trial in trials[:3]] == [LOST] * 3
    assert [trial.state.name for trial in trials[3:]] == ["COMPLETE"] * 3
    assert [trial.user_attrs[RETRY_OF] for trial in trials[3:]] == [0, 1, 2]
    assert [trial.params for trial in trials[3:]] == [trial.params for trial in trials[:3]]
    assert [trial.user_attrs[GROUP] for trial in trials] == [0] * 6
    runs = runs_of(home, name)
    assert sorted(one.status for one in runs.values()) == ["FINISHED"] * 3 + ["KILLED"] * 3


def wait_for_group(session, order, dataset):
    """The study, once three of its trials have been looked at."""
    deadline = time.monotonic() + 60
    study = None
    while time.monotonic() < deadline:
        time.sleep(0.2)
        if study is None and order.name in [one.study_name for one in session._storage.get_all_studies()]:
            study = session.tuning(order, dataset).study
        if study is not None and sum(trial.last_step is not None for trial in study.trials) == 3:
            return study
    raise AssertionError("no group began")

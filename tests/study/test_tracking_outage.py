"""A study whose tracking server is killed while it runs, and started again."""

import threading

import pytest

from nsbench.errors import TrackingError
from nsbench.study.session import Session
from nsbench.study.workers.process_pool import ProcessPool
from nsbench.tracking.writing.spool import Spool
from tests.study.study_builder import DATASET, order_of
from tests.survival.ledger import disagreements
from tests.tracking_server import TrackingServer, running_server

TRIALS = 4


@pytest.mark.slow
def test_a_command_waits_for_a_server_that_is_starting(home, tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", f"sqlite:///{tmp_path}/studies.db")
    server = TrackingServer(tmp_path / "server")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    starting = threading.Thread(target=server.start)
    starting.start()
    try:
        with ProcessPool(1, home.root) as pool:
            Session.open(home, pool)
    finally:
        starting.join()
        server.kill()
    assert "(MLFLOW_TRACKING_URI) doesn't answer" in caplog.text


def test_a_server_that_never_answers_is_an_error_that_names_it(home, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.setattr("nsbench.study.session.OPENING_WAIT_S", 0.1)
    with (
        ProcessPool(1, home.root) as pool,
        pytest.raises(TrackingError, match="no MLflow server answers at http://127.0.0.1:1"),
    ):
        Session.open(home, pool)


class Restarter:
    """Kills the server when the first trial has looked at the validation interactions, and starts it a few seconds later."""

    def __init__(self, server):
        self._server = server
        self.restarted = False

    def show(self, sources):
        rows = [row for source in sources for row in source.rows()]
        if not self.restarted and any(row.state == "running" and row.epoch for row in rows):
            self.restarted = True
            self._server.kill()
            threading.Timer(3, self._server.start).start()


@pytest.mark.slow
def test_a_study_goes_on_and_the_books_agree_when_the_server_is_back(home, dataset, tmp_path, monkeypatch):
    with running_server(tmp_path / "server") as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
        monkeypatch.setenv("NSBENCH_STUDY_STORAGE", f"sqlite:///{tmp_path}/studies.db")
        restarter = Restarter(server)
        with ProcessPool(2, home.root) as pool:
            session = Session.open(home, pool)
            tuning = session.tuning(order_of(TRIALS, max_epochs=20, patience=0), dataset)
            session.run([tuning], DATASET, restarter)
        assert restarter.restarted
        assert disagreements(tuning.title, DATASET, home.root, TRIALS) == []
        assert Spool(home.spool).run_ids() == ()

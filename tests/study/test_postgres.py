"""Studies in PostgreSQL: claims by several processes at once, and a database that is restarted meanwhile."""

import sys
import threading
from collections.abc import Iterator

import pytest

from nsbench.errors import TrackingError
from nsbench.study.search.storage import open_storage
from nsbench.study.session import Session
from tests.postgres_cluster import PostgresCluster, running_cluster, why_no_postgres
from tests.study.study_builder import DATASET, finish, order_of

needs_postgres = pytest.mark.skipif(why_no_postgres() is not None, reason=str(why_no_postgres()))


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresCluster]:
    with running_cluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def database(cluster) -> str:
    return cluster.create_database("studies")


@pytest.fixture
def shared(monkeypatch, database):
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", database)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


@needs_postgres
def test_commands_that_claim_at_once_share_the_places_and_no_point_is_taken_twice(shared, home, pool, dataset):
    """Four claim until there is no place: of 12 planned trials 12 begin, none steps back, and all points differ."""
    order = order_of(12)
    tunings = [Session.open(home, pool).tuning(order, dataset) for _ in range(4)]
    begun, barrier = [], threading.Barrier(4)

    def claim(tuning) -> None:
        barrier.wait()
        while (assignment := tuning.next_assignment()) is not None:
            begun.append(assignment)

    threads = [threading.Thread(target=claim, args=(tuning,)) for tuning in tunings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    points = {tuple(assignment.trial.params.items()) for assignment in begun}
    assert len(begun) == len(points) == len(tunings[0].study.trials) == 12
    for assignment in begun:
        finish(assignment, 0.5)
    assert all(tuning.is_done for tuning in tunings)


class Restarter:
    """Ends the database when the first trial runs, and starts it again two seconds later."""

    def __init__(self, cluster):
        self._cluster = cluster
        self.restarted = False

    def show(self, sources):
        rows = [row for source in sources for row in source.rows()]
        if not self.restarted and any(row.state == "running" for row in rows):
            self.restarted = True
            self._cluster.stop()
            threading.Timer(2, self._cluster.start).start()


@needs_postgres
@pytest.mark.slow
def test_a_study_goes_on_when_its_database_was_restarted(shared, cluster, home, pool, dataset, caplog):
    session, restarter = Session.open(home, pool), Restarter(cluster)
    tuning = session.tuning(order_of(4), dataset)
    session.run([tuning], DATASET, restarter)
    assert restarter.restarted
    assert [trial.state.name for trial in tuning.study.trials] == ["COMPLETE"] * 4
    assert "doesn't answer" in caplog.text
    assert "postgresql+psycopg://***@127.0.0.1:" in caplog.text


def test_a_driver_that_is_missing_is_named_with_what_to_install(monkeypatch, home):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", "postgresql+psycopg://me:secret@127.0.0.1:1/studies")
    with pytest.raises(TrackingError, match=r"pip install 'nsbench\[postgres\]'") as caught:
        open_storage(home)
    assert "secret" not in str(caught.value)


@needs_postgres
def test_a_database_that_is_starting_is_waited_for(shared, cluster, home, caplog):
    cluster.stop()
    threading.Timer(2, cluster.start).start()
    assert open_storage(home).get_all_studies() is not None
    assert "doesn't answer" in caplog.text


@needs_postgres
def test_a_name_that_a_database_does_not_know_is_refused_at_once(monkeypatch, database, home, caplog):
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", database.replace("/studies", "/typo"))
    monkeypatch.setattr("nsbench.study.search.storage._PAUSE_S", 0.0)
    with pytest.raises(TrackingError, match='"typo" does not exist'):
        open_storage(home)
    assert "doesn't answer" not in caplog.text


@needs_postgres
def test_a_database_that_is_not_there_is_an_error_with_advice(monkeypatch, home):
    monkeypatch.setattr("nsbench.study.search.storage.OPENING_WAIT_S", 0.0)
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", "postgresql+psycopg://me@127.0.0.1:1/studies")
    with pytest.raises(TrackingError, match="NSBENCH_STUDY_STORAGE"):
        open_storage(home)

"""Where studies are: what is waited for, and what is an error with a message."""

import sqlite3

import pytest
from optuna import create_study
from sqlalchemy.exc import OperationalError

from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.study.search.storage import has_storage, is_outage, open_storage


@pytest.fixture
def own_home(tmp_path, monkeypatch) -> Home:
    monkeypatch.delenv("NSBENCH_STUDY_STORAGE", raising=False)
    return Home(tmp_path)


def test_a_home_without_studies_has_no_storage_until_one_is_opened(own_home):
    assert not has_storage(own_home)
    open_storage(own_home)
    assert has_storage(own_home)


@pytest.mark.parametrize("name", ["a{2}b", "{SCHEMA_VERSION}", "{", "a?b%41 [1]"])
def test_studies_lie_in_their_home_whatever_it_is_called(tmp_path, monkeypatch, name):
    monkeypatch.delenv("NSBENCH_STUDY_STORAGE", raising=False)
    home = Home(tmp_path / name)
    create_study(storage=open_storage(home), study_name="there")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (home.root / "studies.db").stat().st_size > 0


@pytest.mark.parametrize(
    ("said", "passes"),
    [("database is locked", True), ("database or disk is full", False), ("no such table: trials", False)],
)
def test_a_busy_file_is_waited_for_and_a_full_disk_is_not(said, passes):
    assert is_outage(OperationalError("INSERT", {}, sqlite3.OperationalError(said))) is passes


def test_what_a_database_refuses_is_said_and_not_waited_for(own_home):
    study = create_study(storage=open_storage(own_home), study_name="broken")
    connection = sqlite3.connect(own_home.root / "studies.db")
    connection.execute("DROP TABLE trials")
    connection.close()
    with pytest.raises(TrackingError, match="no such table: trials"):
        study.get_trials()

"""Whatever `NSBENCH_HOME` is called, its databases lie in it, or it is refused."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from nsbench.errors import StorageError
from nsbench.files.home import Home, current_home
from nsbench.tracking.store_uri import sqlite_file

NAMES = (
    "plain",
    "a?b",
    "a%41b",
    "a%2Fb",
    "a#b",
    "a b",
    "[1]*{2}",
    "ü—ж",
    ":memory:",
    "a;b&c=d",
    "a\\b",
    "'\"",
    "file:x",
    "a\nb",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_database_lies_in_its_home(tmp_path: Path, name: str) -> None:
    """As SQLAlchemy reads the address, which MLflow and Optuna give it."""
    home = Home(tmp_path / name)
    home.root.mkdir()
    for uri, file in ((home.tracking_uri, "mlflow.db"), (home.study_storage, "studies.db")):
        engine = create_engine(uri)
        with engine.begin() as connection:
            connection.execute(text("create table there (x)"))
        engine.dispose()
        assert sqlite_file(uri) == home.root / file
        assert sqlite3.connect(home.root / file).execute("select name from sqlite_master").fetchall() == [("there",)]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_mlflow_makes_no_other_folder(tmp_path: Path) -> None:
    """It makes the folder of an sqlite file, and would make that of the encoded path."""
    from nsbench.tracking.writing.mlflow_connection import connect

    home = Home(tmp_path / "a?b%41")
    connect(home.tracking_uri)
    assert [path.name for path in tmp_path.iterdir()] == ["a?b%41"]
    assert (home.root / "mlflow.db").is_file()


def test_a_tilde_is_the_users_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NSBENCH_HOME", "~/runs/")
    assert current_home().root == tmp_path / "runs"


@pytest.mark.parametrize(
    "named", ["{folder}/file", "{folder}/file/below", "s3://bucket/runs", "~nobody-of-this-name/x", "{folder}/\udcff"]
)
def test_what_can_be_no_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("NSBENCH_HOME", named.format(folder=tmp_path))
    with pytest.raises(StorageError, match="NSBENCH_HOME"):
        current_home()


@pytest.mark.parametrize(
    "uri", ["sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"]
)
def test_a_store_in_memory_is_refused(uri: str) -> None:
    from nsbench.errors import TrackingError

    with pytest.raises(TrackingError, match="several commands"):
        sqlite_file(uri)

"""A store that can't be used is refused at once, with what to do."""

import socket
import time
from pathlib import Path

import pytest
from mlflow import MlflowClient
from sqlalchemy import create_engine, text

from nsbench.errors import TrackingError
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.writing import mlflow_connection
from nsbench.tracking.writing.mlflow_connection import connect


def test_a_server_that_does_not_answer_is_named_within_seconds():
    """MLflow alone tries for four minutes. The port is one that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(
        TrackingError, match=rf"no MLflow server answers at http://127\.0\.0\.1:{port}.*MLFLOW_TRACKING_URI"
    ):
        connect(f"http://127.0.0.1:{port}")
    assert time.monotonic() - started < 6


def test_a_folder_is_no_store():
    with pytest.raises(TrackingError, match=r"no folder as a store any more, got 'file:///tmp/mlruns'"):
        connect("file:///tmp/mlruns")


def test_a_store_below_a_file_can_not_be_written(tmp_path: Path):
    (tmp_path / "occupied").write_text("a file, not a folder")
    with pytest.raises(TrackingError, match=r"can't write the MLflow store .*NSBENCH_HOME"):
        connect(f"sqlite:///{tmp_path}/occupied/mlflow.db")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path):
    file = tmp_path / "mlflow.db"
    file.write_text("user_id,item_id,timestamp\n")
    with pytest.raises(TrackingError, match="is no sqlite database"):
        connect(f"sqlite:///{file}")
    assert file.read_text() == "user_id,item_id,timestamp\n"


def test_reading_where_nothing_was_recorded_creates_nothing(tmp_path: Path):
    with pytest.raises(TrackingError, match="nothing is recorded yet"):
        MlflowReader(f"sqlite:///{tmp_path}/mlflow.db")
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_can_not_be_written_is_read_all_the_same(tmp_path: Path, monkeypatch):
    """Whoever runs the tests may be root, whom no permission stops: so the check itself says no."""
    connect(f"sqlite:///{tmp_path}/mlflow.db")
    before = (tmp_path / "mlflow.db").read_bytes()

    def refuse(file):
        raise TrackingError("can't write the MLflow store")

    monkeypatch.setattr("nsbench.tracking.writing.mlflow_connection._check_writable", refuse)
    assert MlflowReader(f"sqlite:///{tmp_path}/mlflow.db").datasets() == ()
    assert (tmp_path / "mlflow.db").read_bytes() == before


def test_reading_an_empty_file_makes_no_tables_in_it(tmp_path: Path):
    """Another process may be about to make them."""
    (tmp_path / "mlflow.db").touch()
    with pytest.raises(TrackingError, match="nothing is recorded yet"):
        MlflowReader(f"sqlite:///{tmp_path}/mlflow.db")
    assert (tmp_path / "mlflow.db").stat().st_size == 0


def test_only_a_store_that_is_being_made_does_not_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Neither another file that is opened meanwhile, nor the store itself once it is there. 0 is OFF, 2 FULL."""
    seen: list[tuple[str, int, int]] = []

    def waiting(file: Path) -> int:
        with create_engine(f"sqlite:///{file}").connect() as connection:
            return int(connection.execute(text("PRAGMA synchronous")).scalar_one())

    def client(tracking_uri: str) -> MlflowClient:
        file = Path(tracking_uri.removeprefix("sqlite:///"))
        seen.append((file.name, waiting(file), waiting(tmp_path / "other.db")))
        return MlflowClient(tracking_uri=tracking_uri)

    monkeypatch.setattr(mlflow_connection, "MlflowClient", client)
    connect(f"sqlite:///{tmp_path}/mlflow.db")
    assert seen == [(".mlflow.db.partial", 0, 2), ("mlflow.db", 2, 2)]

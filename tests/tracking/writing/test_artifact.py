"""A run's files are whole in the store, or not there."""

from pathlib import Path

import polars as pl
import pytest
from mlflow import MlflowClient

from nsbench.errors import StorageError
from nsbench.tracking.store import open_store
from nsbench.tracking.writing.artifact import log_file
from tests.full_disk import full_disk
from tests.tracking.run_builder import home_at, plan_of


@pytest.fixture
def run(tmp_path: Path) -> tuple[MlflowClient, str, Path]:
    """A client, a run's id, and where its files are."""
    home = home_at(tmp_path)
    handle = open_store(home).tracker().start(plan_of())
    (folder,) = home.artifacts.rglob("artifacts")
    return MlflowClient(home.tracking_uri), handle.run_id, folder


def test_a_file_is_in_the_store_as_it_was_written(run: tuple[MlflowClient, str, Path]) -> None:
    client, run_id, folder = run
    log_file(client, run_id, "file", lambda path: path.write_text("content") and None)
    assert (folder / "file").read_text() == "content"


def test_a_disk_that_is_full_where_the_file_is_made_is_named_and_nothing_stays(
    run: tuple[MlflowClient, str, Path],
) -> None:
    client, run_id, folder = run
    with (
        full_disk(1000),
        pytest.raises(StorageError, match="can't write the run's file .*file: File too large.*are free"),
    ):
        log_file(client, run_id, "file", lambda path: path.write_bytes(bytes(5000)) and None)
    assert not (folder / "file").exists()


def test_a_disk_that_is_full_is_named_where_polars_writes_the_file(run: tuple[MlflowClient, str, Path]) -> None:
    """Polars raises an error of its own for Parquet, not an OSError."""
    client, run_id, _ = run
    table = pl.DataFrame({"a": range(5000)})
    with full_disk(1000), pytest.raises(StorageError, match="can't write the run's file .*file: .*File too large"):
        log_file(client, run_id, "file", lambda path: table.write_parquet(path, compression="uncompressed"))


def test_a_disk_that_is_full_where_the_store_keeps_it_is_named_with_the_size_and_nothing_stays(
    run: tuple[MlflowClient, str, Path],
) -> None:
    """200,000 bytes are .2 MB; the file is made before the disk is full, and copied after that."""
    client, run_id, folder = run
    disk = full_disk(100_000)

    def write(path: Path) -> None:
        path.write_bytes(bytes(200_000))
        disk.__enter__()

    try:
        with pytest.raises(
            StorageError, match=f"can't write the run's file {folder}/file: File too large; it needs 0.2 MB"
        ):
            log_file(client, run_id, "file", write)
    finally:
        disk.__exit__(None, None, None)
    assert not (folder / "file").exists()

"""A run's files: whole in the store, or not there."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient

from nsbench.files.disk import is_full, storage_error
from nsbench.files.home import ARTIFACTS
from nsbench.tracking.reading.run_store import LOCAL_SCHEMES, moved_uri
from nsbench.tracking.store_uri import sqlite_file


@contextmanager
def made_file(name: str, write: Callable[[Path], None]) -> Iterator[Path]:
    """A file that is there for the length of the context.

    Args:
        name: The file's name.
        write: Writes the content to the path that it is given.

    Raises:
        StorageError: The disk is full.
    """
    with TemporaryDirectory() as folder:
        made = Path(folder) / name
        try:
            write(made)
        except Exception as error:  # polars' errors among them.
            if not is_full(error):
                raise
            raise storage_error("the run's file", made, error, None) from error
        yield made


def send_file(client: MlflowClient, run_id: str, file: Path, folder: str | None = None) -> None:
    """Hands a file to a run, under its own name, in a folder of the run's files or beside them.

    In a home that was moved or copied, an experiment still names the place of its artifacts in the old one; the file goes to the
    same place within the home that the database lies in.

    Raises:
        StorageError: The disk is full where the store keeps its files.
    """
    recorded = client.get_run(run_id).info.artifact_uri
    moved = _moved(client.tracking_uri, recorded)
    place = _path_of(moved or recorded, f"{folder}/{file.name}" if folder else file.name) or file
    try:
        if moved is None:
            client.log_artifact(run_id, str(file), folder)
        else:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, place)
    except OSError as error:
        if not is_full(error):
            raise
        if place != file:
            place.unlink(missing_ok=True)
        raise storage_error("the run's file", place, error, file.stat().st_size) from error


def log_file(client: MlflowClient, run_id: str, name: str, write: Callable[[Path], None]) -> None:
    """Writes a file and hands it to a run.

    Args:
        client: Of the store.
        run_id: The run.
        name: The file's name.
        write: Writes the content to the path that it is given.

    Raises:
        StorageError: The disk is full, where files are made or where the store keeps them.
    """
    with made_file(name, write) as file:
        send_file(client, run_id, file)


def _moved(tracking_uri: str, artifact_uri: str) -> str | None:
    """Where a run's files belong if its database lies in a home of its own, other than the one recorded; None otherwise."""
    database = sqlite_file(tracking_uri)
    moved = None if database is None else moved_uri(artifact_uri, database.parent)
    if database is None or moved in (None, artifact_uri) or not (database.parent / ARTIFACTS).is_dir():
        return None
    return moved


def _path_of(artifact_uri: str, name: str) -> Path | None:
    """Where a store on this machine keeps a run's file; None where a server keeps it."""
    parts = urlsplit(artifact_uri)
    return Path(unquote(parts.path)) / name if parts.scheme in LOCAL_SCHEMES else None

"""A run's files: whole in the store, or not there."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient

from nsbench.disk import is_full, storage_error


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


def send_file(client: MlflowClient, run_id: str, file: Path) -> None:
    """Hands a file to a run, under its own name.

    Raises:
        StorageError: The disk is full where the store keeps its files.
    """
    place = _place_of(client, run_id, file.name) or file
    try:
        client.log_artifact(run_id, str(file))
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


def _place_of(client: MlflowClient, run_id: str, name: str) -> Path | None:
    """Where a store on this machine keeps a run's file; None where a server keeps it."""
    parts = urlsplit(client.get_run(run_id).info.artifact_uri)
    return Path(unquote(parts.path)) / name if parts.scheme == "file" else None

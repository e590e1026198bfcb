"""The way to an MLflow store: a client that fails early with a message, and keeps MLflow's chatter off the terminal.

Left alone, MLflow retries an unreachable server for four minutes and an unwritable sqlite file for two.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.telemetry import set_telemetry_client
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError

from nsbench.errors import StoreOutage, TrackingError
from nsbench.files.file_lock import file_lock
from nsbench.files.home import sqlite_uri
from nsbench.secret import masked
from nsbench.tracking.store_uri import STORE_ADVICE, check_server, is_server, sqlite_file, without_password
from nsbench.tracking.writing.outage import is_outage

__all__ = ["connect", "is_server", "sqlite_file", "store_errors", "without_password"]

_SQLITE_HEADER = b"SQLite format 3\0"


def connect(uri: str, *, to_write: bool = True) -> MlflowClient:
    """A client of the store at `uri`; an sqlite store is created where there is none.

    Args:
        uri: `sqlite:///FILE`, another database's URL, or an MLflow server's `http(s)://` address.
        to_write: Whether runs are to be written; otherwise an sqlite store must exist, and may be for reading only.

    Raises:
        TrackingError: The store can't be reached or written, or is of a kind that MLflow no longer takes.
    """
    _silence()
    file = sqlite_file(uri)
    if is_server(uri):
        check_server(uri)
    elif file is not None:
        if to_write:
            _check_writable(file)
        _check_sqlite(file)
        if to_write:
            _create_sqlite(file)
    elif "://" not in uri or uri.startswith("file:"):
        raise TrackingError(
            f"MLflow takes no folder as a store any more, got {without_password(uri)!r}; {STORE_ADVICE}"
        )
    with store_errors(uri):
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    return client


@contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turns what MLflow and its database raise into a TrackingError that names the store: a StoreOutage where it may pass."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError, ImportError, ValueError) as error:
        lines = masked(str(error), uri).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        kind = StoreOutage if is_outage(error) else TrackingError
        raise kind(f"the MLflow store {without_password(uri)} failed: {reason}; {STORE_ADVICE}") from error


def _silence() -> None:
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # A record that can't be sent waits on disk (`nsbench.tracking.writing.run_writer`), so a call needn't try for minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "1")
    # MLflow reports usage to its makers unless told not to; what a user runs here is theirs alone.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    set_telemetry_client()  # type: ignore[no-untyped-call]


def _create_sqlite(file: Path) -> None:
    """Makes the tables of a new store in a hidden file and renames it: MLflow can't go on with half of its tables."""
    if file.stat().st_size:
        return
    with store_errors(sqlite_uri(file)), file_lock(file.with_name(f".{file.name}.lock")):
        if file.stat().st_size:  # Another process was first.
            return
        partial = file.with_name(f".{file.name}.partial")
        partial.unlink(missing_ok=True)
        with _without_waiting_for_the_disk(partial):
            MlflowClient(tracking_uri=sqlite_uri(partial)).search_experiments(max_results=1)
        with partial.open("rb") as stream:
            os.fsync(stream.fileno())
        partial.replace(file)


@contextmanager
def _without_waiting_for_the_disk(file: Path) -> Iterator[None]:
    """Some fifty migrations make the tables, and each would wait for the disk, for a file that counts only when whole."""

    def hurry(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA database_list")
            # Other threads connect to other files meanwhile.
            if any(Path(path) == file.resolve() for *_, path in cursor.fetchall()):
                cursor.execute("PRAGMA synchronous = OFF")
        finally:
            cursor.close()

    event.listen(Engine, "connect", hurry)
    try:
        yield
    finally:
        event.remove(Engine, "connect", hurry)


def _check_writable(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Appending nothing asks for the permission without changing the file; sqlite takes an empty file as new.
        with file.open("ab"):
            pass
    except OSError as error:
        raise TrackingError(
            f"can't write the MLflow store {file}: {error.strerror or error}; {STORE_ADVICE}"
        ) from error


def _check_sqlite(file: Path) -> None:
    try:
        with file.open("rb") as stream:
            header = stream.read(len(_SQLITE_HEADER))
    except OSError as error:
        raise TrackingError(f"can't read the MLflow store {file}: {error.strerror or error}; {STORE_ADVICE}") from error
    if header and header != _SQLITE_HEADER:
        raise TrackingError(
            f"{file} is no sqlite database, so it can't be the MLflow store; move it away, or {STORE_ADVICE}"
        )

"""The way to an MLflow store: a client that fails early with a message, and keeps MLflow's chatter off the terminal.

Left alone, MLflow retries an unreachable server for four minutes and an unwritable sqlite file for two.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException
from mlflow.telemetry import set_telemetry_client
from sqlalchemy.exc import SQLAlchemyError

from nsbench.errors import TrackingError
from nsbench.home import Home

_REACH_TIMEOUT_S = 5.0
_SQLITE = "sqlite:///"
_SQLITE_HEADER = b"SQLite format 3\0"
_ADVICE = "set MLFLOW_TRACKING_URI to a server or a database, or NSBENCH_HOME to a folder that can be written"


def is_server(uri: str) -> bool:
    """Whether a tracking URI names a server, which keeps artifacts itself, rather than a database."""
    return uri.startswith(("http://", "https://"))


def sqlite_file(uri: str) -> Path | None:
    """The file of an sqlite URI; None for any other store."""
    return Path(unquote(uri.removeprefix(_SQLITE).partition("?")[0])) if uri.startswith(_SQLITE) else None


def connect(uri: str) -> MlflowClient:
    """A client of the store at `uri`; an sqlite store is created where there is none.

    Args:
        uri: `sqlite:///FILE`, another database's URL, or an MLflow server's `http(s)://` address.

    Raises:
        TrackingError: The store can't be reached or written, or is of a kind that MLflow no longer takes.
    """
    _silence()
    file = sqlite_file(uri)
    if is_server(uri):
        _check_server(uri)
    elif file is not None:
        _check_sqlite(file)
    elif "://" not in uri or uri.startswith("file:"):
        raise TrackingError(f"MLflow takes no folder as a store any more, got {uri!r}; {_ADVICE}")
    with store_errors(uri):
        client = MlflowClient(tracking_uri=uri)
        client.search_experiments(max_results=1)
    return client


def create_store(home: Home) -> None:
    """Creates the tables of the home's store, once, before several processes write to it.

    Processes that meet an empty store at the same moment would race to create its tables.

    Raises:
        TrackingError: As `connect`.
    """
    connect(home.tracking_uri)


@contextmanager
def store_errors(uri: str) -> Iterator[None]:
    """Turns what MLflow and its database raise into a TrackingError that names the store."""
    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        lines = str(error).strip().splitlines()
        reason = lines[0] if lines else type(error).__name__
        raise TrackingError(f"the MLflow store {without_password(uri)} failed: {reason}; {_ADVICE}") from error


def without_password(uri: str) -> str:
    """The URI as it may be shown.

    >>> without_password("postgresql://me:secret@host/runs")
    'postgresql://me:***@host/runs'
    """
    parts = urlsplit(uri)
    return uri if parts.password is None else uri.replace(f":{parts.password}@", ":***@", 1)


def _silence() -> None:
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # MLflow reports usage to its makers unless told not to; what a user runs here is theirs alone.
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    set_telemetry_client()  # type: ignore[no-untyped-call]


def _check_server(uri: str) -> None:
    parts = urlsplit(uri)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=_REACH_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        raise TrackingError(
            f"no MLflow server answers at {without_password(uri)}: {error}; start it, or {_ADVICE}"
        ) from error


def _check_sqlite(file: Path) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        # Appending nothing asks for the permission without changing the file; sqlite takes an empty file as new.
        with file.open("ab"):
            pass
        with file.open("rb") as stream:
            header = stream.read(len(_SQLITE_HEADER))
    except OSError as error:
        raise TrackingError(f"can't write the MLflow store {file}: {error.strerror or error}; {_ADVICE}") from error
    if header and header != _SQLITE_HEADER:
        raise TrackingError(
            f"{file} is no sqlite database, so it can't be the MLflow store; move it away, or {_ADVICE}"
        )

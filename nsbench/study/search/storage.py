"""Where Optuna's studies are: an sqlite file that several commands may share, or the database `NSBENCH_STUDY_STORAGE` names."""

import sqlite3
import time
from pathlib import Path

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.retry import OPENING_WAIT_S, RetryPolicy, first_line
from nsbench.study.search.lock import AdvisoryLock, FileLock, NoLock, StudyLock
from nsbench.study.search.retrying_storage import RetryingStorage, cause_of
from nsbench.tracking.store_uri import sqlite_file, without_password

_LOCK_TIMEOUT_S = 60
_ATTEMPTS = 5
_PAUSE_S = 0.5
_STARTING = ("refused", "starting up", "shutting down", "timed out", "timeout expired")
"""What a database's driver says of a server that may answer soon; a wrong password or name is refused at once."""

_WAIT_S = 600.0
"""How long a study waits for a database that is restarted."""


def open_storage(home: Home) -> RetryingStorage:
    """The home's storage of studies; an sqlite file is created where there is none.

    Raises:
        TrackingError: It can't be opened.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    url = home.study_storage
    arguments: dict[str, object] = {"pool_pre_ping": True}
    try:
        file = sqlite_file(url)
        if file is not None:
            _write_ahead(file)
            arguments["connect_args"] = {"timeout": _LOCK_TIMEOUT_S}
        storage = _connect(url, arguments)
    except ImportError as error:
        raise TrackingError(
            f"the driver of the database {without_password(url)} is not installed; for PostgreSQL: "
            "pip install 'nsbench[postgres]', and NSBENCH_STUDY_STORAGE=postgresql+psycopg://user:password@host/studies"
        ) from error
    except (OSError, sqlite3.Error, SQLAlchemyError, StorageInternalError, RuntimeError, ValueError) as error:
        raise TrackingError(
            f"can't open the storage of studies: {first_line(cause_of(error))}; set NSBENCH_STUDY_STORAGE to a database's URL, "
            "such as postgresql+psycopg://user:password@host/studies, or NSBENCH_HOME to a folder that can be written"
        ) from error
    retry = RetryPolicy(f"the storage of studies {without_password(url)}", _WAIT_S, is_outage)
    return RetryingStorage(storage, retry, _lock_of(storage, file, retry))


def existing_storage(home: Home) -> RetryingStorage | None:
    """The home's storage of studies; None where there is none yet.

    Raises:
        TrackingError: It can't be opened.
    """
    return open_storage(home) if has_storage(home) else None


def has_storage(home: Home) -> bool:
    """Whether there can be studies: an sqlite file that isn't there holds none."""
    file = sqlite_file(home.study_storage)
    return file is None or file.is_file()


def is_outage(error: Exception) -> bool:
    """Whether an error of the database may pass by itself: it is restarted, or busy.

    A full disk, on which sqlite fails as a busy file does, doesn't pass.
    """
    cause = cause_of(error)
    if not isinstance(cause, DBAPIError):
        return False
    if isinstance(cause.orig, sqlite3.Error):
        return "locked" in str(cause.orig) or "busy" in str(cause.orig)
    return cause.connection_invalidated or type(cause).__name__ in ("OperationalError", "InterfaceError")


def _lock_of(storage: RDBStorage, file: Path | None, retry: RetryPolicy) -> StudyLock:
    if file is not None:
        return FileLock(file.with_name(f"{file.name}.lock"))
    if storage.engine.dialect.name == "postgresql":
        return AdvisoryLock(storage.engine, retry)
    return NoLock()


def _connect(url: str, arguments: dict[str, object]) -> RDBStorage:
    """Opens the database, and waits for one that is starting.

    Raises:
        TrackingError: The server didn't answer in time.
    """
    name = f"the storage of studies {without_password(url)} (NSBENCH_STUDY_STORAGE)"
    retry = RetryPolicy(name, OPENING_WAIT_S, _is_starting)
    return retry.call(lambda: _first_connect(url, arguments))


def _first_connect(url: str, arguments: dict[str, object]) -> RDBStorage:
    """Two processes that meet an empty database race to create its tables; the loser tries again."""
    # Optuna fills its schema's version into braces, which a home or a password may hold.
    url = url.replace("{", "{{").replace("}", "}}")
    for _ in range(_ATTEMPTS - 1):
        try:
            return RDBStorage(url, engine_kwargs=dict(arguments))
        except (SQLAlchemyError, StorageInternalError) as error:
            if _is_starting(error):
                raise
            time.sleep(_PAUSE_S)
    return RDBStorage(url, engine_kwargs=dict(arguments))


def _is_starting(error: Exception) -> bool:
    return any(words in str(cause_of(error)) for words in _STARTING)


def _write_ahead(file: Path) -> None:
    """Lets readers read while one writes; the mode stays with the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=_LOCK_TIMEOUT_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()

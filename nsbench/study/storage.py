"""Optuna's storage: an sqlite file that several commands may share, or whatever `NSBENCH_STUDY_STORAGE` names."""

import sqlite3
import time
from pathlib import Path

import optuna
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

from nsbench.errors import TrackingError
from nsbench.home import Home
from nsbench.tracking.mlflow_connection import sqlite_file

_LOCK_TIMEOUT_S = 60
_ATTEMPTS = 5
_PAUSE_S = 0.5


def open_storage(home: Home) -> RDBStorage:
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
        return _connect(url, arguments)
    except (OSError, sqlite3.Error, SQLAlchemyError, ImportError, RuntimeError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise TrackingError(
            f"can't open the storage of studies: {reason}; set NSBENCH_STUDY_STORAGE to a database's URL, such as "
            "postgresql+psycopg://user:password@host/studies, or NSBENCH_HOME to a folder that can be written"
        ) from error


def has_storage(home: Home) -> bool:
    """Whether there can be studies: an sqlite file that isn't there holds none."""
    file = sqlite_file(home.study_storage)
    return file is None or file.is_file()


def _connect(url: str, arguments: dict[str, object]) -> RDBStorage:
    """Two processes that meet an empty database race to create its tables; the loser tries again."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return RDBStorage(url, engine_kwargs=dict(arguments))
        except SQLAlchemyError:
            time.sleep(_PAUSE_S)
    return RDBStorage(url, engine_kwargs=dict(arguments))


def _write_ahead(file: Path) -> None:
    """Lets readers read while one writes; the mode stays with the file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=_LOCK_TIMEOUT_S)
    try:
        connection.execute("PRAGMA journal_mode=WAL")
    finally:
        connection.close()

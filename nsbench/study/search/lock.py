"""One process at a time: claims, results and clean-ups of a study don't interleave, on whatever machines they are made.

Optuna's own locks leave gaps: it counts and begins a trial in two steps, and on sqlite two processes can both take up the
same waiting trial. The counts of `nsbench.study.trials.trial_state` are right without a lock too; with it no trial has to
step back.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Protocol, final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from nsbench.files.file_lock import file_lock
from nsbench.retry import RetryPolicy

_LONGEST_WAIT_S = 60
_LONGEST_HOLD_S = 60
"""After so long without a word the database frees the lock itself: its holder's machine may have vanished."""


class StudyLock(Protocol):
    """Lets one process at a time work on a study."""

    def hold(self, study: str) -> AbstractContextManager[None]:
        """Waits for the turn and keeps it to the end of the context; it can't be taken twice by one process."""


@final
class NoLock:
    """For databases without a lock that nsbench knows."""

    @contextmanager
    def hold(self, study: str) -> Iterator[None]:
        """Holds nothing."""
        yield


@final
class FileLock:
    """A lock between the processes of one machine.

    Args:
        file: Created when first locked, and left there.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    @contextmanager
    def hold(self, study: str) -> Iterator[None]:
        """Holds the file, whatever the study: sqlite has one writer at a time anyway."""
        with file_lock(self._file):
            yield


@final
class AdvisoryLock:
    """PostgreSQL's advisory lock, held by a transaction of its own; the database frees it when its holder is gone.

    Args:
        engine: Where the studies are.
        retry: How long an outage is waited for.
    """

    def __init__(self, engine: Engine, retry: RetryPolicy) -> None:
        self._engine = engine
        self._retry = retry

    @contextmanager
    def hold(self, study: str) -> Iterator[None]:
        """Holds the study; when the database is restarted meanwhile, the lock is gone and the trials' states decide."""
        connection = self._retry.call(lambda: self._acquire(study))
        try:
            yield
        finally:
            with suppress(SQLAlchemyError):
                connection.rollback()
            connection.close()

    def _acquire(self, study: str) -> Connection:
        connection = self._engine.connect()
        try:
            connection.execute(text(f"SET LOCAL lock_timeout = '{_LONGEST_WAIT_S}s'"))
            connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout = '{_LONGEST_HOLD_S}s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key_of(study)})
        except BaseException:
            with suppress(SQLAlchemyError):
                connection.rollback()
            connection.close()
            raise
        return connection


def _key_of(study: str) -> int:
    """A signed number of 64 bits, as PostgreSQL's locks have."""
    digest = hashlib.blake2b(f"nsbench/{study}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)

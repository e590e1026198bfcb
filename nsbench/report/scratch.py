"""A folder in which a report is made before it is moved into place; one that a killed process left is removed later."""

import fcntl
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = ".report-"
_LOCK = ".lock"
_OLD_S = 3600.0
"""An older folder without a lock was abandoned: locking is the first thing that is done in one."""


@contextmanager
def scratch_folder(output: Path) -> Iterator[Path]:
    """A new folder in `output` for as long as the context lasts; those of reports that were killed are removed.

    The system releases the lock in it when its process ends, on whichever machine that runs.

    Raises:
        OSError: The folder can't be written.
    """
    remove_remnants(output)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=output))
    try:
        with (folder / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_remnants(output: Path) -> None:
    """Removes the folders of reports that were killed while they were made."""
    for folder in output.glob(f"{_PREFIX}*"):
        if folder.is_dir() and not folder.is_symlink() and _is_left(folder):
            shutil.rmtree(folder, ignore_errors=True)


def _is_left(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return _age_s(folder) > _OLD_S
    except OSError:  # Its process is still at work, or it is another user's.
        return False
    return True


def _age_s(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0.0

"""Hidden working folders beside the datasets, and how those of dead processes are told from those that are being written.

A working folder holds a file that its process keeps locked; the system frees the lock when the process dies, however. A lock
says nothing across machines that share a home, so the file also names the machine and its start: what another one left,
and what has no such file, goes only when nothing in it has changed for a day.
"""

import fcntl
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from nsbench.files.leftover_file import KEPT_S, this_machine

PARTIAL = ".partial"
OLD = ".old"
REPLACED = "dataset"
"""What a dataset is called in the folder where it waits until its replacement has its place."""

_OWNER = ".owner"
logger = logging.getLogger(__name__)


@contextmanager
def working_folder(parent: Path, name: str, suffix: str) -> Iterator[Path]:
    """A new hidden folder in `parent`, for this process alone; gone afterwards, whatever happens.

    Raises:
        OSError: The folder can't be made.
    """
    folder = Path(tempfile.mkdtemp(prefix=f".{name}.", suffix=suffix, dir=parent))
    try:
        with (folder / _OWNER).open("w", encoding="utf-8") as owner:
            with suppress(OSError):  # A file system without locks: then the folder's age has to do.
                # Waits: who looks whether it is free holds it for a moment.
                fcntl.flock(owner, fcntl.LOCK_EX)
            owner.write(this_machine())
            owner.flush()
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_owner(folder: Path) -> None:
    """Makes an ordinary folder of a working folder that is about to get its place."""
    (folder / _OWNER).unlink(missing_ok=True)


def clear_leftovers(parent: Path) -> None:
    """Removes the working folders that processes left which were killed; puts back a dataset that had lost its place.

    Folders of living processes and of other machines stay as they are; so does what can't be removed.
    """
    with suppress(OSError):
        for folder in parent.iterdir():
            if folder.name.startswith(".") and folder.suffix in (PARTIAL, OLD) and _is_abandoned(folder):
                _put_back(folder, parent)
                logger.info("removing %s, which a killed command left", folder)
                shutil.rmtree(folder, ignore_errors=True)


def _put_back(folder: Path, parent: Path) -> None:
    """A process that dies between the two renames of a replacement leaves neither dataset in its place."""
    place = parent / folder.name.removeprefix(".").rsplit(".", 2)[0]
    if folder.suffix == OLD and (folder / REPLACED).is_dir() and not place.exists():
        with suppress(OSError):
            (folder / REPLACED).rename(place)


def _is_abandoned(folder: Path) -> bool:
    try:
        with (folder / _OWNER).open("r+", encoding="utf-8") as owner:
            fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
            machine = owner.read()
    except BlockingIOError:
        return False
    except OSError:
        machine = ""
    return machine == this_machine() or time.time() - _last_change(folder) > KEPT_S


def _last_change(folder: Path) -> float:
    """When something in a folder was last written, in seconds since 1970; now where that can't be seen."""
    try:
        return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
    except OSError:
        return time.time()

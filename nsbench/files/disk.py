"""Files that are written whole or not at all, and what is said when a disk won't take them."""

import errno
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from nsbench.errors import StorageError
from nsbench.files.leftover_file import partial_file

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_NUMBER = re.compile(r"(?:\(os error |\[errno )(\d+)", re.IGNORECASE)
"""The system's number as Rust ("(os error 28)") and C++ or Python ("[Errno 28]") put it into a message; a path comes after it."""

_FULL_IN_WORDS = (re.compile(r"\d+ requested and \d+ written"), re.compile(r"(database or )?disk is full$"))
"""numpy's and sqlite's."""


def write_atomically(path: Path, write: Callable[[Path], object], *, sync: bool = True) -> None:
    """Writes a file under another name beside its place, waits until the disk has it, and renames it.

    A reader of `path` finds the old file or the new one, whatever dies meanwhile.

    Args:
        path: The file; its folder is made.
        write: Writes the content to the path that it is given; what it returns is not used.
        sync: False for a file whose loss in a power cut costs nothing, such as a cache's: the disk isn't waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with partial_file(path) as partial:
        write(partial)
        if sync:
            _sync(partial)
        os.replace(partial, path)
    if sync:
        with suppress(FileNotFoundError):  # A reader may have taken the file, and the folder with it.
            _sync(path.parent)


def is_full(error: BaseException) -> bool:
    """Whether an error says that the disk, the quota or the largest size of a file is used up.

    Libraries say it in forms of their own: polars as an OSError or an error of its own that has the number in its text only,
    safetensors and pyarrow likewise, numpy by how much of an array was written, sqlite in words. What an error was raised
    from counts too.

    >>> is_full(OSError("File too large (os error 27)")), is_full(OSError("No such file (os error 2): /(os error 28)"))
    (True, False)
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in _FULL
    text = str(error)
    number = _NUMBER.search(text)
    if number is not None:
        return int(number[1]) in _FULL
    if any(words.search(text) for words in _FULL_IN_WORDS):
        return True
    return error.__cause__ is not None and is_full(error.__cause__)


def storage_error(what: str, path: Path, error: Exception, n_bytes: int | None = None) -> StorageError:
    """What to say when a file can't be written.

    Args:
        what: What the file is, such as "the checkpoint".
        path: Where it was to be.
        error: What the write raised.
        n_bytes: How much room it needs; None where that isn't known.
    """
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    needs = "" if n_bytes is None else f"it needs {megabytes(n_bytes)} and "
    return StorageError(
        f"can't write {what} {path}: {reason}; {needs}{megabytes(free_bytes(path))} are free there; make room, or set "
        "NSBENCH_HOME to a folder on another disk"
    )


def check_place(what: str, path: Path) -> None:
    """Checks that a file can be made before the work that ends in it is done.

    Args:
        what: What the file is, such as "the checkpoint".
        path: Where it is to be; its folder may not exist yet.

    Raises:
        StorageError: A folder has the name, or the folder that it would be in can't be written.
    """
    if path.is_dir():
        raise StorageError(f"can't write {what} {path}: it is a folder; give a file's name")
    if path.exists() and not path.is_file():
        raise StorageError(f"can't write {what} {path}: it is no regular file; give another name")
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if not folder.is_dir():
        raise StorageError(f"can't write {what} {path}: {folder} is a file, not a folder; give another place")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StorageError(f"can't write {what} {path}: {folder} can't be written; give another place")


def free_bytes(path: Path) -> int:
    """Room on the disk where a file, which may not exist yet, would be."""
    folder = next((parent for parent in path.absolute().parents if parent.exists()), Path("/"))
    return shutil.disk_usage(folder).free


def megabytes(n_bytes: int) -> str:
    """A size as messages say it.

    >>> megabytes(12_345_678)
    '12.3 MB'
    """
    return f"{n_bytes / 1e6:,.1f} MB"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""A folder put in another one's place by renaming, where several processes may do so at once."""

import errno
from contextlib import suppress
from pathlib import Path

MOST_ATTEMPTS = 100
"""As often another process may come in between."""


def swap(folder: Path, target: Path, old: Path) -> bool:
    """Puts a folder in the place of another one, which is kept; returns whether no other process came in between.

    Another process put a whole folder there as well; on another attempt that one is taken away, so that the last one stands.

    Args:
        folder: What is put there.
        target: Where; there may be nothing.
        old: Where the other one goes.
    """
    try:
        with suppress(FileNotFoundError):  # There was none, or another process has just taken it away.
            target.rename(old)
        folder.rename(target)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def folder_identity(folder: Path) -> tuple[int, int] | None:
    """What no other folder of that name shares; None where there is none."""
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_ino, found.st_ctime_ns

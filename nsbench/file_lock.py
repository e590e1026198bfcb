"""A lock between the processes of one machine; the system frees it when its holder dies."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file_lock(file: Path) -> Iterator[None]:
    """Waits for a lock file and holds it to the end of the context; it can't be taken twice by one process.

    Args:
        file: Created when first locked, and left there; its folder must exist.
    """
    with file.open("ab") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield

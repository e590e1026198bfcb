"""Half-written files of processes that died, told from those that are being written: the system frees a dead process's locks.

A lock says nothing across machines that share a folder, so a file's name says on which machine, since its last start, it
is written; what another one left goes when it hasn't changed for a day.
"""

import fcntl
import glob
import hashlib
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

KEPT_S = 86_400
"""How long what another machine left is kept after its last change."""


@contextmanager
def partial_file(path: Path) -> Iterator[Path]:
    """An empty file beside `path` to write its content to, locked as long as the context lasts; gone afterwards.

    Removes what killed processes left of the same file.
    """
    _remove_abandoned(path)
    partial = path.with_name(f".{path.name}.{_machine_code()}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as held:
            with suppress(OSError):  # A file system without locks.
                fcntl.flock(held, fcntl.LOCK_EX)
            yield partial
    finally:
        partial.unlink(missing_ok=True)


@cache
def this_machine() -> str:
    """This machine's name and start: two machines may share a name, and locks end with the start."""
    with suppress(OSError):
        return f"{platform.node()}/{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='utf-8').strip()}"
    return f"{platform.node()}/{os.uname().version}"


def _machine_code() -> str:
    return hashlib.blake2b(this_machine().encode(), digest_size=4).hexdigest()


def _remove_abandoned(path: Path) -> None:
    for partial in path.parent.glob(f".{glob.escape(path.name)}.*.partial"):
        with suppress(OSError), partial.open("rb") as found:
            is_ours = f".{_machine_code()}." in partial.name
            if not is_ours and time.time() - partial.stat().st_mtime < KEPT_S:
                continue
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
            partial.unlink()

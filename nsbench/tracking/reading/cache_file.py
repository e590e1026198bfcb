"""Files of caches: whole or not there, and believed only where their content is what was written.

Deleting any of them is always safe; a folder that can't be written only costs time.
"""

import errno
import hashlib
import logging
import os
import time
from contextlib import suppress
from pathlib import Path

_LOG = logging.getLogger(__name__)
_PARTIAL = ".partial"
_OLD_S = 3600.0
"""A partial file of that age is nobody's any more: writing one takes seconds."""

_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_DIGEST_BYTES = 16
_HASH_LENGTH = 2 * _DIGEST_BYTES


def write_cache_file(path: Path, content: bytes, what: str) -> None:
    """Writes a file of a cache with its content's hash in front; a folder that is for reading only is passed over.

    Args:
        path: The file; its folder is made.
        content: Anything.
        what: What it costs where the file can't be written, such as "runs are read whole every time".
    """
    partial = path.with_name(f"{path.name}.{os.getpid()}{_PARTIAL}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(_digest(content) + content)
        partial.replace(path)
        _remove_remnants(path.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        level = logging.DEBUG if error.errno in _READ_ONLY else logging.WARNING
        _LOG.log(level, "%s: can't write the cache %s (%s)", what, path, error)


def read_cache_file(path: Path) -> bytes | None:
    """What `write_cache_file` wrote; None where there is nothing, or something else."""
    try:
        written = path.read_bytes()
    except OSError:
        return None
    content = written[_HASH_LENGTH:]
    return content if written[:_HASH_LENGTH] == _digest(content) else None


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).hexdigest().encode()


def _remove_remnants(folder: Path) -> None:
    """Removes what processes left that were killed while they wrote."""
    for file in folder.glob(f"*{_PARTIAL}"):
        with suppress(OSError):
            if time.time() - file.stat().st_mtime > _OLD_S:
                file.unlink()

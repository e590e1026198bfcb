"""Files of caches: whole or not there, and believed only where their content is what was written.

Deleting any of them is always safe; a folder that can't be written only costs time.
"""

import errno
import hashlib
import logging
from pathlib import Path

from nsbench.files.disk import write_atomically

_LOG = logging.getLogger(__name__)
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
    try:
        write_atomically(path, lambda partial: partial.write_bytes(_digest(content) + content), sync=False)
    except OSError as error:
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

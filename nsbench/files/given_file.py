"""A small file that the user names on the command line, read whole; what could be endless or hang is refused unread."""

import stat
from pathlib import Path

from nsbench.errors import SettingsError

RECORD_BYTES = 1 << 24
"""How large a bench's record may be; a real one has some ten thousand bytes."""


def read_given(path: Path, what: str, limit_bytes: int) -> bytes:
    """The content of a file.

    Args:
        path: The file.
        what: What it should be, such as "the settings file".
        limit_bytes: How large it may be.

    Raises:
        SettingsError: It isn't there, can't be read, is no regular file, or is too large.
    """
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
            raise SettingsError(
                f"can't read {what} {path}: it is {kind}; give a regular file: what comes out of a pipe, save first"
            )
        with path.open("rb") as file:
            content = file.read(limit_bytes + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SettingsError(f"can't read {what} {path}: {reason}; give a file that can be read") from error
    if len(content) > limit_bytes:
        raise SettingsError(f"can't read {what} {path}: it has more than {limit_bytes:,} bytes, which is no such file")
    return content

"""Takes the one file that we want out of a zip archive, trusting nothing in it.

An archive that holds a path outside itself or a link anywhere is refused whole: a dataset's archive has no reason to.
"""

import lzma
import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from nsbench.errors import DownloadError
from nsbench.files.disk import write_atomically

MOST_RATIO = 200
"""How many times its packed size a log can have: text packs to a tenth, an archive made to fill a disk to a thousandth."""

_BLOCK_BYTES = 1 << 20
_SHOWN_NAMES = 10
_SHOWN_LETTERS = 80


_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError),
    *(NotImplementedError, RuntimeError, ValueError, OverflowError, LookupError),
)
"""What `zipfile` raises for archives that are cut off, encrypted, packed in an unknown way or made to confuse."""


def extract_member(archive: Path, member: str, target: Path, most_bytes: int) -> None:
    """Writes the archive's file called `member`, whatever folder it is in, to `target`; whole or not at all.

    Args:
        archive: A zip file.
        member: A file name without folders, such as "ratings.dat".
        target: Where it goes; its folder is created.
        most_bytes: How large it may be.

    Raises:
        DownloadError: The archive is damaged or unsafe, holds no such file or several, unpacks to more than it should, or
            the disk can't be written.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            info = _find(archive, opened.infolist(), member)
            _check_size(archive, member, info.file_size, most_bytes)
            if info.file_size > MOST_RATIO * max(1, info.compress_size) and info.file_size > _BLOCK_BYTES:
                raise DownloadError(
                    f"{archive} is refused: {member!r} unpacks from {info.compress_size:,} to {info.file_size:,} bytes, which "
                    "no log does. Fetch it from its owner again."
                )

            def unpack(partial: Path) -> None:
                with opened.open(info) as source, partial.open("wb") as sink:
                    # Blocks, and not `read()`: what the archive says of a member's size needn't be true.
                    n_bytes = 0
                    while block := source.read(_BLOCK_BYTES):
                        n_bytes += len(block)
                        _check_size(archive, member, n_bytes, most_bytes)
                        sink.write(block)

            write_atomically(target, unpack)
    except _DAMAGED as error:
        raise DownloadError(
            f"{archive} is not a whole, unencrypted zip file: {error}. Delete it and fetch again."
        ) from error
    except OSError as error:
        raise DownloadError(f"Can't unpack {archive} to {target}: {error.strerror or error}.") from error


def _check_size(archive: Path, member: str, n_bytes: int, most_bytes: int) -> None:
    if n_bytes > most_bytes:
        raise DownloadError(
            f"{archive} is refused: {member!r} unpacks to more than {most_bytes:,} bytes, so it isn't that log. Fetch it "
            "from its owner again."
        )


def _find(archive: Path, infos: list[zipfile.ZipInfo], member: str) -> zipfile.ZipInfo:
    unsafe = [info.filename for info in infos if _leads_outside(info.filename) or _is_link(info)]
    if unsafe:
        raise DownloadError(
            f"{archive} is refused: it holds {_short(unsafe[0])!r}, a link or a path outside the archive. Fetch it from its "
            "owner again."
        )
    found = [info for info in infos if not info.is_dir() and PurePosixPath(info.filename).name == member]
    if len(found) != 1:
        names = ", ".join(repr(_short(info.filename)) for info in infos[:_SHOWN_NAMES])
        raise DownloadError(f"{archive} should hold one file {member!r} and holds {len(found)}. It holds: {names}.")
    return found[0]


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN_LETTERS else f"{name[:_SHOWN_LETTERS]}..."


def _leads_outside(name: str) -> bool:
    windows = PureWindowsPath(name)
    return bool(windows.drive or windows.root) or ".." in windows.parts


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)

"""Takes the one file that we want out of a zip archive, trusting nothing in it.

An archive that holds a path outside itself or a link anywhere is refused whole: a dataset's archive has no reason to.
"""

import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath, PureWindowsPath

from nsbench.errors import DownloadError


def extract_member(archive: Path, member: str, target: Path) -> None:
    """Writes the archive's file called `member`, whatever folder it is in, to `target`; whole or not at all.

    Args:
        archive: A zip file.
        member: A file name without folders, such as "ratings.dat".
        target: Where it goes; its folder is created.

    Raises:
        DownloadError: The archive is damaged or unsafe, holds no such file or several, or the disk can't be written.
    """
    partial = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(archive) as opened:
            info = _find(archive, opened.infolist(), member)
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(info) as source, partial.open("wb") as sink:
                shutil.copyfileobj(source, sink)
        partial.replace(target)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        partial.unlink(missing_ok=True)
        raise DownloadError(
            f"{archive} is not a whole, unencrypted zip file: {error}. Delete it and fetch again."
        ) from error
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise DownloadError(f"Can't unpack {archive} to {target}: {error}.") from error


def _find(archive: Path, infos: list[zipfile.ZipInfo], member: str) -> zipfile.ZipInfo:
    unsafe = [info.filename for info in infos if _leads_outside(info.filename) or _is_link(info)]
    if unsafe:
        raise DownloadError(
            f"{archive} is refused: it holds {unsafe[0]!r}, a link or a path outside the archive. Fetch it from its "
            "owner again."
        )
    found = [info for info in infos if not info.is_dir() and PurePosixPath(info.filename).name == member]
    if len(found) != 1:
        names = ", ".join(info.filename for info in infos[:10])
        raise DownloadError(f"{archive} should hold one file {member!r} and holds {len(found)}. It holds: {names}.")
    return found[0]


def _leads_outside(name: str) -> bool:
    windows = PureWindowsPath(name)
    return bool(windows.drive or windows.root) or ".." in windows.parts


def _is_link(info: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(info.external_attr >> 16)

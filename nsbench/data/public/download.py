"""Fetches one file over HTTP so that an interrupted download goes on where it stopped.

What has arrived lies beside the target as `NAME.part`; the target itself appears only whole and with the right checksum.
"""

import hashlib
import http.client
import logging
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nsbench.data.public.server_answer import SafeRedirects, UnfitAnswer, check_content, check_size, in_short, length_of
from nsbench.errors import DownloadError

logger = logging.getLogger(__name__)

OnBytes = Callable[[int, int | None], None]
"""Called with the bytes that have arrived and the file's size; None where the server doesn't say."""

BLOCK_BYTES = 1 << 18
TIMEOUT_S = 30.0
ATTEMPTS = 4
"""How often a broken connection is taken up again before giving up; what has arrived is kept."""

PAUSE_S = 1.0
"""Wait before the next attempt."""


class _Interrupted(Exception):
    """The connection broke or ended before the whole file had arrived."""


@dataclass(frozen=True)
class _Part:
    """The file that has arrived so far, and what the server called its version."""

    path: Path
    version_path: Path

    @classmethod
    def of(cls, target: Path) -> "_Part":
        return cls(target.with_name(target.name + ".part"), target.with_name(target.name + ".part.version"))

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def version(self) -> str:
        return self.version_path.read_text(encoding="utf-8", errors="replace") if self.version_path.exists() else ""

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self.version_path.unlink(missing_ok=True)


def download(url: str, target: Path, md5: str | None, on_bytes: OnBytes, most_bytes: int) -> None:
    """Fetches `url` to `target`, going on with what an earlier attempt left; nothing is fetched where target is right.

    Args:
        url: An http or https address.
        target: Where the file goes; its folder is created.
        md5: The file's checksum in hexadecimal, or None where none is published.
        on_bytes: Called as bytes arrive.
        most_bytes: How large the file may be; a larger one is thrown away before it fills the disk.

    Raises:
        DownloadError: The server refuses or sends something else, the connection breaks again and again, the checksum
            differs, or the disk can't be written. A broken download can be resumed; one with a wrong checksum is thrown away.
    """
    if not url.startswith(("http://", "https://")):
        raise DownloadError(f"Can't fetch {url!r}: accepted are http:// and https:// addresses.")
    part = _Part.of(target)
    try:
        if target.exists() and (md5 is None or file_md5(target) == md5):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        _fetch(url, part, on_bytes, most_bytes)
        found = file_md5(part.path)
        if md5 is not None and found != md5:
            part.drop()
            raise DownloadError(
                f"{url} isn't the file it should be: its md5 is {found}, expected {md5}. It was thrown away; try again, "
                "and if the difference stays, download the file elsewhere and pass it with --from FILE."
            )
        part.path.replace(target)
        part.drop()
    except OSError as error:
        raise DownloadError(f"Can't write {target}: {error}. Set NSBENCH_HOME to a folder with space.") from error


def file_md5(path: Path) -> str:
    """The md5 of a file in hexadecimal; against damage in transfer, not against an attacker."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _fetch(url: str, part: _Part, on_bytes: OnBytes, most_bytes: int) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _fetch_rest(url, part, on_bytes, most_bytes)
        except _Interrupted as error:
            logger.warning("%s: %s after %d bytes (attempt %d of %d)", url, error, part.size, attempt, ATTEMPTS)
            reason = str(error)
            time.sleep(PAUSE_S)
        else:
            return
    raise DownloadError(
        f"Can't fetch {url}: {reason}; {part.size} bytes have arrived and are kept. Check the connection and run the same "
        "command again to go on, or download the file elsewhere and pass it with --from FILE."
    )


def _fetch_rest(url: str, part: _Part, on_bytes: OnBytes, most_bytes: int) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "nsbench", "Accept-Encoding": "identity"})
    # Without a version we couldn't tell whether the rest belongs to the same file: begin again.
    if part.size and part.version:
        request.add_header("Range", f"bytes={part.size}-")
        request.add_header("If-Range", part.version)
    try:
        with urllib.request.build_opener(SafeRedirects).open(request, timeout=TIMEOUT_S) as response:
            _receive(response, part, on_bytes, most_bytes)
    except urllib.error.HTTPError as error:
        _judge_refusal(url, error, part)
    except urllib.error.URLError as error:
        raise _Interrupted(in_short(str(error.reason))) from error
    except (http.client.HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
        raise _Interrupted(f"the connection broke ({type(error).__name__})") from error
    except UnfitAnswer as error:
        part.drop()
        raise DownloadError(
            f"Can't fetch {url}: {error}. Nothing of it is kept; download the file elsewhere and pass it with --from FILE."
        ) from error
    except ValueError as error:
        raise DownloadError(
            f"Can't fetch {url}: the server leads to no address or sends a broken header ({in_short(str(error))}). Download the "
            "file elsewhere and pass it with --from FILE."
        ) from error


def _judge_refusal(url: str, error: urllib.error.HTTPError, part: _Part) -> None:
    """Whether an error status means that all has arrived, that it's worth trying again, or that it's over."""
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        if error.headers.get("Content-Range") == f"bytes */{part.size}":
            return
        part.drop()
        raise _Interrupted("the server's file is not the one begun with; beginning again") from error
    if error.code >= http.HTTPStatus.INTERNAL_SERVER_ERROR or error.code == http.HTTPStatus.TOO_MANY_REQUESTS:
        raise _Interrupted(f"the server answered {error.code} {in_short(error.reason)}") from error
    raise DownloadError(
        f"Can't fetch {url}: the server answered {error.code} {in_short(error.reason)}. The file may have moved; download it "
        "elsewhere and pass it with --from FILE."
    ) from error


def _receive(response: http.client.HTTPResponse, part: _Part, on_bytes: OnBytes, most_bytes: int) -> None:
    """Appends the body to the part, or starts it anew where the server sends the whole file."""
    check_content(response)
    resumed = response.status == http.HTTPStatus.PARTIAL_CONTENT
    size = part.size if resumed else 0
    if resumed:
        total = _resumed_total(response.headers.get("Content-Range", ""), size)
    else:
        total = length_of(response)
        version = _version_of(response.headers.get("ETag"), response.headers.get("Last-Modified"))
        part.version_path.write_text(version, encoding="utf-8")
    check_size(total or 0, most_bytes)
    with part.path.open("ab" if resumed else "wb") as file:
        on_bytes(size, total)
        while block := response.read(BLOCK_BYTES):
            size += len(block)
            check_size(size, most_bytes)
            file.write(block)
            on_bytes(size, total)
    if not size:
        raise UnfitAnswer("the server sent an empty file")
    if total is not None and size != total:
        raise _Interrupted(f"the connection ended at {size} of {total} bytes")


def _resumed_total(content_range: str, size: int) -> int | None:
    match = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", content_range)
    if match is None or int(match[1]) != size:
        raise _Interrupted(f"the server sent another part than asked for ({in_short(content_range)!r})")
    return None if match[2] == "*" else int(match[2])


def _version_of(etag: str | None, last_modified: str | None) -> str:
    """What If-Range takes: a strong ETag, else the date; empty where the server gives neither."""
    version = etag if etag and not etag.startswith("W/") else last_modified or ""
    return version if version.isascii() and version.isprintable() else ""

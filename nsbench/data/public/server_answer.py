"""What a server may answer a download with: anything else is refused before it fills the disk or takes the file's place."""

import http.client
import urllib.parse
import urllib.request
from typing import IO, final

_MOST_DIGITS = 18
_SHOWN_LETTERS = 120


class UnfitAnswer(Exception):
    """What the server sends can't be the file, and trying again wouldn't help."""


@final
class SafeRedirects(urllib.request.HTTPRedirectHandler):
    """Follows to http and https only, and never from https to http, where anybody could put in another file."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        """As urllib's."""
        scheme = urllib.parse.urlsplit(newurl).scheme
        if scheme != "https" and not (scheme == "http" and req.type == "http"):
            raise UnfitAnswer(
                f"the server leads to {in_short(newurl)!r}, and only https:// is followed from {req.type}://"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def length_of(response: http.client.HTTPResponse) -> int | None:
    """The file's size in bytes; None where the server doesn't say."""
    length = response.headers.get("Content-Length")
    if not length:
        return None
    if not (length.isascii() and length.isdecimal() and len(length) <= _MOST_DIGITS):
        raise UnfitAnswer(f"the server gives {in_short(length)!r} for the file's size")
    return int(length)


def check_content(response: http.client.HTTPResponse) -> None:
    """Refuses what is no file: the page of a login or an error, or one that is packed though that wasn't asked for."""
    if response.headers.get_content_type() == "text/html":
        raise UnfitAnswer("the server sent a web page instead of the file")
    packed = response.headers.get("Content-Encoding", "identity")
    if packed.strip().lower() not in ("", "identity"):
        raise UnfitAnswer(f"the server sent the file packed as {in_short(packed)!r}, which wasn't asked for")


def check_size(size: int, most_bytes: int) -> None:
    """Refuses what is larger than the log can be.

    Raises:
        UnfitAnswer: It is.
    """
    if size > most_bytes:
        raise UnfitAnswer(f"the server's file has more than {most_bytes:,} bytes, so it isn't that log")


def in_short(text: str) -> str:
    """What a server said, in a line that a message can hold."""
    line = " ".join(str(text).split())
    return line if len(line) <= _SHOWN_LETTERS else f"{line[:_SHOWN_LETTERS]}..."

"""A text log as bytes or lines: unpacked, without byte order marks, checked and counted while it goes by.

A mark also stands in the middle of a file that was joined from several: at the beginning of a line it is no part of the text.

What reads rows holds their number against the number of lines counted here, so that no row is lost in silence.
"""

import codecs
import gzip
import io
import re
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import numpy as np

from nsbench.errors import LogError

GZIP_MAGIC = b"\x1f\x8b"
_LINE_MARKS = re.compile(rb"(?<=[\r\n])(?:\xef\xbb\xbf)+")
_FIRST_MARKS = re.compile(rb"(?:\xef\xbb\xbf)+")
LARGEST_LINE = 1 << 26
"""Bytes of a line that is still read; a longer one is no row of a log."""


class TextFile(io.RawIOBase):
    r"""The bytes of a text log, as a stream that can be read once.

    Attributes:
        path: The file.
        n_lines: Lines seen so far; one ends at `\n`, `\r\n` or `\r`, the last may lack its end.
        n_blank: Those of them without any character.
        has_escaped_quote: Whether `\"` was seen.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.n_lines = 0
        self.n_blank = 0
        self.has_escaped_quote = False
        self._stream = open_bytes(path)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._last = b"\n"

    def readable(self) -> bool:
        """Always: it is open."""
        return True

    def close(self) -> None:
        """Closes the file."""
        if not self.closed:
            self._stream.close()
        super().close()

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Fills the buffer.

        Raises:
            LogError: The file can't be unpacked, or isn't UTF-8 text.
        """
        data = self._next(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def read(self, size: int = -1, /) -> bytes:
        """Reads at most this many bytes; the base class would copy them twice more."""
        if size < 0:
            return self.readall()
        return self._next(size)

    def _next(self, size: int) -> bytes:
        data = b""
        with unpacking(self.path):
            while not data and (read := self._read_whole_marks(size)):
                data = self._without_marks(read)
        self._check(data)
        self._count(data)
        return data

    def _read_whole_marks(self, size: int) -> bytes:
        """Reads at most this many bytes, the last of which don't cut a byte order mark, if there may be three."""
        data = self._stream.read(max(size - 2, 1))
        if size > 2 and data.endswith((b"\xef", b"\xef\xbb")):
            data += self._stream.read(2 if data.endswith(b"\xef") else 1)
        return data

    def _without_marks(self, data: bytes) -> bytes:
        if data.isascii() or codecs.BOM_UTF8 not in data:
            return data
        if self._last in {b"\n", b"\r"}:
            data = _FIRST_MARKS.sub(b"", data, count=1) if data.startswith(codecs.BOM_UTF8) else data
        return _LINE_MARKS.sub(b"", data)

    def _check(self, data: bytes) -> None:
        pending = self._decoder.getstate()[0]
        if not (data and data.isascii() and not pending):
            try:
                self._decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                line = self._line_at(data[: max(error.start - len(pending), 0)])
                raise LogError(
                    f"{self.path}, line {line:,} is not UTF-8 text. Convert the file first, as with "
                    "iconv -f latin1 -t utf-8."
                ) from None
        if b"\0" in data:
            line = self._line_at(data[: data.index(b"\0")])
            raise LogError(
                f"{self.path} is binary in a format that isn't known, or damaged: line {line:,} holds a null byte."
            )

    def _line_at(self, before: bytes) -> int:
        return self.n_lines + 1 + _universal(before).count(b"\n")

    def _count(self, data: bytes) -> None:
        if not data:
            # A last line without an end is a line, too.
            self.n_lines += self._last not in {b"\n", b"\r"}
            self._last = b"\n"
            return
        last, self._last = self._last, data[-1:]
        self.has_escaped_quote |= (last == b"\\" and data.startswith(b'"')) or (b"\\" in data and b'\\"' in data)
        if last == b"\r" and data.startswith(b"\n"):
            data = data[1:]
        if b"\r" in data:
            data = _universal(data)
        # numpy compares many bytes at a time; a search for two of them looks at one after the other.
        ends = np.frombuffer(data, dtype=np.uint8) == ord("\n")
        self.n_lines += int(np.count_nonzero(ends))
        self.n_blank += int(np.count_nonzero(ends[1:] & ends[:-1]))
        self.n_blank += data.startswith(b"\n") and last in {b"\n", b"\r"}


def is_packed(path: Path) -> bool:
    """Whether a log is gzip."""
    with path.open("rb") as stream:
        return stream.read(len(GZIP_MAGIC)) == GZIP_MAGIC


def open_bytes(path: Path) -> IO[bytes]:
    """Opens a log as bytes, unpacked where it is gzip."""
    return gzip.open(path) if is_packed(path) else path.open("rb")  # type: ignore[return-value]


def open_lines(path: Path) -> io.TextIOWrapper:
    r"""A text log as lines with their ends, which are `\n`, `\r\n` or `\r` and nothing else."""
    return io.TextIOWrapper(io.BufferedReader(TextFile(path), 1 << 20), encoding="utf-8", newline="")


def byte_lines(path: Path, within: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    r"""Number, from 1, and bytes of each line that holds anything.

    Args:
        path: The file.
        within: What ends a line beside `\n`.

    Raises:
        LogError: A line is longer than any row.
    """
    with io.BufferedReader(TextFile(path), 1 << 20) as stream:
        number = 0
        while read := stream.readline(LARGEST_LINE):
            if len(read) == LARGEST_LINE and not read.endswith(b"\n"):
                cause = r" (its line ends are \r: write \n)" if b"\r" in read else ""
                raise LogError(
                    f"{path}, line {number + 1:,} is longer than {LARGEST_LINE >> 20} MiB, which no row is{cause}."
                )
            for line in within.split(read) if b"\r" in read[:-2] else (read,):
                number += 1
                if line.strip():
                    yield number, line


LONE_RETURN = re.compile(rb"\r(?![\r\n])")
r"""`\r` as the end of a line."""

RETURN_BETWEEN_OBJECTS = re.compile(rb"(?<=\})[ \t]*\r\s*(?=\{)")
r"""`\r` as the end of a JSON line; within an object it is a blank."""


@contextmanager
def unpacking(path: Path) -> Iterator[None]:
    """Turns what goes wrong when a file is opened or unpacked into what to do about it."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise LogError(f"{path} starts like gzip but can't be unpacked to its end ({error}); fetch it again.") from None
    except OSError as error:
        raise LogError(f"{path} can't be read: {error.strerror or error}.") from None


def check_regular(path: Path) -> None:
    """Refuses pipes and devices, which can be read once at most, and may never end.

    Raises:
        LogError: It is no file.
        FileNotFoundError: There is nothing.
        IsADirectoryError: It is a folder.
    """
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(path)
    if not stat.S_ISREG(mode):
        what = "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"
        raise LogError(
            f"{path} is {what}; a log is read more than once, so that it must be a file: write it to one first, "
            "as with: cat > log.csv."
        )


def _universal(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

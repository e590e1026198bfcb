"""Lines of a text log, counted and checked."""

import gzip
from pathlib import Path

import pytest

from nsbench.data.text_file import TextFile, open_lines
from nsbench.errors import LogError


@pytest.mark.parametrize("size", [1, 2, 3, 1 << 20])
@pytest.mark.parametrize(
    ("content", "n_lines", "n_blank"),
    [
        (b"", 0, 0),
        (b"a", 1, 0),
        (b"a\nb\n", 2, 0),
        (b"\n\na\r\n\r\nb\n\n\nc", 8, 5),
        (b"a\rb\r\rc\r", 4, 1),
        (b"\xef\xbb\xbf\na", 2, 1),
        ("é\u2028\u0085\x0b\x0c\x1c\n€".encode(), 2, 0),
    ],
)
def test_lines_are_counted_as_python_counts_them(
    tmp_path: Path, content: bytes, n_lines: int, n_blank: int, size: int
) -> None:
    path = tmp_path / "log"
    for packed in (content, gzip.compress(content)):
        path.write_bytes(packed)
        with TextFile(path) as stream:
            # A byte order mark is known when its three bytes come at once.
            parts = list(iter(lambda: stream.read(max(size, 3)), b""))
        assert (stream.n_lines, stream.n_blank) == (n_lines, n_blank)
        assert b"".join(parts) == content.removeprefix(b"\xef\xbb\xbf")
        with open_lines(path) as lines:
            assert len(list(lines)) == n_lines


@pytest.mark.parametrize("size", [3, 5, 1 << 20])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\r\nb\rc\nd\xe9,1\n", "line 4 is not UTF-8 text"),
        (b"a\nb\nc\xe2\x82", "line 3 is not UTF-8 text"),
        (b"a\nb\0\n", "line 2 holds a null byte"),
    ],
)
def test_what_is_no_text_is_refused_with_its_line(tmp_path: Path, content: bytes, message: str, size: int) -> None:
    (tmp_path / "log").write_bytes(content)
    with TextFile(tmp_path / "log") as stream, pytest.raises(LogError, match=message):
        list(iter(lambda: stream.read(size), b""))

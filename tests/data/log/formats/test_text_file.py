"""Lines of a text log, counted and checked."""

import gzip
from pathlib import Path

import pytest

from nsbench.data.log.formats.text_file import TextFile, open_lines
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


@pytest.mark.parametrize("size", [3, 4, 5, 7, 1 << 20])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_byte_order_marks_at_the_beginning_of_lines_are_no_text(tmp_path: Path, end: bytes, size: int) -> None:
    """As files that have one each leave it when they are joined; within a line the mark is a character."""
    mark = b"\xef\xbb\xbf"
    path = tmp_path / "log"
    content = end.join([mark + b"a,b", b"c,d", mark + b"e,f", mark + mark + b"g" + mark, mark, mark + b"h"])
    right = end.join([b"a,b", b"c,d", b"e,f", b"g" + mark, b"", b"h"])
    for packed in (content, gzip.compress(content)):
        path.write_bytes(packed)
        with TextFile(path) as stream:
            parts = list(iter(lambda: stream.read(size), b""))
        assert b"".join(parts) == right
        assert max(map(len, parts)) <= size
        assert (stream.n_lines, stream.n_blank) == (6, 1)


@pytest.mark.parametrize("size", [3, 4, 5, 6, 7, 1 << 20])
def test_a_quote_after_a_backslash_is_seen_wherever_the_text_is_cut(tmp_path: Path, size: int) -> None:
    (tmp_path / "log").write_bytes(b'abcd\\"ef')
    with TextFile(tmp_path / "log") as stream:
        assert b"".join(iter(lambda: stream.read(size), b"")) == b'abcd\\"ef'
    assert stream.has_escaped_quote

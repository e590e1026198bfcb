"""What servers answer that is no file: headers that are none, other places, pages, floods. Archives made to fill a disk."""

import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from nsbench.data.public import download as transfer
from nsbench.data.public.archive import extract_member
from nsbench.data.public.download import download
from nsbench.errors import DownloadError

BODY = b"user,item,time\n" * 100


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSE_S", 0.0)


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """A server that answers every request with the same bytes."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                # Whoever refuses the answer may keep the connection.
                connection.settimeout(0.2)
                with suppress(TimeoutError):
                    connection.recv(65536)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/log.csv"
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join(5)


def answer_of(*headers: str, status: str = "200 OK", body: bytes = BODY) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "Connection: close", "", ""]).encode("latin-1") + body


def refused(tmp_path: Path, answer: bytes, most_bytes: int = 1_000_000) -> str:
    with answering(answer) as url, pytest.raises(DownloadError) as caught:
        download(url, tmp_path / "log.csv", None, lambda done, total: None, most_bytes)
    assert not (tmp_path / "log.csv").exists()
    return str(caught.value)


@pytest.mark.parametrize("length", ["abc", "-5", "1e3", "9" * 5_000, "12 34", "٣"])
def test_a_size_that_is_no_number_is_refused(tmp_path: Path, length: str) -> None:
    header = f"Content-Length: {length}".encode().decode("latin-1")
    message = refused(tmp_path, answer_of(header))
    assert "size" in message
    assert len(message) < 500
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "place", ["file:///etc/passwd", "ftp://127.0.0.1/x", "http://[bad/", "gopher://x/", "http://:x/"]
)
def test_a_redirect_to_no_web_address_is_refused(tmp_path: Path, place: str) -> None:
    message = refused(tmp_path, answer_of(f"Location: {place}", "Content-Length: 0", status="302 Found", body=b""))
    assert "--from FILE" in message


def test_a_server_that_leads_to_itself_for_ever_is_refused(tmp_path: Path) -> None:
    message = refused(tmp_path, answer_of("Location: /log.csv", "Content-Length: 0", status="302 Found", body=b""))
    assert "302" in message
    assert "\n" not in message


def test_a_file_that_says_that_it_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    message = refused(tmp_path, answer_of(f"Content-Length: {10**15}"), most_bytes=1_000)
    assert "more than 1,000 bytes" in message
    assert list(tmp_path.iterdir()) == []


def test_a_file_without_a_size_is_read_up_to_the_limit(tmp_path: Path) -> None:
    """1,500 bytes are sent, and 1,499 are the most."""
    message = refused(tmp_path, answer_of(), most_bytes=1_499)
    assert "more than 1,499 bytes" in message
    assert list(tmp_path.iterdir()) == []
    with answering(answer_of()) as url:
        download(url, tmp_path / "log.csv", None, lambda done, total: None, 1_500)
    assert (tmp_path / "log.csv").read_bytes() == BODY


@pytest.mark.parametrize(
    ("header", "body", "said"),
    [
        ("Content-Type: text/html; charset=utf-8", b"<html>log in</html>", "a web page"),
        ("Content-Encoding: gzip", b"\x1f\x8b", "packed as 'gzip'"),
        ("Content-Length: 0", b"", "an empty file"),
    ],
)
def test_what_is_not_the_file_is_refused(tmp_path: Path, header: str, body: bytes, said: str) -> None:
    assert said in refused(tmp_path, answer_of(header, body=body))


@pytest.mark.parametrize("status", ["404 " + "x" * 50_000, "404 \x1b[31mred", "404"])
def test_what_a_refusing_server_says_is_quoted_in_short(tmp_path: Path, status: str) -> None:
    message = refused(tmp_path, answer_of("Content-Length: 0", status=status, body=b""))
    assert "404" in message
    assert len(message) < 500


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)
def test_an_answer_that_is_no_http_is_refused(tmp_path: Path, answer: bytes) -> None:
    assert "Can't fetch" in refused(tmp_path, answer)


def test_an_archive_that_unpacks_to_a_thousand_times_its_size_is_refused(tmp_path: Path) -> None:
    """20 MB of zeros pack to about 20 kB."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("ratings.dat", bytes(20_000_000))
    with pytest.raises(DownloadError, match="20,000,000 bytes"):
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", 10**9)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_archive_that_unpacks_to_more_than_the_log_has_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("ratings.dat", bytes(1_001))
    with pytest.raises(DownloadError, match="more than 1,000 bytes"):
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", 1_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_archive_that_lies_about_a_size_is_refused(tmp_path: Path) -> None:
    """The directory says 100 bytes of a member of 5,000."""
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("ratings.dat", bytes(5_000))
    content = archive.read_bytes()
    archive.write_bytes(content.replace((5_000).to_bytes(4, "little"), (100).to_bytes(4, "little")))
    with pytest.raises(DownloadError, match="not a whole"):
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", 1_000)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_names_in_an_archive_are_quoted_in_short(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("\x1b[31m" + "x" * 60_000, b"")
    with pytest.raises(DownloadError) as caught:
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", 1_000)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 500

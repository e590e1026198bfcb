"""Downloads against an HTTP server on this machine that breaks off, changes its file or refuses, as asked."""

import hashlib
import stat
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nsbench.data.log.ingest import StagedLog, stage_log
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.public import download as transfer
from nsbench.data.public.archive import extract_member
from nsbench.data.public.download import download
from nsbench.data.public.paper_preparation import prepare_as_paper
from nsbench.data.public.public_log import PUBLIC_LOGS, PublicLog, fetch_log, public_log_named
from nsbench.errors import DownloadError
from nsbench.files.home import Home

BODY = bytes(range(256)) * 4_000
MOST = 100_000_000
MD5 = hashlib.md5(BODY).hexdigest()


@dataclass
class Site:
    """One file on a server, how it behaves, and the Range headers it was asked with ("" for the whole file)."""

    body: bytes = BODY
    etag: str = '"v1"'
    status: int = 200
    break_after: list[int] = field(default_factory=list)
    """Bytes to send before breaking off, for each request in turn; nothing left: whole."""
    asked: list[str] = field(default_factory=list)
    url: str = ""


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "PAUSE_S", 0.0)


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.headers.get("Range", "")
            site.asked.append(wanted)
            if site.status != 200:
                self.send_error(site.status)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted else 0
            if start and self.headers.get("If-Range") != site.etag:
                start = 0
            if start >= len(site.body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(site.body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("ETag", site.etag)
            self.send_header("Content-Length", str(len(site.body) - start))
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(site.body) - 1}/{len(site.body)}")
            self.end_headers()
            end = start + site.break_after.pop(0) if site.break_after else len(site.body)
            self.wfile.write(site.body[start:end])

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/log.zip"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def ignore(done: int, total: int | None) -> None:
    pass


def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    with serving(Site(break_after=[1_000, 5_000])) as site:
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
    assert site.asked == ["", "bytes=1000-", "bytes=6000-"]
    assert (tmp_path / "log.zip").read_bytes() == BODY
    assert [path.name for path in tmp_path.iterdir()] == ["log.zip"]


def test_the_next_command_goes_on_too(tmp_path: Path) -> None:
    with serving(Site(break_after=[100] * transfer.ATTEMPTS)) as site:
        with pytest.raises(DownloadError, match="400 bytes have arrived"):
            download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
        assert not (tmp_path / "log.zip").exists()
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
    assert site.asked[-1] == "bytes=400-"
    assert (tmp_path / "log.zip").read_bytes() == BODY


def test_a_file_that_changed_on_the_server_is_fetched_from_its_beginning(tmp_path: Path) -> None:
    newer = BODY[::-1]
    with serving(Site(break_after=[100] * transfer.ATTEMPTS)) as site:
        with pytest.raises(DownloadError):
            download(site.url, tmp_path / "log.zip", None, ignore, MOST)
        site.body, site.etag = newer, '"v2"'
        download(site.url, tmp_path / "log.zip", None, ignore, MOST)
    assert (tmp_path / "log.zip").read_bytes() == newer


def test_a_part_that_is_whole_already_becomes_the_file(tmp_path: Path) -> None:
    (tmp_path / "log.zip.part").write_bytes(BODY)
    (tmp_path / "log.zip.part.version").write_text('"v1"')
    with serving(Site()) as site:
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
    assert site.asked == [f"bytes={len(BODY)}-"]
    assert (tmp_path / "log.zip").read_bytes() == BODY


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / "log.zip").write_bytes(BODY)
    with serving(Site()) as site:
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
    assert site.asked == []


def test_a_wrong_checksum_is_refused_and_nothing_stays(tmp_path: Path) -> None:
    with serving(Site(body=b"not the log")) as site, pytest.raises(DownloadError, match=f"expected {MD5}"):
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_says_so_at_once(tmp_path: Path) -> None:
    with serving(Site(status=404)) as site, pytest.raises(DownloadError, match="answered 404"):
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
    assert len(site.asked) == 1


def test_a_server_that_is_down_is_asked_again_before_giving_up(tmp_path: Path) -> None:
    with serving(Site(status=503)) as site, pytest.raises(DownloadError, match="answered 503"):
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)
    assert len(site.asked) == transfer.ATTEMPTS


def test_an_address_without_a_server_is_an_error_message(tmp_path: Path) -> None:
    with serving(Site()) as site:
        pass
    with pytest.raises(DownloadError, match="run the same command again"):
        download(site.url, tmp_path / "log.zip", MD5, ignore, MOST)


def test_only_web_addresses_are_fetched(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="https://"):
        download("file:///etc/hostname", tmp_path / "log.zip", None, ignore, MOST)


def test_a_folder_that_cannot_be_written_is_an_error_message(tmp_path: Path) -> None:
    (tmp_path / "downloads").write_text("a file where a folder should be")
    with serving(Site()) as site, pytest.raises(DownloadError, match="NSBENCH_HOME"):
        download(site.url, tmp_path / "downloads" / "log.zip", MD5, ignore, MOST)


def test_progress_ends_at_the_whole_file(tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    with serving(Site(break_after=[1_000])) as site:
        download(site.url, tmp_path / "log.zip", MD5, lambda done, total: told.append((done, total)), MOST)
    assert told[-1] == (len(BODY), len(BODY))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def archive_of(path: Path, *members: str, link: str | None = None) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for member in members:
            archive.writestr(member, f"content of {member}")
        if link is not None:
            info = zipfile.ZipInfo(link)
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(info, "/etc/passwd")
    return path


def test_the_wanted_file_is_found_in_any_folder_of_the_archive(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", "ml-10M100K/README.html", "ml-10M100K/ratings.dat")
    extract_member(archive, "ratings.dat", tmp_path / "out" / "ratings.dat", MOST)
    assert (tmp_path / "out" / "ratings.dat").read_text() == "content of ml-10M100K/ratings.dat"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["ratings.dat"]


@pytest.mark.parametrize("evil", ["../ratings.dat", "a/../../x", "/etc/x", "C:\\x", "..\\x", "\\\\host\\share\\x"])
def test_an_archive_that_leads_outside_is_refused(tmp_path: Path, evil: str) -> None:
    archive = archive_of(tmp_path / "a.zip", "ratings.dat", evil)
    with pytest.raises(DownloadError, match="refused"):
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", MOST)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def test_an_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", "ratings.dat", link="b")
    with pytest.raises(DownloadError, match="refused"):
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", MOST)


def test_an_archive_without_the_log_names_what_it_holds(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", "movies.dat")
    with pytest.raises(DownloadError, match=r"movies\.dat"):
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", MOST)


def test_a_damaged_archive_leaves_nothing(tmp_path: Path) -> None:
    """A byte of the member's content is flipped, so that its CRC differs."""
    archive = archive_of(tmp_path / "a.zip", "ratings.dat")
    content = bytearray(archive.read_bytes())
    content[content.index(b"content of")] ^= 1
    archive.write_bytes(content)
    with pytest.raises(DownloadError, match="not a whole"):
        extract_member(archive, "ratings.dat", tmp_path / "ratings.dat", MOST)
    assert [path.name for path in tmp_path.iterdir()] == ["a.zip"]


def tiny_log(url: str | None, archive: Path) -> PublicLog:
    md5 = hashlib.md5(archive.read_bytes()).hexdigest()
    return replace(PUBLIC_LOGS["ml-1m"], url=url, md5=md5)


def test_fetching_a_log_downloads_and_unpacks_it(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", "ml-1m/ratings.dat")
    home = Home(tmp_path / "home")
    with serving(Site(body=archive.read_bytes())) as site:
        log = fetch_log(tiny_log(site.url, archive), home, None, ignore)
    assert log == home.downloads / "ml-1m" / "ratings.dat"
    assert log.read_text() == "content of ml-1m/ratings.dat"


def test_a_log_behind_a_login_says_where_to_download_it(tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=r"kaggle\.com.*--from FILE"):
        fetch_log(PUBLIC_LOGS["retailrocket"], Home(tmp_path), None, ignore)


def test_a_downloaded_archive_or_log_is_taken_from_a_file(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "archive.zip", "category_tree.csv", "events.csv")
    log = fetch_log(PUBLIC_LOGS["retailrocket"], Home(tmp_path), archive, ignore)
    assert log.read_text() == "content of events.csv"
    assert fetch_log(PUBLIC_LOGS["retailrocket"], Home(tmp_path), log, ignore) == log


def test_a_file_that_is_another_archive_is_refused(tmp_path: Path) -> None:
    archive = archive_of(tmp_path / "a.zip", "ratings.dat")
    with pytest.raises(DownloadError, match=str(PUBLIC_LOGS["ml-1m"].md5)):
        fetch_log(PUBLIC_LOGS["ml-1m"], Home(tmp_path), archive, ignore)


def test_an_unknown_log_names_the_known_ones() -> None:
    with pytest.raises(DownloadError, match="ml-100k, ml-1m, ml-10m, amazon-beauty, retailrocket"):
        public_log_named("ml-20m")


def test_a_log_in_a_format_of_its_own_brings_its_reader(tmp_path: Path) -> None:
    """Fields between arrows, which no known format has; the card says where the log comes from."""

    def without_arrows(path: Path, options: ReadOptions, staged: Path) -> StagedLog:
        table = path.with_suffix(".csv")
        table.write_text("user,item,time\n" + path.read_text().replace(" -> ", ","))
        return stage_log(table, options, staged)

    log = tmp_path / "ratings.dat"
    log.write_text(
        "".join(f"u{u} -> i{(u + i) % 7} -> {1_600_000_000 + 60 * i}\n" for u in range(40) for i in range(10))
    )
    own = replace(PUBLIC_LOGS["ml-1m"], reader=without_arrows)
    card = prepare_as_paper(own, log, Home(tmp_path / "home"))
    assert (card.n_users, card.n_items, card.origin) == (40, 7, own.origin)
    assert card.origin.url == "https://files.grouplens.org/datasets/movielens/ml-1m.zip"

"""Where the public logs are, and how one of them gets into the home.

Every address stands in `SOURCES`. `nsbench.data.public.download` fetches, `nsbench.data.public.archive` unpacks; preparing
a fetched log is `nsbench.data.log.prepare`'s part.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path

from nsbench.data.public.archive import extract_member
from nsbench.data.public.download import OnBytes, download, file_md5
from nsbench.errors import DownloadError
from nsbench.home import Home
from nsbench.suggestion import did_you_mean


@dataclass(frozen=True)
class Source:
    """A public log.

    Attributes:
        name: What `nsbench data fetch` calls it.
        url: The file's address, or None where its owner asks for a login.
        md5: The file's published checksum in hexadecimal, or None where none is published.
        file_name: What the fetched file is called in the home.
        log_name: The log itself: the file's name, or the one it has inside the archive.
        homepage: Where its owner describes it, with the terms of use.
        most_bytes: Neither the file nor the log in it is as large: what is, is something else.
        events: The kind of event to keep, where the log has several.
        session_gap_s: A pause longer than this begins a new user, in seconds; None: a user is a user.
    """

    name: str
    url: str | None
    md5: str | None
    file_name: str
    log_name: str
    homepage: str
    most_bytes: int
    events: str | None = None
    session_gap_s: int | None = None


_GROUPLENS = "https://files.grouplens.org/datasets/movielens"

SOURCES: dict[str, Source] = {
    source.name: source
    for source in (
        Source(
            name="ml-100k",
            url=f"{_GROUPLENS}/ml-100k.zip",
            md5="0e33842e24a9c977be4e0107933c0723",
            file_name="ml-100k.zip",
            log_name="u.data",
            homepage="https://grouplens.org/datasets/movielens/100k/",
            most_bytes=20_000_000,
        ),
        Source(
            name="ml-1m",
            url=f"{_GROUPLENS}/ml-1m.zip",
            md5="c4d9eecfca2ab87c1945afe126590906",
            file_name="ml-1m.zip",
            log_name="ratings.dat",
            homepage="https://grouplens.org/datasets/movielens/1m/",
            most_bytes=100_000_000,
        ),
        Source(
            name="ml-10m",
            url=f"{_GROUPLENS}/ml-10m.zip",
            md5="ce571fd55effeba0271552578f2648bd",
            file_name="ml-10m.zip",
            log_name="ratings.dat",
            homepage="https://grouplens.org/datasets/movielens/10m/",
            most_bytes=600_000_000,
        ),
        Source(
            name="amazon-beauty",
            url="https://snap.stanford.edu/data/amazon/productGraph/categoryFiles/ratings_Beauty.csv",
            md5=None,
            file_name="ratings_Beauty.csv",
            log_name="ratings_Beauty.csv",
            homepage="https://snap.stanford.edu/data/amazon/productGraph/",
            most_bytes=400_000_000,
        ),
        Source(
            name="retailrocket",
            url=None,
            md5=None,
            file_name="ecommerce-dataset.zip",
            log_name="events.csv",
            homepage="https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset",
            most_bytes=600_000_000,
            events="view",
            session_gap_s=3_600,
        ),
    )
}
"""The public logs by name. Source of the checksums: GroupLens, the .md5 files beside the archives."""


def source_named(name: str) -> Source:
    """The public log of that name.

    Raises:
        DownloadError: There is none.
    """
    if name not in SOURCES:
        raise DownloadError(
            f"No public log {name!r}{did_you_mean(name, SOURCES)}. Known: {', '.join(SOURCES)}. "
            "Prepare your own with `nsbench data prepare LOG --name NAME`."
        )
    return SOURCES[name]


def fetch_log(source: Source, home: Home, from_file: Path | None, on_bytes: OnBytes) -> Path:
    """Gets a public log into the home, from the network or from a file that the user downloaded.

    Args:
        source: Which log.
        home: Where it goes; what is there already isn't fetched again.
        from_file: The source's archive or the log itself, instead of the network.
        on_bytes: Told as bytes arrive.

    Returns:
        The log, unpacked.

    Raises:
        DownloadError: It can't be had, isn't what it should be, or the disk can't be written.
    """
    folder = home.downloads / source.name
    log = folder / source.log_name
    if from_file is not None:
        return _take(source, from_file, log)
    if source.url is None:
        raise DownloadError(
            f"{source.name} is behind a login: download it at {source.homepage} and run "
            f"`nsbench data fetch {source.name} --from FILE`, where FILE is the zip or its {source.log_name}."
        )
    archive = folder / source.file_name
    download(source.url, archive, source.md5, on_bytes, source.most_bytes)
    if archive != log:
        extract_member(archive, source.log_name, log, source.most_bytes)
    return log


def _take(source: Source, file: Path, log: Path) -> Path:
    """The log at `log`, out of an archive; or `file` itself where it is the log."""
    if not file.is_file():
        raise DownloadError(f"No file {file}: --from takes {source.name}'s zip or its {source.log_name}.")
    if not zipfile.is_zipfile(file):
        return file
    if source.md5 is not None and file_md5(file) != source.md5:
        raise DownloadError(
            f"{file} isn't {source.name}'s archive: its md5 is {file_md5(file)}, expected {source.md5}. Download it again at "
            f"{source.homepage}."
        )
    extract_member(file, source.log_name, log, source.most_bytes)
    return log

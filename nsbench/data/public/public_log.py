"""Where the public logs are, and how one of them gets into the home.

Every address stands in `PUBLIC_LOGS`. `nsbench.data.public.download` fetches, `nsbench.data.public.archive` unpacks; preparing
a fetched log is `nsbench.data.log.prepare`'s part.
"""

import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from nsbench.data.log.ingest import LogReader, stage_log
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.origin import LogOrigin
from nsbench.data.public.archive import extract_member
from nsbench.data.public.download import OnBytes, download, file_md5
from nsbench.errors import DownloadError
from nsbench.files.home import Home
from nsbench.suggestion import did_you_mean


@dataclass(frozen=True)
class PublicLog:
    """A public log.

    Attributes:
        name: What `nsbench data fetch` calls it.
        url: The file's address, or None where its owner asks for a login.
        md5: The file's published checksum in hexadecimal, or None where none is published.
        file_name: What the fetched file is called in the home.
        log_name: The log itself: the file's name, or the one it has inside the archive.
        homepage: Where its owner describes it, with the terms of use.
        most_bytes: Neither the file nor the log in it is as large: what is, is something else.
        read: How the log is read, and which of its rows are taken.
        session_gap_s: A pause longer than this begins a new user, in seconds; None: a user is a user.
        reader: Writes the log's staged file; another one than `stage_log` for a file in a format of its own.
    """

    name: str
    url: str | None
    md5: str | None
    file_name: str
    log_name: str
    homepage: str
    most_bytes: int
    read: ReadOptions = field(default_factory=ReadOptions)
    session_gap_s: int | None = None
    reader: LogReader = stage_log

    @property
    def origin(self) -> LogOrigin:
        """What the card of a dataset says that was made from it."""
        return LogOrigin(file=self.log_name, url=self.url, homepage=self.homepage)


_GROUPLENS = "https://files.grouplens.org/datasets/movielens"

PUBLIC_LOGS: dict[str, PublicLog] = {
    public_log.name: public_log
    for public_log in (
        PublicLog(
            name="ml-100k",
            url=f"{_GROUPLENS}/ml-100k.zip",
            md5="0e33842e24a9c977be4e0107933c0723",
            file_name="ml-100k.zip",
            log_name="u.data",
            homepage="https://grouplens.org/datasets/movielens/100k/",
            most_bytes=20_000_000,
        ),
        PublicLog(
            name="ml-1m",
            url=f"{_GROUPLENS}/ml-1m.zip",
            md5="c4d9eecfca2ab87c1945afe126590906",
            file_name="ml-1m.zip",
            log_name="ratings.dat",
            homepage="https://grouplens.org/datasets/movielens/1m/",
            most_bytes=100_000_000,
        ),
        PublicLog(
            name="ml-10m",
            url=f"{_GROUPLENS}/ml-10m.zip",
            md5="ce571fd55effeba0271552578f2648bd",
            file_name="ml-10m.zip",
            log_name="ratings.dat",
            homepage="https://grouplens.org/datasets/movielens/10m/",
            most_bytes=600_000_000,
        ),
        PublicLog(
            name="amazon-beauty",
            url="https://snap.stanford.edu/data/amazon/productGraph/categoryFiles/ratings_Beauty.csv",
            md5=None,
            file_name="ratings_Beauty.csv",
            log_name="ratings_Beauty.csv",
            homepage="https://snap.stanford.edu/data/amazon/productGraph/",
            most_bytes=400_000_000,
        ),
        PublicLog(
            name="retailrocket",
            url=None,
            md5=None,
            file_name="ecommerce-dataset.zip",
            log_name="events.csv",
            homepage="https://www.kaggle.com/datasets/retailrocket/ecommerce-dataset",
            most_bytes=600_000_000,
            read=ReadOptions(events=("view",)),
            session_gap_s=3_600,
        ),
    )
}
"""The public logs by name. PublicLog of the checksums: GroupLens, the .md5 files beside the archives."""


def public_log_named(name: str) -> PublicLog:
    """The public log of that name.

    Raises:
        DownloadError: There is none.
    """
    if name not in PUBLIC_LOGS:
        raise DownloadError(
            f"No public log {name!r}{did_you_mean(name, PUBLIC_LOGS)}. Known: {', '.join(PUBLIC_LOGS)}. "
            "Prepare your own with `nsbench data prepare LOG --name NAME`."
        )
    return PUBLIC_LOGS[name]


def fetch_log(public_log: PublicLog, home: Home, from_file: Path | None, on_bytes: OnBytes) -> Path:
    """Gets a public log into the home, from the network or from a file that the user downloaded.

    Args:
        public_log: Which log.
        home: Where it goes; what is there already isn't fetched again.
        from_file: The archive or the log itself, instead of the network.
        on_bytes: Called as bytes arrive.

    Returns:
        The log, unpacked.

    Raises:
        DownloadError: It can't be had, isn't what it should be, or the disk can't be written.
    """
    folder = home.downloads / public_log.name
    log = folder / public_log.log_name
    if from_file is not None:
        return _take(public_log, from_file, log)
    if public_log.url is None:
        raise DownloadError(
            f"{public_log.name} is behind a login: download it at {public_log.homepage} and run "
            f"`nsbench data fetch {public_log.name} --from FILE`, where FILE is the zip or its {public_log.log_name}."
        )
    archive = folder / public_log.file_name
    download(public_log.url, archive, public_log.md5, on_bytes, public_log.most_bytes)
    if archive != log:
        extract_member(archive, public_log.log_name, log, public_log.most_bytes)
    return log


def _take(public_log: PublicLog, file: Path, log: Path) -> Path:
    """The log at `log`, out of an archive; or `file` itself where it is the log."""
    if not file.is_file():
        raise DownloadError(f"No file {file}: --from takes {public_log.name}'s zip or its {public_log.log_name}.")
    if not zipfile.is_zipfile(file):
        return file
    if public_log.md5 is not None and file_md5(file) != public_log.md5:
        raise DownloadError(
            f"{file} isn't {public_log.name}'s archive: its md5 is {file_md5(file)}, expected {public_log.md5}. Download "
            f"it again at {public_log.homepage}."
        )
    extract_member(file, public_log.log_name, log, public_log.most_bytes)
    return log

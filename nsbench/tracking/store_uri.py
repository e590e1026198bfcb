"""What a tracking URI says, without asking MLflow, which takes more than a second to import."""

import socket
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from nsbench.errors import StoreOutage, TrackingError
from nsbench.secret import masked, without_secrets

STORE_ADVICE = "set MLFLOW_TRACKING_URI to a server or a database, or NSBENCH_HOME to a folder that can be written"
"""What to do about a store that can't be used."""

_REACH_TIMEOUT_S = 5.0


def is_server(uri: str) -> bool:
    """Whether a tracking URI names a server, which keeps artifacts itself, rather than a database."""
    return uri.startswith(("http://", "https://"))


def sqlite_file(uri: str) -> Path | None:
    """The file of an sqlite URI; None for any other store.

    Raises:
        TrackingError: It names no file that two processes could share.

    >>> sqlite_file("sqlite:////runs/a%3Fb/mlflow.db?timeout=5")
    PosixPath('/runs/a?b/mlflow.db')
    """
    scheme, _, rest = uri.partition("://")
    if scheme.partition("+")[0] != "sqlite":
        return None
    path = unquote(rest.partition("?")[0].removeprefix("/"))
    if path in ("", ":memory:") or path.startswith("file:"):
        raise TrackingError(
            f"{without_secrets(uri)} is no file that several commands can share; give sqlite:////FOLDER/FILE, or another database"
        )
    return Path(path)


def without_password(uri: str) -> str:
    """The URI as it may be shown.

    >>> without_password("postgresql://me:secret@host/runs")
    'postgresql://me:***@host/runs'
    """
    return without_secrets(uri)


def without_user(uri: str) -> str:
    """A server's address as a browser is given it, which asks for user and password itself.

    >>> without_user("https://me:secret@host:5000/mlflow")
    'https://host:5000/mlflow'
    """
    parts = urlsplit(uri)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def check_server(uri: str) -> None:
    """Tries to reach a server once; with retries it would take minutes to find that it doesn't answer.

    Raises:
        StoreOutage: Nobody listens at the address.
        TrackingError: It is no address.
    """
    host, port = _host_and_port(uri)
    try:
        socket.create_connection((host, port), timeout=_REACH_TIMEOUT_S).close()
    except (OSError, UnicodeError) as error:
        raise StoreOutage(
            f"no MLflow server answers at {without_password(uri)}: {masked(str(error), uri)}; start it, or {STORE_ADVICE}"
        ) from error


def _host_and_port(uri: str) -> tuple[str, int]:
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        host, port = "", 0
    # What the parser takes for a path or a query is a user and a password with an `@` behind them.
    if not host or ("@" in uri and "@" not in parts.netloc):
        # The parser's own words, and so its error as a cause, would quote half of the password.
        raise TrackingError(
            f"{without_password(uri)} is no server's address: accepted is http://user:password@host:port, where the user's and "
            "the password's own # / ? [ ] @ : and % are written as %23 %2F %3F %5B %5D %40 %3A and %25"
        ) from None
    return host, port

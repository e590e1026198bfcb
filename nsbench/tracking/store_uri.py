"""What a tracking URI says, without asking MLflow, which takes more than a second to import."""

import socket
from pathlib import Path
from urllib.parse import unquote, urlsplit

from nsbench.errors import StoreOutage

STORE_ADVICE = "set MLFLOW_TRACKING_URI to a server or a database, or NSBENCH_HOME to a folder that can be written"
"""What to do about a store that can't be used."""

_REACH_TIMEOUT_S = 5.0
_SQLITE = "sqlite:///"


def is_server(uri: str) -> bool:
    """Whether a tracking URI names a server, which keeps artifacts itself, rather than a database."""
    return uri.startswith(("http://", "https://"))


def sqlite_file(uri: str) -> Path | None:
    """The file of an sqlite URI; None for any other store."""
    return Path(unquote(uri.removeprefix(_SQLITE).partition("?")[0])) if uri.startswith(_SQLITE) else None


def without_password(uri: str) -> str:
    """The URI as it may be shown.

    >>> without_password("postgresql://me:secret@host/runs")
    'postgresql://me:***@host/runs'
    """
    parts = urlsplit(uri)
    return uri if parts.password is None else uri.replace(f":{parts.password}@", ":***@", 1)


def check_server(uri: str) -> None:
    """Tries to reach a server; whoever retries would take minutes to find that nobody answers.

    Raises:
        StoreOutage: Nobody listens at the address.
    """
    parts = urlsplit(uri)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        socket.create_connection((parts.hostname or "", port), timeout=_REACH_TIMEOUT_S).close()
    except (OSError, ValueError) as error:
        raise StoreOutage(
            f"no MLflow server answers at {without_password(uri)}: {error}; start it, or {STORE_ADVICE}"
        ) from error

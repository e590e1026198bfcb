"""What a reader of runs asks an MLflow store, whether it is a database or a server."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from nsbench.errors import UnreachableRanks
from nsbench.files.home import ARTIFACTS
from nsbench.tracking.stored_run import MetricPoint, StoredRun

Experiments = Mapping[str, str]
"""Dataset names by the id of the experiment that holds their runs."""

OLDEST_FIRST = "attributes.start_time ASC"
"""The order in which runs are asked for, in MLflow's language."""


LOCAL_SCHEMES = ("", "file")
"""How addresses of artifacts begin that lie on a disk of this machine."""


@dataclass(frozen=True)
class RunQuery:
    """Which runs are asked for.

    Attributes:
        experiments: In these experiments.
        condition: In MLflow's filter language; empty: all.
        is_deleted: Whether deleted runs are asked for rather than the others.
    """

    experiments: Experiments
    condition: str = ""
    is_deleted: bool = False


@dataclass(frozen=True)
class RunPage:
    """Some of the runs asked for, oldest first.

    Attributes:
        runs: Those that nsbench made.
        n_found: How many there are, of all makers.
        token: Asks for the next page; None at the end.
    """

    runs: tuple[StoredRun, ...]
    n_found: int
    token: str | None


class RunStore(Protocol):
    """An MLflow store; may be used by several threads at once."""

    @property
    def n_threads(self) -> int:
        """Questions that are best asked at the same time."""

    def experiments(self) -> Experiments:
        """The experiments that hold runs of nsbench.

        Raises:
            TrackingError: The store can't be read; so for all that follow.
        """

    def page(self, query: RunQuery, size: int, token: str | None = None) -> RunPage:
        """At most `size` runs, from the place on that `token` says."""

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """A metric of some runs by epoch; of two values at an epoch the one that was recorded first."""

    def fetch(self, artifact_uri: str, name: str, folder: Path) -> Path | None:
        """Copies an artifact into a folder; None where there is none of that name.

        Args:
            artifact_uri: Where the run's artifacts lie.
            name: The file's name.
            folder: Where to put it.
        """


def local_file(artifact_uri: str, name: str) -> Path | None:
    """An artifact on a disk of this machine; None where there is none of that name.

    Raises:
        UnreachableRanks: Its place can't be looked at.
    """
    file = Path(unquote(urlsplit(artifact_uri).path)) / name
    try:
        return file if file.exists() else None
    except (OSError, ValueError, RuntimeError) as error:
        raise UnreachableRanks(f"{str(file)!a} can't be read: {error}") from error


def moved_uri(artifact_uri: str, home: Path) -> str | None:
    """Where a run's artifacts lie if they moved along with the database; None where they did not lie in a home.

    Args:
        artifact_uri: Where they were recorded to lie.
        home: The folder that the database is in now.

    >>> moved_uri("file:///old/mlartifacts/demo/1/artifacts", Path("/new"))
    'file:///new/mlartifacts/demo/1/artifacts'
    """
    parts = Path(unquote(urlsplit(artifact_uri).path)).parts
    if ARTIFACTS not in parts:
        return None
    within = parts[len(parts) - parts[::-1].index(ARTIFACTS) :]
    return None if ".." in within else (home / ARTIFACTS).joinpath(*within).absolute().as_uri()


def token_at(offset: int) -> str | None:
    """The token of the page that starts after a number of runs, as MLflow's own stores and servers write it.

    >>> token_at(0), token_at(250)
    (None, 'eyJvZmZzZXQiOiAyNTB9')
    """
    return base64.b64encode(json.dumps({"offset": offset}).encode()).decode() if offset else None


def history_of(points: Sequence[tuple[int, int, float]]) -> tuple[MetricPoint, ...]:
    """A metric by epoch, from (time, epoch, value).

    The final value that `MlflowRunHandle` adds at the last epoch's step comes later, and is left out.

    >>> history_of([(30, 2, 0.9), (10, 1, 0.5), (20, 2, 0.7)])
    (MetricPoint(epoch=1, value=0.5), MetricPoint(epoch=2, value=0.7))
    """
    values: dict[int, float] = {}
    for _, epoch, value in sorted(points, key=lambda point: point[0]):
        values.setdefault(epoch, value)
    return tuple(MetricPoint(epoch, values[epoch]) for epoch in sorted(values))

"""Where nsbench keeps what it makes: `NSBENCH_HOME`, or `nsbench-runs` in the working directory."""

import os
from dataclasses import dataclass
from pathlib import Path

from nsbench.errors import StorageError

_HOME = "NSBENCH_HOME"

ARTIFACTS = "mlartifacts"
"""The folder within a home that holds the artifacts of its sqlite store."""


@dataclass(frozen=True)
class Home:
    """The folders and files under one `NSBENCH_HOME`; nothing is created by naming them."""

    root: Path

    @property
    def datasets(self) -> Path:
        """One folder a prepared dataset."""
        return self.root / "datasets"

    @property
    def downloads(self) -> Path:
        """Fetched archives, kept so that a download is resumed or skipped."""
        return self.root / "downloads"

    @property
    def reports(self) -> Path:
        """One folder a report."""
        return self.root / "reports"

    @property
    def checkpoints(self) -> Path:
        """Trained parameters, one folder a run."""
        return self.root / "checkpoints"

    @property
    def models(self) -> Path:
        """Trained models on their way into the tracking store."""
        return self.root / "models"

    @property
    def spool(self) -> Path:
        """Records of runs that wait for a tracking store that is out."""
        return self.root / "spool"

    @property
    def study_storage(self) -> str:
        """Optuna's storage: `NSBENCH_STUDY_STORAGE`, or an sqlite file here."""
        return os.environ.get("NSBENCH_STUDY_STORAGE") or sqlite_uri(self.root / "studies.db")

    @property
    def tracking_uri(self) -> str:
        """MLflow's store: `MLFLOW_TRACKING_URI`, or an sqlite file here."""
        return os.environ.get("MLFLOW_TRACKING_URI") or sqlite_uri(self.root / "mlflow.db")

    @property
    def artifacts(self) -> Path:
        """Where the sqlite store keeps artifacts; a tracking server keeps its own."""
        return self.root / ARTIFACTS


def current_home() -> Home:
    """The home that this process's environment names; `~` is the user's own folder.

    Raises:
        StorageError: What it names can't be a folder.
    """
    return home_at(os.environ.get(_HOME) or "nsbench-runs", _HOME)


def home_at(named: str, said: str = "home") -> Home:
    """The home in a folder, which need not be there yet; `~` is the user's own folder.

    Args:
        named: The folder.
        said: What it is called by whoever named it, for messages.

    Raises:
        StorageError: It can't be a folder.
    """
    if "://" in named:
        raise StorageError(f"{said} is {named!r}; accepted is a folder of this machine, not an address")
    try:
        root = Path(named).expanduser()
        os.fsencode(root).decode()
    except (RuntimeError, UnicodeError) as error:
        raise StorageError(
            f"{said} is {named!r}, which names no folder ({error}); accepted is a path in UTF-8; `~` needs a user's folder"
        ) from error
    for part in (root, *root.parents):
        if part.exists() and not part.is_dir():
            raise StorageError(f"{said} is {named!r}, but {part} is a file; give a folder, which is made if need be")
    return Home(root)


def sqlite_uri(file: Path) -> str:
    """The URI of an sqlite file; what would end the path within one, or be decoded there, is encoded.

    >>> sqlite_uri(Path("/runs/mlflow.db"))
    'sqlite:////runs/mlflow.db'
    >>> sqlite_uri(Path("/runs/a?b%41/mlflow.db"))
    'sqlite+pysqlite:////runs/a%3Fb%2541/mlflow.db'
    """
    path = str(file.absolute())
    encoded = path.replace("%", "%25").replace("?", "%3F")
    # MLflow makes the folder of what follows `sqlite:///` without decoding it; named with its driver, it makes none.
    return f"sqlite:///{path}" if encoded == path else f"sqlite+pysqlite:///{encoded}"

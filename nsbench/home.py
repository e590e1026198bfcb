"""Where nsbench keeps what it makes: `NSBENCH_HOME`, or `nsbench-runs` in the working directory."""

import os
from dataclasses import dataclass
from pathlib import Path


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
    def spool(self) -> Path:
        """Records of runs that wait for a tracking store that is out."""
        return self.root / "spool"

    @property
    def study_storage(self) -> str:
        """Optuna's storage: `NSBENCH_STUDY_STORAGE`, or an sqlite file here."""
        return os.environ.get("NSBENCH_STUDY_STORAGE") or f"sqlite:///{(self.root / 'studies.db').absolute()}"

    @property
    def tracking_uri(self) -> str:
        """MLflow's store: `MLFLOW_TRACKING_URI`, or an sqlite file here."""
        return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(self.root / 'mlflow.db').absolute()}"

    @property
    def artifacts(self) -> Path:
        """Where the sqlite store keeps artifacts; a tracking server keeps its own."""
        return self.root / "mlartifacts"


def current_home() -> Home:
    """The home that this process's environment names."""
    return Home(Path(os.environ.get("NSBENCH_HOME") or "nsbench-runs"))

"""A study of its own home, in sqlite or in PostgreSQL, that is ridden through kills and looked at afterwards."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.files.home import Home
from tests.postgres_cluster import PostgresCluster
from tests.survival.ledger import disagreements
from tests.survival.storm import Storm, Target, ride_out

DATASET = "small"
_STORES = ("NSBENCH_HOME", "NSBENCH_STUDY_STORAGE", "MLFLOW_TRACKING_URI")


@dataclass(frozen=True)
class Outcome:
    """What became of a study.

    Attributes:
        storm: What it went through.
        mismatches: In what its books differ.
        n_trials: Trials planned.
    """

    storm: Storm
    mismatches: list[str]
    n_trials: int


def prepare_template(folder: Path) -> Path:
    """A home with a small dataset, to be copied."""
    home = Home(folder / "template")
    prepare_synthetic(DATASET, settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    return home.root


@dataclass(frozen=True)
class Scene:
    """Where studies are ridden through kills.

    Attributes:
        folder: For the homes.
        template: A home with the dataset.
        n_workers: Of each command.
        n_trials: Planned in each study.
        early_s: Half of the kills come at a random moment of so many seconds, the others while runs go on.
    """

    folder: Path
    template: Path
    n_workers: int = 4
    n_trials: int = 8
    early_s: float = 12.0

    def play(self, name: str, n_kills: int, seed: int, cluster: PostgresCluster | None) -> Outcome:
        """Rides a study through kills; in PostgreSQL where a cluster is given, else in sqlite."""
        root = self.folder / name
        shutil.copytree(self.template, root)
        environment = {"NSBENCH_HOME": str(root), "OMP_NUM_THREADS": "1"}
        if cluster is not None:
            environment["NSBENCH_STUDY_STORAGE"] = cluster.create_database(name)
        arguments = ["tune", "--sampler=random", f"--dataset={DATASET}", f"--study={name}", f"--seed={seed}"]
        arguments += [f"--trials={self.n_trials}", "--epochs=12", f"--workers={self.n_workers}"]
        arguments += ["--set=hidden_dim=8", "--set=max_length=10", "--set=validate_every=1", "--set=batch_size=64"]
        with _environment(environment):
            runs = root / "mlartifacts" / DATASET
            target = Target(arguments, environment, runs, self.folder / f"{name}.log")
            storm = ride_out(target, n_kills, self.early_s, seed)
            found = [storm.problem] if storm.problem else disagreements(name, DATASET, root, self.n_trials)
        if not found:
            shutil.rmtree(root)
        return Outcome(storm, found, self.n_trials)


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """This process's stores are the study's."""
    before = {name: os.environ.pop(name, None) for name in _STORES}
    os.environ.update(values)
    try:
        yield
    finally:
        for name in _STORES:
            os.environ.pop(name, None)
        os.environ.update({name: value for name, value in before.items() if value is not None})

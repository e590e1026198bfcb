"""`nsbench train` started by torchrun: several processes, one run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nsbench.config import Settings
from nsbench.data.store import load_dataset
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.files.home import Home
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.tracker import NullTracker
from tests.free_port import free_port

VALUES = {"hidden_dim": 8, "max_length": 8, "batch_size": 32, "max_epochs": 6, "validate_every": 2}


@pytest.mark.slow
def test_two_processes_with_a_sharded_table_record_one_run_with_the_metrics_of_one_process(tmp_path: Path) -> None:
    """Test metrics are counts of ranks over 86 targets: to 1e-3, no target's rank may cross a cut-off."""
    home = Home(tmp_path / "home")
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    assignments = [part for name, value in VALUES.items() for part in ("--set", f"{name}={value}")]
    launcher = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        str(free_port()),
    ]
    command = ["-m", "nsbench.cli.main", "train", "--sampler", "mixed", "--dataset", "small", *assignments]
    environment = {**os.environ, "NSBENCH_HOME": str(home.root), "NSBENCH_DEVICE": "cpu", "OMP_NUM_THREADS": "1"}
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        environment.pop(name, None)
    done = subprocess.run(
        [*launcher, *command, "--set", "item_table=sharded"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("epoch 6/6  loss") == 1
    (recorded,) = MlflowReader(f"sqlite:///{home.root}/mlflow.db").runs("small", (RunKind.SINGLE,))
    assert recorded.status == "FINISHED"
    assert recorded.tags["nsbench.processes"] == "2"
    settings, dataset = Settings.of("mixed", VALUES), load_dataset("small", home)
    alone = run(settings, dataset, NullTracker(), RunRequest(RunKind.SINGLE, seed=0))
    compared = [name for name in recorded.metrics if name.startswith("test/")]
    assert "test/all/hit_rate_at_10" in compared
    for name in compared:
        assert recorded.metrics[name] == pytest.approx(alone.metrics[name], abs=1e-3, nan_ok=True), name
    assert recorded.metrics["cost/n_positives"] == alone.cost.n_positives
    assert [path.name for path in (home.checkpoints / "small").iterdir()] != []

"""`nsbench train` is stopped and killed from outside, and the same command goes on."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient

from nsbench.config import Settings
from nsbench.data.store import load_dataset
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.files.home import Home
from nsbench.runs.experiment import run
from nsbench.runs.request import DEFAULT_OBJECTIVE, RunRequest
from nsbench.terms import RunKind, Tag
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.tracker import NullTracker
from nsbench.tracking.writing.spool import RunTag, Spool

VALUES = {"hidden_dim": 8, "max_length": 8, "batch_size": 32, "max_epochs": 60, "validate_every": 5, "patience": 0}


def start(home: Home) -> "subprocess.Popen[str]":
    assignments = [part for name, value in VALUES.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "nsbench.cli.main", "train", "--sampler", "random", "--dataset", "small"]
    environment = {**os.environ, "NSBENCH_HOME": str(home.root), "NSBENCH_DEVICE": "cpu"}
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        environment.pop(name, None)
    return subprocess.Popen(
        [*command, *assignments], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def end_at(process: "subprocess.Popen[str]", epoch: int, number: signal.Signals) -> str:
    """Sends a signal after the look of an epoch; what the command had said."""
    assert process.stdout is not None
    said = ""
    while f"epoch {epoch}/" not in said and (line := process.stdout.readline()):
        said += line
    process.send_signal(number)
    return said + process.communicate(timeout=60)[0]


@pytest.mark.slow
def test_a_run_that_is_stopped_and_then_killed_goes_on_and_is_recorded_as_if_nothing_had_been(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    stopped = start(home)
    said = end_at(stopped, 10, signal.SIGTERM)
    assert stopped.returncode == 128 + signal.SIGTERM
    assert "The same command goes on from the last checkpoint; with --fresh it starts over." in said
    killed = start(home)
    said = end_at(killed, 30, signal.SIGKILL)
    assert "going on with an earlier run, after epoch 10" in said
    client = MlflowClient(home.tracking_uri)
    earlier = client.search_runs([client.get_experiment_by_name("small").experiment_id])[-1].info.run_id
    Spool(home.spool).add(earlier, RunTag("waited", "yes"))
    last = start(home)
    said, _ = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert client.get_run(earlier).data.tags["waited"] == "yes", (
        "what an earlier outage left on disk is sent at the end"
    )

    reader = MlflowReader(f"sqlite:///{home.root}/mlflow.db")
    runs = sorted(reader.runs("small", (RunKind.SINGLE,)), key=lambda one: one.started)
    assert [one.status for one in runs] == ["KILLED", "KILLED", "FINISHED"]
    assert [one.tags[Tag.END_REASON] for one in runs[:2]] == ["interrupted", "its process ended without a word"]
    settings, dataset = Settings.of("random", VALUES), load_dataset("small", home)
    whole = run(settings, dataset, NullTracker(), RunRequest(RunKind.SINGLE, seed=0))
    points = MlflowClient(reader.location).get_metric_history(runs[-1].run_id, DEFAULT_OBJECTIVE)
    curve = [(point.step, point.value) for point in sorted(points, key=lambda point: point.timestamp)]
    # What comes after the looks is the final value, that of the best epoch.
    assert curve[:-1] == [(look.epoch, look.metrics[DEFAULT_OBJECTIVE]) for look in whole.validations]
    assert runs[-1].metrics["cost/n_positives"] == whole.cost.n_positives
    for name, value in runs[-1].metrics.items():
        if name.startswith("test/"):
            assert value == whole.metrics[name]
    assert [path.name for path in home.checkpoints.iterdir()] == ["small"]

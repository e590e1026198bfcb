"""What `nsbench tune` refuses before anything is made, and how it ends when it is told to."""

import os
import signal
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from nsbench.cli.main import app
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.errors import NsbenchError
from nsbench.files.home import Home
from nsbench.study.search.plan import load_study
from nsbench.study.search.storage import open_storage
from nsbench.study.trials.trial_state import GROUP
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sampler", "mixd"], "did you mean 'mixed'"),
        (["--sampler", "mixed", "--set", "n_unifrom=3"], "did you mean 'n_uniform'"),
        (["--sampler", "mixed", "--objective", "valid/all/recall"], "valid/all/ndcg_at_10"),
        (["--sampler", "mixed", "--config", "nothing"], "no 'nothing' in .*there are: demo"),
        (["--sampler", "mixed", "--sampler", "batch", "--study", "one"], "--study one names one study"),
        (["--sampler", "mixed", "--dataset", "absent"], "absent"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(arguments, message, tmp_path, monkeypatch):
    monkeypatch.setenv("NSBENCH_HOME", str(tmp_path / "home"))
    result = CliRunner().invoke(app, ["tune", "--workers", "1", *arguments])
    assert isinstance(result.exception, NsbenchError)
    with pytest.raises(NsbenchError, match=message):
        raise result.exception
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_trials_of_the_learning_rate_are_trained_side_by_side_when_asked_for(tmp_path, monkeypatch):
    """Half of four at once; `nsbench worker` may be told so too."""
    home = Home(tmp_path / "home")
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    monkeypatch.setenv("NSBENCH_HOME", str(home.root))
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    arguments = ["--sampler=random", "--dataset=small", "--trials=4", "--epochs=1", "--replicas=3", "--workers=1"]
    fixed = [f"--set={field}" for field in ("hidden_dim=4", "max_length=5", "batch_size=64", "n_negatives=20")]
    made = CliRunner().invoke(app, ["tune", *arguments, *fixed])
    assert made.exit_code == 0, made.output
    trials = load_study("small/random/default", open_storage(home)).trials
    assert [(trial.state.name, trial.user_attrs[GROUP]) for trial in trials] == [
        ("COMPLETE", 0),
        ("COMPLETE", 0),
        ("COMPLETE", 2),
        ("COMPLETE", 2),
    ]
    joined = CliRunner().invoke(app, ["worker", "small/random/default", "--workers=1", "--replicas=2"])
    assert joined.exit_code == 0, joined.output


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_study_that_is_ended_from_outside_leaves_nothing_running(tmp_path, number):
    """Its group hears the signal, as from a batch system or a closed terminal: both trials fail and both points wait."""
    home = Home(tmp_path / "home")
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    command = [sys.executable, "-m", "nsbench.cli.main", "-v", "tune", "--sampler=random", "--dataset=small"]
    environment = {**os.environ, "NSBENCH_HOME": str(home.root), "NSBENCH_DEVICE": "cpu"}
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        environment.pop(name, None)
    process = subprocess.Popen(
        [*command, "--trials=50", "--epochs=500", "--workers=2", "--set=hidden_dim=8", "--set=patience=0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = process.stdout.readline()
    while "done before" not in said:
        said = process.stdout.readline()
    os.killpg(process.pid, number)
    process.communicate(timeout=120)
    assert process.returncode == 128 + number
    states = [trial.state.name for trial in load_study("small/random/default", open_storage(home)).trials]
    assert "RUNNING" not in states
    assert "WAITING" in states
    assert {run.status for run in open_store(home).reader().runs("small", (RunKind.TRIAL,))} <= {"KILLED"}

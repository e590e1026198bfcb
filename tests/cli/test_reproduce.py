"""A whole profile through the real command line: prepared, tuned, repeated and reported, and nothing twice."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROFILE = """
description: Two samplers on a small log.
datasets: [{name: small}]
samplers: [random, mixed]
baselines: [popularity-baseline]
settings: {hidden_dim: 4, max_length: 5, batch_size: 64}
tune: {trials: 2, epochs: 2}
repeat: {repeats: 2, epochs: 2}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reproduce")
    (folder / "mine.yaml").write_text(PROFILE)
    nsbench(
        folder, "data", "synthetic", "--name", "small", "--users", "120", "--items", "100", "--interactions", "2000"
    )
    return folder


def nsbench(folder: Path, *arguments: str) -> str:
    """What the command prints; its exit code must be 0."""
    environment = {**os.environ, "NSBENCH_HOME": str(folder / "home"), "COLUMNS": "200"}
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        environment.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "nsbench.cli.main", *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_profile_runs_to_its_report_and_a_second_time_does_nothing(folder):
    said = nsbench(folder, "reproduce", "mine.yaml", "--workers", "1")
    assert "4 trials (2 per sampler, at most 2 epochs), 4 repeats (2 seeds per sampler)" in said
    assert said.count("trial 0  finished") == said.count("trial 1  finished") == 2
    assert said.count("seed 0  finished") == said.count("seed 1  finished") == 2
    assert "of the best reachable" in said
    assert list((folder / "home" / "reports").rglob("report.md"))
    again = nsbench(folder, "reproduce", "mine.yaml", "--workers", "1")
    assert "  finished  " not in again
    for line in ("small/random/mine: 2 of 2", "small/mixed/mine repeats: 2 of 2", "small baselines: 1 of 1"):
        assert f"{line} done before" in again

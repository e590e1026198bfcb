"""A training that is killed with SIGKILL at random moments ends as one that was not, bit for bit."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.training import killed_run

ROOT = Path(__file__).parents[2]
N_KILLS = int(os.environ.get("NSBENCH_TEST_KILLS", "2"))
"""How often each training is killed; two take some ten seconds, ten a minute."""
N_STEPS = 12 * 10
"""12 epochs of 150 users in batches of 16."""


def start(folder: Path, sampler: str, replay_factor: float) -> "subprocess.Popen[bytes]":
    arguments = [folder / "checkpoints", folder / "killed.npz", sampler, replay_factor]
    command = [sys.executable, "-m", "tests.training.killed_run", *map(str, arguments)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, bufsize=0)


def kill_after(process: "subprocess.Popen[bytes]", n_steps: int, pause_s: float) -> str:
    """Kills a training some steps and a moment after its start; what it had said by then."""
    assert process.stdout is not None
    said = b""
    while said.count(b".") < n_steps and (heard := process.stdout.read(1)):
        said += heard
    time.sleep(pause_s)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    return said.decode()


FULL = pytest.mark.skipif(N_KILLS <= 2, reason="set NSBENCH_TEST_KILLS=10 for the whole of it")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampler", "replay_factor"),
    [
        ("random", 0.0),
        ("adaptive-mixed", 1.5),
        pytest.param("random", 1.5, marks=FULL),
        pytest.param("adaptive-mixed", 0.0, marks=FULL),
    ],
)
def test_a_training_that_is_killed_now_and_again_ends_as_one_that_was_not(
    tmp_path: Path, sampler: str, replay_factor: float
) -> None:
    """Every attempt but the first goes on with a checkpoint, the last one has less than all 120 steps left to take."""
    killed_run.main(tmp_path / "none", tmp_path / "whole.npz", sampler, replay_factor)
    rng = random.Random(f"{sampler} {N_KILLS}")
    for attempt in range(N_KILLS):
        process = start(tmp_path, sampler, replay_factor)
        said = kill_after(process, rng.randint(3, N_STEPS // N_KILLS), rng.uniform(0, 0.02))
        assert said.startswith("r") == (attempt > 0)
    process = start(tmp_path, sampler, replay_factor)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    assert said.startswith(b"r")
    assert said.count(b".") < N_STEPS
    whole, killed = (np.load(tmp_path / f"{name}.npz") for name in ("whole", "killed"))
    for part in ("ranks", "items", "dense", "text"):
        np.testing.assert_array_equal(killed[part], whole[part], err_msg=part)
    assert len(set(whole["ranks"])) > 50
    assert not list((tmp_path / "checkpoints").iterdir())

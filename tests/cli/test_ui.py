"""`nsbench ui`: nothing of it stays when it ends, however, and nobody sees a password in its processes' arguments."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nsbench.cli.process import ui_guard
from nsbench.tracking.store import open_store
from nsbench.tracking.writing.mlflow_tracker import MlflowTracker
from tests.cli.in_process import nsbench
from tests.free_port import free_port
from tests.tracking.run_builder import home_at, plan_of
from tests.tracking_server import running_server

PROJECT = Path(__file__).parents[2]

STARTER = """
import subprocess, sys, time
command = [sys.executable, {guard!r}, sys.executable, "-c", {program!r}]
guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
print(guard.pid, flush=True)
time.sleep(60)
"""

PROGRAM = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
open({file!r}, "w").write(f"{{os.getpid()}} {{child.pid}} ")
time.sleep(60)
"""


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def wait_for(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks /proc which processes there are")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP, signal.SIGTERM])
def test_what_a_program_started_ends_with_its_starter(tmp_path: Path, number: signal.Signals) -> None:
    file = tmp_path / "pids"
    program = PROGRAM.format(file=str(file))
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER.format(guard=str(Path(ui_guard.__file__)), program=program)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    guard = int(starter.stdout.readline())
    assert wait_for(lambda: file.exists() and len(file.read_text().split()) == 2, 20)
    pids = [guard, *map(int, file.read_text().split())]
    assert all(is_running(pid) for pid in pids)
    starter.send_signal(number)
    starter.wait()
    starter.stdout.close()
    assert wait_for(lambda: not any(is_running(pid) for pid in pids), 10)


def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "nsbench.cli.main", "ui", "--port", str(port)],
            env={**os.environ, "NSBENCH_HOME": str(tmp_path / "home")},
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 5
    assert f"can't listen on 127.0.0.1:{port}: Address already in use" in " ".join(done.stderr.split())
    assert not (tmp_path / "home").exists()


@pytest.mark.slow
def test_the_pages_end_with_a_killed_command_and_show_no_address_of_the_store(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    store = f"sqlite+pysqlite:///{tmp_path}/secret-place.db"
    process = subprocess.Popen(
        [sys.executable, "-m", "nsbench.cli.main", "ui", "--port", str(port)],
        env={
            **os.environ,
            "NSBENCH_HOME": str(tmp_path / "home"),
            "MLFLOW_TRACKING_URI": store,
            "PYTHONUNBUFFERED": "1",
        },
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith("MLflow: http://127.0.0.1:")
    arguments = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert any(str(port).encode() in line for line in arguments)
    assert not any(b"secret-place" in line for line in arguments)
    process.kill()
    process.wait()
    process.stdout.close()

    def is_closed() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) != 0

    assert wait_for(is_closed, 20)


@pytest.mark.slow
def test_a_link_for_each_dataset_is_printed_the_newest_first(tmp_path: Path) -> None:
    home = home_at(tmp_path)
    tracker = open_store(home).tracker()
    for dataset in ("old", "a new one"):
        tracker.start(plan_of(dataset=dataset))
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "nsbench.cli.main", "ui", "--port", str(port)],
        env={**os.environ, "NSBENCH_HOME": str(home.root), "PYTHONUNBUFFERED": "1"},
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip() for _ in range(6)]
    process.kill()
    process.wait()
    process.stdout.close()
    runs = "runs?workflowType=machine_learning&viewStateShareKey=nsbench-repeats"
    assert lines[0] == f"MLflow: http://127.0.0.1:{port}"
    assert lines[4:] == [
        f"a new one  http://127.0.0.1:{port}/#/experiments/2/{runs}",
        f"old        http://127.0.0.1:{port}/#/experiments/1/{runs}",
    ]


@pytest.mark.slow
def test_a_server_gets_links_to_its_own_pages_without_user_and_password(tmp_path: Path) -> None:
    with running_server(tmp_path / "server") as server:
        place = server.uri.removeprefix("http://")
        nothing = nsbench(tmp_path, "ui", MLFLOW_TRACKING_URI=server.uri)
        MlflowTracker(server.uri, tmp_path).start(plan_of(dataset="shop"))
        shown = nsbench(tmp_path, "ui", MLFLOW_TRACKING_URI=f"http://me:hush@{place}")
    assert (nothing.code, "No runs yet" in nothing.out) == (0, True)
    assert shown.code == 0
    assert f"shop  {server.uri}/#/experiments/1/runs?" in shown.out
    assert "hush" not in shown.out

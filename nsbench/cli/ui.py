"""`nsbench ui`: MLflow's pages on the runs that nsbench recorded."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.request import urlopen

import typer
from rich.console import Console

from nsbench.errors import TrackingError
from nsbench.home import Home, current_home

_START_TIMEOUT_S = 90
_STOP_TIMEOUT_S = 10
_POLL_S = 0.3


def ui(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 5000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is seen by this machine only.")
    ] = "127.0.0.1",
) -> None:
    """Open MLflow's pages on the recorded runs; Ctrl-C ends them."""
    from nsbench.tracking.mlflow_connection import create_store, is_server, without_password

    console = Console()
    home = current_home()
    store = without_password(home.tracking_uri)
    if is_server(home.tracking_uri):
        console.print(f"MLFLOW_TRACKING_URI names a server, which has pages of its own: {store}", soft_wrap=True)
        return
    _check_port(host, port)
    create_store(home)
    log = home.root / "mlflow-ui.log"
    with log.open("wb") as stream:
        # A session of its own: Ctrl-C is for us alone, and the pages' worker processes are ended with it.
        process = subprocess.Popen(
            _command(home, host, port),
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            # Seven more processes for features of MLflow that nsbench has no use for.
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )
    try:
        _wait_until_up(process, f"http://{host}:{port}/health", log)
        console.print(f"MLflow: http://{host}:{port}\nStore: {store}\nLog: {log}\nCtrl-C ends it.", soft_wrap=True)
        # No blocking wait: polars, which MLflow imports, makes Ctrl-C restart it instead of interrupting it.
        while process.poll() is None:
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        console.print("\nClosed.")
        return
    finally:
        _stop(process)
    raise TrackingError(f"MLflow's pages ended by themselves; see {log}")


def _command(home: Home, host: str, port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "mlflow", "ui"),
        *("--backend-store-uri", home.tracking_uri),
        *("--artifacts-destination", str(home.artifacts.absolute())),
        *("--host", host),
        *("--port", str(port)),
        *("--workers", "1"),
    ]


def _check_port(host: str, port: int) -> None:
    try:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((host, port))
    except OSError as error:
        raise TrackingError(
            f"can't listen on {host}:{port}: {error.strerror or error}; choose another port with --port, such as {port + 1}"
        ) from error


def _wait_until_up(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines() or ["no output"]
            raise TrackingError(f"MLflow's pages did not start: {lines[-1]}; see {log}")
        try:
            urlopen(address, timeout=2).close()
        except (URLError, OSError):
            time.sleep(_POLL_S)
        else:
            return
    raise TrackingError(f"MLflow's pages did not answer within {_START_TIMEOUT_S} s; see {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(_STOP_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

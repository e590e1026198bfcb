"""`nsbench ui`: MLflow's pages on the runs that nsbench recorded."""

import os
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import typer

from nsbench.errors import TrackingError
from nsbench.files.disk import storage_error
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console

_LAST_PORT = 65535
_START_TIMEOUT_S = 90
_STOP_TIMEOUT_S = 10
_POLL_S = 0.3


def ui(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=_LAST_PORT)] = 5000,
    host: Annotated[
        str, typer.Option(help="Address to listen on; the default is seen by this machine only.")
    ] = "127.0.0.1",
    open_page: Annotated[bool, typer.Option("--open", help="Open the first of the links in the browser.")] = False,
) -> None:
    """Serve MLflow's pages on the recorded runs, and print a link for each dataset; Ctrl-C ends them."""
    from nsbench.tracking.store import open_store
    from nsbench.tracking.store_uri import check_server, without_user
    from nsbench.tracking.writing.mlflow_connection import is_server, without_password

    console = Console()
    home = current_home()
    store = without_password(home.tracking_uri)
    if is_server(home.tracking_uri):
        console.print(f"MLFLOW_TRACKING_URI names a server, which has pages of its own: {store}", soft_wrap=True)
        check_server(home.tracking_uri)
        _show_pages(home, without_user(home.tracking_uri), console, open_page=open_page)
        return
    _check_port(host, port)
    open_store(home).create()
    log = home.root / "mlflow-ui.log"
    process = _start(home, host, port, log)
    address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    try:
        _wait_until_up(process, f"{address}/health", log)
        console.print(f"MLflow: {address}\nStore: {store}\nLog: {log}\nCtrl-C ends it.", soft_wrap=True)
        _show_pages(home, address, console, open_page=open_page)
        # No blocking wait: polars, which MLflow imports, makes Ctrl-C restart it instead of interrupting it.
        while process.poll() is None:
            time.sleep(_POLL_S)
    except KeyboardInterrupt:
        console.print("\nClosed.")
        return
    finally:
        _stop(process)
    raise TrackingError(f"MLflow's pages ended by themselves; see {log}")


def _show_pages(home: Home, address: str, console: Console, *, open_page: bool) -> None:
    """Prints a link for each dataset, the newest first: MLflow's own first page is about other things than training."""
    from nsbench.tracking.writing.experiment_page import pages_of

    pages = pages_of(home.tracking_uri, address)
    if not pages:
        console.print("No runs yet: `nsbench train`, `tune` and `repeat` record them.", soft_wrap=True)
        return
    width = max(len(page.dataset) for page in pages)
    for page in pages:
        console.print(f"{page.dataset:<{width}}  {page.address}", soft_wrap=True, highlight=False, markup=False)
    if open_page:
        webbrowser.open(pages[0].address)


def _start(home: Home, host: str, port: int, log: Path) -> subprocess.Popen[bytes]:
    """Starts the pages in a session of their own: Ctrl-C is for us alone, and their worker processes are ended with them.

    The store's address, which may hold a password, goes by the environment: everybody sees a command's arguments.
    """
    guard = Path(__file__).parent / "process" / "ui_guard.py"
    command = [sys.executable, str(guard), sys.executable, "-m", "mlflow", "ui"]
    options = ["--host", host, "--port", str(port), "--workers", "1"]
    environment = {
        **os.environ,
        "MLFLOW_BACKEND_STORE_URI": home.tracking_uri,
        "MLFLOW_ARTIFACTS_DESTINATION": str(home.artifacts.absolute()),
        # Seven more processes for features of MLflow that nsbench has no use for.
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.touch(mode=0o600)
        with log.open("wb") as stream:
            return subprocess.Popen(
                [*command, *options],
                stdin=subprocess.PIPE,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=environment,
            )
    except OSError as error:
        raise storage_error("the log of MLflow's pages", log, error) from error


def _check_port(host: str, port: int) -> None:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        other = port + 1 if port < _LAST_PORT else port - 1
        raise TrackingError(
            f"can't listen on {host}:{port}: {reason}; choose another port with --port, such as {other}, or another --host"
        ) from error


def _wait_until_up(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    end = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < end:
        if process.poll() is not None:
            lines = log.read_text(errors="replace").strip().splitlines() or ["no output"]
            raise TrackingError(f"MLflow's pages did not start: {lines[-1]}; see {log}")
        try:
            # Not through a proxy: it couldn't see this machine's own addresses.
            build_opener(ProxyHandler({})).open(address, timeout=2).close()
        except (URLError, OSError):
            time.sleep(_POLL_S)
        else:
            return
    raise TrackingError(f"MLflow's pages did not answer within {_START_TIMEOUT_S} s; see {log}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ends the guard and all that it started; it may be gone, and they still there."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_TIMEOUT_S)

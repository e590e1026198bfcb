"""A PostgreSQL cluster of its own for a test: on 127.0.0.1, a free port, a folder that is gone afterwards."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.free_port import free_port

_USER = "postgres"


def postgres_binaries() -> Path | None:
    """The folder of `initdb` and `pg_ctl`; None where the server isn't installed."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((folder for folder in folders if (folder / "initdb").is_file()), None)


def why_no_postgres() -> str | None:
    """Why no cluster can be made here, or None if one can."""
    if postgres_binaries() is None:
        return "PostgreSQL's server is not installed (no initdb)"
    if os.geteuid() == 0 and subprocess.run(["id", _USER], capture_output=True, check=False).returncode:
        return f"PostgreSQL refuses to run as root, and there is no user {_USER!r}"
    return None


class PostgresCluster:
    """A cluster that can be stopped and started again.

    Args:
        binaries: The folder of `pg_ctl`.
        folder: The cluster's, which its user may write.
    """

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._data = folder / "data"
        self._log = folder / "log"
        self._port = free_port()
        # Root may not run it; whoever else runs the test may.
        self._user = _USER if os.geteuid() == 0 else None
        self._run("initdb", "--pgdata", self._data, "--auth=trust", f"--username={_USER}", "--no-sync")

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        settings = f"-c listen_addresses=127.0.0.1 -c port={self._port} -c unix_socket_directories='' -c fsync=off"
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self._log, "-o", settings)

    def stop(self) -> None:
        """Ends the server at once, with every connection."""
        self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self._data)

    def create_database(self, name: str) -> str:
        """An empty database, by its URL."""
        self._run("createdb", "-h", "127.0.0.1", "-p", self._port, "-U", _USER, name)
        return f"postgresql+psycopg://{_USER}@127.0.0.1:{self._port}/{name}"

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._binaries / program), *map(str, arguments)]
        done = subprocess.run(
            command,
            user=self._user,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)} failed: {(done.stderr or b'').decode()}")


@contextmanager
def running_cluster() -> Iterator[PostgresCluster]:
    """A cluster that runs; ask `why_no_postgres` before."""
    binaries = postgres_binaries()
    assert binaries is not None
    folder = Path(tempfile.mkdtemp(prefix="nsbench-postgres-"))
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, _USER)
        cluster = PostgresCluster(binaries, folder)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""Starts something in two processes that train together, as torchrun would, and waits for them."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.free_port import free_port

N_PROCESSES = 2


def run_distributed(module: str, folder: Path, ends: Sequence[int] = (0, 0)) -> None:
    """Calls a module's `main(folder)` in two processes, each with a number of its own; fails if one doesn't end as it should.

    Args:
        module: Its full name.
        folder: Where the processes leave what they find.
        ends: The exit status of each; negative: the signal that ends it.
    """
    program = f"from pathlib import Path; from {module} import main; main(Path({str(folder)!r}))"
    port = str(free_port())
    shared = {**os.environ, "WORLD_SIZE": str(N_PROCESSES), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank), "NSBENCH_DEVICE": "cpu"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(N_PROCESSES)
    ]
    try:
        said = [process.communicate(timeout=120)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == list(ends), "\n".join(said)

"""One torch thread a test process: the suite uses the cores by processes, as nsbench does. Temporary files lie in memory."""

import os
import shutil
from collections import Counter
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

IN_MEMORY, ENOUGH_BYTES = Path("/dev/shm"), 4 << 30
# Databases wait for the disk at each commit: on a slow one two thirds of the suite's time. --basetemp=FOLDER has another place.
if IN_MEMORY.is_dir() and os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free >= ENOUGH_BYTES:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many generated logs there were, by class and by what came of them (`tests.data.test_generated_log`)."""
    counts: Counter[tuple[str, str]] = Counter()
    for report in terminalreporter.getreports("passed"):
        for name, n in report.user_properties:
            if name.startswith("logs: "):
                _, kind, outcome = name.split(": ")
                counts[kind, outcome] += n
    if counts:
        terminalreporter.section("generated logs: equal, refused")
    for kind in sorted({kind for kind, _ in counts}):
        equal, refused = counts[kind, "equal"] + counts[kind, "read"], counts[kind, "refused"]
        terminalreporter.write_line(f"{kind:42} {equal:6,} {refused:6,}")

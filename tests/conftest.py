"""One torch thread a test process: the suite uses the cores by processes, as nsbench does."""

import os
from collections import Counter

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


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

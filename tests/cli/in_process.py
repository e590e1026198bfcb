"""A command run in the process of the test: as from a shell, without the seconds that a new interpreter takes."""

import io
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from nsbench.cli.main import main


@dataclass(frozen=True)
class Shown:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


def nsbench(home: Path, *arguments: str, encoding: str = "utf-8", **environment: str) -> Shown:
    """A command in this process, on streams of an encoding."""
    streams = [io.TextIOWrapper(io.BytesIO(), encoding=encoding) for _ in range(2)]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"NSBENCH_HOME": str(home), "COLUMNS": "200", **environment}.items():
            patch.setenv(name, value)
        patch.setattr(sys, "argv", ["nsbench", *arguments])
        patch.setattr(sys, "stdout", streams[0])
        patch.setattr(sys, "stderr", streams[1])
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode(encoding) for stream in streams)  # type: ignore[attr-defined]
    return Shown(code, out, err)

"""Which process holds a trial or a run, so that what a dead one left behind can be told from what is going on.

A process id alone is used again after a while; with the time the process started it is not. Machines may share a name, and
containers the machine: where the system tells, its start and the process's namespace are part of the machine's name.
"""

import os
import platform
import subprocess
from functools import cache
from pathlib import Path

OWNER = "nsbench.owner"
"""The tag of a run and the attribute of a trial that name the leading process, as `this_process` does."""

_STATE = 0
_START_TIME = 19
_GONE = ("Z", "X")
_PS_TIMEOUT_S = 10


def this_process() -> str:
    """This process as "machine:pid:start"."""
    return f"{_this_machine()}:{os.getpid()}:{_start_of(os.getpid())}"


def is_of_this_machine(process_id: str) -> bool:
    """Whether a process's end can be seen from here."""
    return process_id.rsplit(":", 2)[0] == _this_machine()


def is_dead(process_id: str) -> bool:
    """Whether a process is known to have ended; one of another machine can't be known, so it is not."""
    _, pid, start = process_id.rsplit(":", 2)
    return is_of_this_machine(process_id) and _start_of(int(pid)) != start


@cache
def _this_machine() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        return f"{platform.node()}/{boot}/{Path('/proc/self/ns/pid').stat().st_ino}"
    except OSError:
        return platform.node()


def _start_of(pid: int) -> str | None:
    """When a process of this machine started, in whatever unit the system gives; None when there is none."""
    if not Path("/proc/self/stat").exists():
        return _start_by_ps(pid)
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The command's name, in brackets, may hold spaces and brackets itself.
    fields = text.rpartition(")")[2].split()
    return None if fields[_STATE] in _GONE else fields[_START_TIME]


def _start_by_ps(pid: int) -> str | None:
    done = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=_PS_TIMEOUT_S, check=False
    )
    return done.stdout.strip().replace(":", ".") or None

"""Runs a program that has processes of its own, and ends all of them when whoever started this one has ended, however.

Run as `python ui_guard.py PROGRAM ARGUMENT...` in a session of its own, with a pipe for stdin whose other end the starter
keeps: the system closes it when the starter ends, by SIGKILL too. Imports nothing of nsbench, so it is there in no time.
"""

import os
import select
import signal
import subprocess
import sys
import time

_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LOOK_S = 0.3
_STOP_TIMEOUT_S = 8.0
_GRACE_S = 0.5


def _guard(command: list[str]) -> None:
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    # Not before: what is ignored here would be ignored there.
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    while program.poll() is None:
        if select.select([sys.stdin], [], [], _LOOK_S)[0] and not os.read(sys.stdin.fileno(), 1):
            break
    os.killpg(0, signal.SIGTERM)
    end = time.monotonic() + _STOP_TIMEOUT_S
    while program.poll() is None and time.monotonic() < end:
        time.sleep(_LOOK_S)
    time.sleep(_GRACE_S)
    # The program's own processes may be left, and it can't be asked for them any more; this process goes with them.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _guard(sys.argv[1:])

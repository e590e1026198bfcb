"""Runs `nsbench tune` again and again, and kills at random what runs, until a number of kills is spent; then lets it finish."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LONGEST_COMMAND_S = 900.0
LONGEST_WORK_S = 4.0
"""A kill of a command at work comes at most so many seconds after its first run was begun."""

_MOST_COMMANDS = 60
_POLL_S = 0.05


@dataclass(frozen=True)
class Target:
    """What is killed, again and again.

    Attributes:
        arguments: Of `nsbench`.
        environment: Of the command, beside this process's own.
        runs: The folder in which every run that is begun makes a folder of its own.
        log: Where the command's output goes.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    runs: Path
    log: Path

    def start(self) -> "subprocess.Popen[bytes]":
        """Gives the command, as the leader of a group of its own."""
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, "-m", "nsbench.cli.main", *self.arguments],
                env={**os.environ, **self.environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def n_runs(self) -> int:
        """Runs that have been begun."""
        return len(list(self.runs.iterdir())) if self.runs.is_dir() else 0


@dataclass
class Storm:
    """What a study went through.

    Attributes:
        n_kills: Kills by kind, such as "worker at work" or "group early". The group is all processes of a command; early is
            before the command has begun a run.
        n_commands: How often the command was given.
        problem: What went wrong that a kill doesn't explain, or empty.
    """

    n_kills: Counter[str] = field(default_factory=Counter)
    n_commands: int = 0
    problem: str = ""


def ride_out(target: Target, n_kills: int, early_s: float, seed: int) -> Storm:
    """Gives a command until it has survived a number of kills and ended well.

    Args:
        target: What is killed.
        n_kills: How often, unless the study is done before.
        early_s: Half of the kills come at a random moment of so many seconds, the others while runs go on.
        seed: Of the moments and of what is killed.
    """
    dice, storm = random.Random(seed), Storm()
    while storm.n_commands < _MOST_COMMANDS:
        storm.n_commands += 1
        n_runs = target.n_runs()
        process = target.start()
        try:
            while sum(storm.n_kills.values()) < n_kills and _wait(process, target, n_runs, early_s, dice):
                phase = "at work" if target.n_runs() > n_runs else "early"
                kind = _strike(process, dice)
                if kind is not None:
                    storm.n_kills[f"{kind} {phase}"] += 1
            code = process.wait(LONGEST_COMMAND_S)
        except subprocess.TimeoutExpired:
            storm.problem = f"the command still ran after {LONGEST_COMMAND_S:.0f} s"
            return storm
        finally:
            _kill_group(process.pid)
        if code == 0:
            return storm
    storm.problem = f"the command did not end well within {_MOST_COMMANDS} times"
    return storm


def _wait(process: "subprocess.Popen[bytes]", target: Target, n_runs: int, early_s: float, dice: random.Random) -> bool:
    """Waits for a random moment, early or while runs go on; False where the command ends before."""
    if dice.random() < 0.5:
        seconds = dice.uniform(0.2, early_s)
    else:
        while target.n_runs() <= n_runs:
            if process.poll() is not None:
                return False
            time.sleep(_POLL_S)
        seconds = dice.uniform(0.0, LONGEST_WORK_S)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return True
    return False


def _strike(process: "subprocess.Popen[bytes]", dice: random.Random) -> str | None:
    """Kills a worker, the leader or the whole group, and says which; None where there is no worker yet."""
    kind = dice.choice(("group", "leader", "worker", "worker"))
    workers = workers_of(process.pid)
    if kind == "worker":
        if not workers:
            return None
        os.kill(dice.choice(workers), signal.SIGKILL)
    elif kind == "leader":
        process.kill()
        process.wait()
        # The workers notice by themselves; the next command may begin before they have.
        time.sleep(dice.uniform(0.0, 1.0))
    else:
        _kill_group(process.pid)
        process.wait()
    return kind


def workers_of(leader: int) -> list[int]:
    """The process ids of a leader's workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes()
        except (OSError, IndexError, ValueError):
            continue
        if parent == leader and b"spawn_main" in command:
            found.append(int(folder.name))
    return found


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return

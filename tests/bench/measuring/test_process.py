"""Processes that are asked."""

import os
import signal
from functools import partial

import pytest

from nsbench.bench.measuring.process import BenchProcess, ask_all
from nsbench.errors import TrainingError


def test_processes_answer_from_what_they_built() -> None:
    with BenchProcess(partial(list, "abc")) as one, BenchProcess(partial(list, "ab")) as two:
        assert ask_all([one, two], len) == [3, 2]
        assert one.ask(max) == "c"
        assert one.ask(_pid) != os.getpid()


def test_an_error_there_is_raised_here() -> None:
    with BenchProcess(partial(list, ())) as process:
        with pytest.raises(TrainingError, match="ValueError"):
            process.ask(max)
        assert process.ask(len) == 0


def test_a_killed_process_is_named_as_such() -> None:
    with BenchProcess(partial(list, ())) as process, pytest.raises(TrainingError, match="code -9"):
        process.ask(_die)


def _pid(_: object) -> int:
    return os.getpid()


def _die(_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)

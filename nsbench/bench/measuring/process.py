"""Processes of their own for what is measured: nothing that one of them sets or holds helps or hurts another.

A process builds something once and is then asked questions of it, one after another or several processes at once. A question
is a function of what was built; it travels with its arguments, so it must be picklable, as must its answer.
"""

import logging
import multiprocessing
import signal
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Generic, Self, TypeVar, cast, final

from nsbench.errors import NsbenchError, TrainingError

Built = TypeVar("Built")
Answer = TypeVar("Answer")

_END_S = 5.0

_log = logging.getLogger(__name__)


@final
class BenchProcess(Generic[Built]):
    """A process that holds what `build` makes; use it as a context.

    Args:
        build: Called there; picklable.
    """

    def __init__(self, build: Callable[[], Built]) -> None:
        context = multiprocessing.get_context("spawn")  # CUDA doesn't survive a fork.
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, build), daemon=True)
        self._process.start()
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join(0 if kind else _END_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()

    def ask(self, question: Callable[[Built], Answer]) -> Answer:
        """Asks, and waits for the answer.

        Raises:
            NsbenchError: What the question raised, or the process is gone.
        """
        return ask_all([self], question)[0]

    def _send(self, question: Callable[[Built], object]) -> None:
        try:
            self._pipe.send(question)
        except OSError:  # It is gone; receiving says so.
            return

    def _receive(self) -> object:
        try:
            answer = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(_END_S)
            raise TrainingError(
                f"a measuring process ended with code {self._process.exitcode}; -9 mostly means that the memory is used "
                "up: close other programs, or measure less with --workload dense or --workers 1"
            ) from error
        if isinstance(answer, BaseException):
            raise answer
        return answer


def ask_all(processes: Sequence[BenchProcess[Built]], question: Callable[[Built], Answer]) -> list[Answer]:
    """Asks all of them at once, and waits for all answers; the same errors as `ask`."""
    for process in processes:
        process._send(question)
    return [cast(Answer, process._receive()) for process in processes]


def _serve(pipe: Connection, build: Callable[[], object]) -> None:
    """Builds, and answers until the pipe is closed. Ctrl-C is for the process that asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    built = _attempt(build)
    try:
        while True:
            question = pipe.recv()
            failed = isinstance(built, BaseException)
            pipe.send(built if failed else _attempt(partial(question, built)))
    except (EOFError, OSError):
        return


def _attempt(work: Callable[[], object]) -> object:
    """What comes out, or the error that the asking process is to raise."""
    try:
        return work()
    except NsbenchError as error:
        return error
    except Exception as error:
        _log.info("measuring failed", exc_info=True)
        return TrainingError(f"measuring failed: {type(error).__name__}: {error}")

"""Worker processes and who does what: one torch thread each, one process a core.

Processes are spawned, not forked: neither CUDA nor a database connection survives a fork.
"""

import logging
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self, final

from nsbench.study.job import Assignment, Ending
from nsbench.study.message import Answer, Finishing, Report, Started, Validated
from nsbench.study.owner import this_process
from nsbench.study.worker import serve

STOP_PATIENCE_S = 60.0
"""How long a stopped run may take to end by itself: an evaluation of a large dataset is not interrupted."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}

RunCloser = Callable[[str, Ending], None]
"""Ends the run of an id, as told, when its own process can't do it any more."""


def default_workers() -> int:
    """As many workers as cores that this process may use; one where a GPU does the work."""
    wanted = os.environ.get("NSBENCH_DEVICE", "")
    if wanted.startswith("cuda") or (not wanted and Path("/dev/nvidiactl").exists()):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class _Worker:
    """A process, its pipe, and what it is at."""

    process: BaseProcess
    pipe: Connection
    assignment: Assignment | None = None
    run_id: str | None = None


@final
class WorkerPool:
    """Keeps up to `n_workers` processes busy with assignments.

    Use it as a context: at its end all processes are gone. They start at once, so that they have imported what they need
    by the time the first job comes.

    Args:
        n_workers: How many runs go on at once.
        home: The root of the nsbench home.
    """

    def __init__(self, n_workers: int, home: Path) -> None:
        self.n_workers = n_workers
        self._home = home
        self._workers: list[_Worker] = []
        self._stopping = False

    def __enter__(self) -> Self:
        self._fill(self.n_workers)
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.pipe.close()
            worker.process.kill()
            worker.process.join()
        self._workers.clear()

    @property
    def n_free(self) -> int:
        """Workers without a job."""
        return self.n_workers - self.n_busy

    @property
    def n_busy(self) -> int:
        """Workers with a job."""
        return sum(worker.assignment is not None for worker in self._workers)

    def start(self, assignment: Assignment) -> None:
        """Gives a free worker a job; a worker that died before it got one is replaced."""
        self._fill(self.n_workers)
        worker = next(worker for worker in self._workers if worker.assignment is None)
        worker.assignment, worker.run_id = assignment, None
        try:
            worker.pipe.send(assignment.job)
        except OSError:  # It died this moment: `listen` finds its process gone.
            return

    def listen(self, timeout_s: float, close_run: RunCloser) -> None:
        """Waits for reports, passes them to their assignments, and answers.

        Args:
            timeout_s: How long to wait for the first one.
            close_run: Ends the runs of workers that died.
        """
        ready = wait([part for worker in self._workers for part in (worker.pipe, worker.process.sentinel)], timeout_s)
        for worker in list(self._workers):
            if worker.pipe in ready or worker.process.sentinel in ready:
                self._hear(worker, close_run)

    def stop(self, close_run: RunCloser) -> None:
        """Tells every run to stop and waits until all have ended; interrupted itself, it ends them by force."""
        self._stopping = True
        try:
            for worker in self._workers:
                if worker.assignment is not None:
                    self._send(worker, Answer.STOP)
            deadline = time.monotonic() + STOP_PATIENCE_S
            while self.n_busy and time.monotonic() < deadline:
                self.listen(1.0, close_run)
        finally:
            for worker in list(self._workers):
                worker.process.kill()
                worker.process.join()
                if worker.assignment is not None:
                    self._hear(worker, close_run)

    def _hear(self, worker: _Worker, close_run: RunCloser) -> None:
        """Reads everything that a worker has sent; a worker that is gone without an ending gets one."""
        try:
            while worker.pipe.poll():
                self._take(worker, worker.pipe.recv())
        except (EOFError, OSError):
            worker.process.join()
        if worker.process.exitcode is None:
            return
        self._workers.remove(worker)
        worker.pipe.close()
        if worker.assignment is None:
            return
        died = Ending("failed", _cause_of(worker.process.exitcode))
        ending = Ending("interrupted", "interrupted") if self._stopping else died
        if worker.run_id is not None:
            close_run(worker.run_id, ending)
        worker.assignment.ended(ending)

    def _take(self, worker: _Worker, report: Report) -> None:
        if worker.assignment is None:
            return
        match report:
            case Started(run_id):
                worker.run_id = run_id
                worker.assignment.started(run_id)
                self._answer(worker, Answer.GO_ON)
            case Validated(epoch, metrics):
                go_on = worker.assignment.validated(epoch, metrics)
                self._answer(worker, Answer.GO_ON if go_on else Answer.PRUNE)
            case Finishing():
                self._answer(worker, Answer.GO_ON)
            case Ending():
                assignment, worker.assignment = worker.assignment, None
                assignment.ended(report)

    def _answer(self, worker: _Worker, answer: Answer) -> None:
        # A run that was told to stop takes that for the answer.
        if not self._stopping:
            self._send(worker, answer)

    def _send(self, worker: _Worker, answer: Answer) -> None:
        try:
            worker.pipe.send(answer)
        except OSError:  # It died; `listen` finds out.
            return

    def _fill(self, n_workers: int) -> None:
        self._workers = [worker for worker in self._workers if worker.assignment or worker.process.exitcode is None]
        context = multiprocessing.get_context("spawn")
        with _environment(_ONE_THREAD):
            while len(self._workers) < n_workers:
                ours, theirs = context.Pipe()
                level = logging.getLogger().getEffectiveLevel()
                process = context.Process(target=serve, args=(theirs, self._home, this_process(), level), daemon=True)
                process.start()
                theirs.close()
                self._workers.append(_Worker(process, ours))


def _cause_of(exit_code: int) -> str:
    how = f"was killed by signal {-exit_code}" if exit_code < 0 else f"ended with code {exit_code}"
    return f"its process {how}" + ("; out of memory is the usual cause" if exit_code == -9 else "")


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Sets environment variables for processes that are started meanwhile: torch reads its thread count on import."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

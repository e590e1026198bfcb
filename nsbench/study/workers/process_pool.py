"""Worker processes and who does what: one torch thread each, one process a core.

Processes are spawned, not forked: neither CUDA nor a database connection survives a fork.
"""

import logging
import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Self, final

from nsbench.study.trials.memory import OUT_OF_MEMORY, KernelKills
from nsbench.study.workers.bare_main import without_main
from nsbench.study.workers.directive import Directive
from nsbench.study.workers.gpu import DEVICE, check_device, gpus_of_machine, least_used
from nsbench.study.workers.job import Assignment
from nsbench.study.workers.pool import RunCloser
from nsbench.study.workers.process_id import this_process
from nsbench.study.workers.worker import serve
from nsbench.study.workers.worker_session import WorkerSession, stop_all

MOST_REPLICAS = 20
"""Runs that a GPU trains side by side unless set otherwise: the paper's number of seeds."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"}


def default_workers() -> int:
    """A worker a GPU where there are some; else as many as cores that this process may use."""
    if gpus := gpus_of_machine():
        return len(gpus)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def default_replicas() -> int:
    """How many runs a worker of this machine trains side by side, at most.

    A GPU is bound by kernel launches, so that many runs cost little more than one; a CPU isn't, and a run a process is
    fastest there.
    """
    return MOST_REPLICAS if gpus_of_machine() else 1


@dataclass(frozen=True)
class _Worker:
    """A process, its pipe, the session with it, and the GPU that it may have."""

    process: BaseProcess
    pipe: Connection
    session: WorkerSession
    gpu: str | None


@final
class ProcessPool:
    """A pool of up to `n_workers` processes of this machine.

    Use it as a context: at its end all processes are gone. They start at once, so that they have imported what they need
    by the time the first job comes. It raises a SettingsError where they would have no such device as the environment asks for.

    Args:
        n_workers: How many runs go on at once.
        home: The root of the nsbench home.
    """

    def __init__(self, n_workers: int, home: Path) -> None:
        self.n_workers = n_workers
        self._home = home
        self._workers: list[_Worker] = []
        self._kernel_kills = KernelKills()

    def __enter__(self) -> Self:
        check_device()
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
        return sum(worker.session.is_busy for worker in self._workers)

    def start(self, assignment: Assignment) -> None:
        """Gives a free worker a job; a worker that died before it got one is replaced."""
        self._fill(self.n_workers)
        worker = next(worker for worker in self._workers if not worker.session.is_busy)
        worker.session.begin(assignment)
        try:
            worker.pipe.send(assignment.job)
        except OSError:  # It died this moment: `listen` finds its process gone.
            return

    def receive(self, timeout_s: float, close_run: RunCloser) -> None:
        """Waits for reports, passes them to their assignments, and sends directives back.

        Args:
            timeout_s: How long to wait for the first one.
            close_run: Ends the runs of workers that died.
        """
        ready = wait([part for worker in self._workers for part in (worker.pipe, worker.process.sentinel)], timeout_s)
        for worker in list(self._workers):
            if worker.pipe in ready or worker.process.sentinel in ready:
                self._receive_from(worker, close_run)

    def stop(self, close_run: RunCloser) -> None:
        """Sends every run the directive to stop and waits until all have ended; interrupted itself, it ends them by force."""
        try:
            stop_all(self, [worker.session for worker in self._workers], close_run)
        finally:
            for worker in self._workers:
                worker.process.kill()
                worker.process.join()
            for worker in list(self._workers):
                self._receive_from(worker, close_run)

    def _receive_from(self, worker: _Worker, close_run: RunCloser) -> None:
        """Reads everything that a worker has sent; a worker that is gone without an outcome gets one."""
        try:
            while worker.pipe.poll():
                worker.session.take(worker.pipe.recv(), close_run)
        except (EOFError, OSError):
            worker.process.join()
        if worker.process.exitcode is None:
            return
        self._workers.remove(worker)
        worker.pipe.close()
        if worker.session.is_busy:
            worker.session.broke_off(_cause_of(worker.process.exitcode, self._kernel_kills), close_run)

    def _fill(self, n_workers: int) -> None:
        self._workers = [
            worker for worker in self._workers if worker.session.is_busy or worker.process.exitcode is None
        ]
        context = multiprocessing.get_context("spawn")
        gpus = gpus_of_machine()
        while len(self._workers) < n_workers:
            gpu = least_used(gpus, [worker.gpu for worker in self._workers])
            ours, theirs = context.Pipe()
            level = logging.getLogger().getEffectiveLevel()
            process = context.Process(target=serve, args=(theirs, self._home, this_process(), level), daemon=True)
            with _environment(_ONE_THREAD if gpu is None else {**_ONE_THREAD, DEVICE: gpu}), without_main():
                process.start()
            theirs.close()
            self._workers.append(_Worker(process, ours, WorkerSession(partial(_send, ours)), gpu))


def _send(pipe: Connection, directive: Directive) -> None:
    try:
        pipe.send(directive)
    except OSError:  # Its process died; `listen` finds out.
        return


def _cause_of(exit_code: int, kernel_kills: KernelKills) -> str:
    if exit_code == -signal.SIGKILL and kernel_kills.has_grown():
        return f"{OUT_OF_MEMORY}: the kernel killed its process"
    return "its process " + (f"was killed by signal {-exit_code}" if exit_code < 0 else f"ended with code {exit_code}")


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

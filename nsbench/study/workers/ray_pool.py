"""A pool of a Ray cluster: the same workers as on one machine, placed by Ray where there are cores and GPU shares for them.

A worker is an actor. One of its threads works; two more carry its connection. When its node is lost, the assignment ends as that
of a killed process does, and Ray places another worker as soon as there is room.

Every node needs nsbench, the prepared dataset in its own home, and a way to the stores: a tracking server and, for studies
that several commands share, PostgreSQL.
"""

import logging
import os
import socket
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, final

from nsbench.errors import SettingsError
from nsbench.study.workers.job import Assignment
from nsbench.study.workers.pool import RunCloser
from nsbench.study.workers.process_id import this_process
from nsbench.study.workers.ray_worker import RemoteWorker
from nsbench.study.workers.report import Report
from nsbench.study.workers.worker_session import WorkerSession, stop_all

if TYPE_CHECKING:
    from ray import ObjectRef

CONNECT_PATIENCE_S = 10.0

WAIT_WARNING_S = 60.0
"""After so long without any worker, what is missing is said."""

CONNECTION = "connection"
"""The threads of an actor that carry its connection: one waits for reports, one takes directives."""

_PASSED_ON = ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE", "NSBENCH_DEVICE", "NSBENCH_CUDA_GRAPHS")
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Placement:
    """What a worker needs of a node.

    Attributes:
        cpus: Cores.
        gpus: GPUs, or a share of one.
    """

    cpus: float = 1.0
    gpus: float = 0.0


@dataclass
class _Worker:
    """An actor, what is awaited from it, and the session with it."""

    actor: Any
    arrival: "ObjectRef[bool] | None"
    report: "ObjectRef[Report]"
    session: WorkerSession = field(repr=False)


@final
class RayPool:
    """A pool of up to `n_workers` actors.

    Use it as a context: at its end all actors are gone.

    Args:
        address: Of the cluster: "auto" for the one that this machine belongs to, or host:port; None: one in this process.
        placement: What a worker needs.
        n_workers: How many runs go on at once; None: as many as the cluster has room for.
        home: The root of the nsbench home; a node's own NSBENCH_HOME comes first there.
    """

    def __init__(self, address: str | None, placement: Placement, n_workers: int | None, home: Path) -> None:
        self._address = address
        self._placement = placement
        self._home = home
        self._workers: list[_Worker] = []
        self._without_since: float | None = None
        self.n_workers = n_workers or 0

    def __enter__(self) -> Self:
        ray = _ray()
        passed = {name: os.environ[name] for name in _PASSED_ON if os.environ.get(name)}
        try:
            _check_answers(self._address)
            ray.init(
                address=self._address,
                namespace="nsbench",
                runtime_env={"env_vars": passed | _ONE_THREAD},
                logging_level=logging.WARNING,
                log_to_driver=False,
                include_dashboard=False if self._address is None else None,
            )
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"no Ray cluster answers at {self._address!r} ({error}); start one with `ray start --head` and join its "
                "nodes with `ray start --address HOST:6379`, or leave --address out for one on this machine"
            ) from error
        if self.n_workers == 0:
            self.n_workers = self._room(ray.cluster_resources())
        self._fill()
        return self

    def __exit__(self, *_: object) -> None:
        ray = _ray()
        for worker in self._workers:
            ray.kill(worker.actor)
        self._workers.clear()
        ray.shutdown()

    @property
    def n_free(self) -> int:
        """Workers that are there and have no assignment."""
        return sum(worker.arrival is None and not worker.session.is_busy for worker in self._workers)

    @property
    def n_busy(self) -> int:
        """Workers with an assignment."""
        return sum(worker.session.is_busy for worker in self._workers)

    def start(self, assignment: Assignment) -> None:
        """Gives a free worker an assignment."""
        worker = next(one for one in self._workers if one.arrival is None and not one.session.is_busy)
        worker.session.begin(assignment)
        _on_connection(worker.actor.receive).remote(assignment.job)

    def receive(self, timeout_s: float, close_run: RunCloser) -> None:
        """Waits for reports and arrivals, passes reports to their assignments, and sends directives back."""
        ray = _ray()
        self._fill()
        awaited = [ref for worker in self._workers for ref in (worker.arrival, worker.report) if ref is not None]
        ready, _ = ray.wait(awaited, num_returns=len(awaited), timeout=min(timeout_s, 0.05))
        if not ready:
            ready, _ = ray.wait(awaited, timeout=timeout_s)
        for worker in list(self._workers):
            self._receive_from(worker, set(ready), close_run)
        self._warn_without_workers()

    def stop(self, close_run: RunCloser) -> None:
        """Sends every run the directive to stop and waits until all have ended; interrupted itself, it ends them by force."""
        ray = _ray()
        try:
            stop_all(self, [worker.session for worker in self._workers], close_run)
        finally:
            for worker in self._workers:
                ray.kill(worker.actor)
                worker.session.broke_off("stopped", close_run)
            self._workers.clear()

    def _receive_from(self, worker: _Worker, ready: "set[ObjectRef[Any]]", close_run: RunCloser) -> None:
        """Takes what has arrived from a worker; one whose actor is gone leaves the pool."""
        ray = _ray()
        try:
            if worker.arrival in ready:
                ray.get(worker.arrival)
                worker.arrival = None
            if worker.report in ready:
                report: Report = ray.get(worker.report)
                worker.report = _on_connection(worker.actor.report).remote()
                worker.session.take(report, close_run)
        except ray.exceptions.RayActorError as error:
            _log.warning("a worker is gone: %s", error)
            self._workers.remove(worker)
            worker.session.broke_off("its node or its process is gone", close_run)

    def _fill(self) -> None:
        ray = _ray()
        remote = ray.remote(
            num_cpus=self._placement.cpus,
            num_gpus=self._placement.gpus,
            max_restarts=0,
            concurrency_groups={CONNECTION: 2},
        )(RemoteWorker)
        while len(self._workers) < self.n_workers:
            actor = remote.remote(str(self._home), this_process())
            actor.work.remote()
            session = WorkerSession(_on_connection(actor.receive).remote)
            self._workers.append(
                _Worker(actor, _on_connection(actor.arrived).remote(), _on_connection(actor.report).remote(), session)
            )

    def _room(self, resources: dict[str, float]) -> int:
        n_workers = int(resources.get("CPU", 0) // self._placement.cpus) if self._placement.cpus else 10**6
        if self._placement.gpus:
            n_workers = min(n_workers, int(resources.get("GPU", 0) / self._placement.gpus))
        if n_workers < 1:
            raise SettingsError(
                f"the Ray cluster has {resources.get('CPU', 0):g} cores and {resources.get('GPU', 0):g} GPUs: no room for a "
                f"worker of {self._placement.cpus:g} cores and {self._placement.gpus:g} GPUs; ask for less"
            )
        return n_workers

    def _warn_without_workers(self) -> None:
        if any(worker.arrival is None for worker in self._workers):
            self._without_since = None
            return
        now = time.monotonic()
        self._without_since = self._without_since or now
        if now - self._without_since > WAIT_WARNING_S:
            self._without_since = now
            _log.warning("no worker has found room on the Ray cluster for %d s; `ray status` says why", WAIT_WARNING_S)


def _check_answers(address: str | None) -> None:
    """Ray itself tries for minutes to reach a host that isn't there.

    Raises:
        OSError: Nobody answers at host:port; other forms of an address are left to Ray.
    """
    host, _, port = (address or "").rpartition(":")
    if host and port.isdigit() and "/" not in host:
        socket.create_connection((host, int(port)), CONNECT_PATIENCE_S).close()


def _on_connection(method: Any) -> Any:  # noqa: ANN401 - as `_ray`.
    """An actor's method as a call on the threads of its connection: the others are taken by the work."""
    return method.options(concurrency_group=CONNECTION)


def _ray() -> Any:  # noqa: ANN401 - ray is an extra without types that mypy could follow.
    try:
        import ray
        import ray.exceptions
    except ImportError as error:
        raise SettingsError("the ray engine needs Ray, which is not installed; pip install 'nsbench[ray]'") from error
    return ray

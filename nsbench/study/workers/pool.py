"""Who carries assignments out: the seam between what is to be done and the processes that do it.

`nsbench.study.workers.process_pool` is the pool of one machine. That of a cluster is another class with these methods,
whose workers run `nsbench.study.workers.worker.serve` at the end of a connection of its own
(`nsbench.study.workers.connection.Connection`).
"""

from collections.abc import Callable
from typing import Protocol

from nsbench.study.workers.job import Assignment, Outcome

RunCloser = Callable[[str, Outcome], None]
"""Ends the run of an id, as told, when its own process can't do it any more."""

WORKER_LOST = "its worker was lost"
"""How the reason of a run begins whose worker died under a living coordinator; what is known of the cause follows."""


class WorkerPool(Protocol):
    """Workers that each do one assignment at a time.

    It passes every report of a worker to the worker's assignment and sends it the directive that comes back. A worker that is
    gone without an outcome gets one: what was settled before it went, else "interrupted" while the pool is being stopped, else
    "lost".
    """

    @property
    def n_free(self) -> int:
        """Workers without an assignment."""

    @property
    def n_busy(self) -> int:
        """Workers with an assignment."""

    def start(self, assignment: Assignment) -> None:
        """Gives a free worker an assignment."""

    def receive(self, timeout_s: float, close_run: RunCloser) -> None:
        """Waits for reports, passes them to their assignments, and sends directives back.

        Args:
            timeout_s: How long to wait for the first one.
            close_run: Ends the runs of workers that are gone.
        """

    def stop(self, close_run: RunCloser) -> None:
        """Sends every run the directive to stop and waits until all have ended; interrupted itself, it ends them by force."""

"""Who carries assignments out: the seam between what is to be done and the processes that do it.

`nsbench.study.workers.process_pool` is the crew of one machine. An engine for a cluster is another class with these methods,
whose workers run `nsbench.study.workers.worker.serve` at the end of a wire of its own
(`nsbench.study.workers.connection.Wire`).
"""

from collections.abc import Callable
from typing import Protocol

from nsbench.study.workers.job import Assignment, Ending

RunCloser = Callable[[str, Ending], None]
"""Ends the run of an id, as told, when its own process can't do it any more."""

WORKER_LOST = "its worker was lost"
"""How the reason of a run begins whose worker died under a living leader; what is known of the cause follows."""


class Crew(Protocol):
    """Workers that each do one assignment at a time.

    It passes every report of a worker to the worker's assignment and answers what that says. A worker that is gone without an
    ending gets one: what was settled before it went, else "interrupted" while the crew is being stopped, else "lost".
    """

    @property
    def n_free(self) -> int:
        """Workers without an assignment."""

    @property
    def n_busy(self) -> int:
        """Workers with an assignment."""

    def start(self, assignment: Assignment) -> None:
        """Gives a free worker an assignment."""

    def listen(self, timeout_s: float, close_run: RunCloser) -> None:
        """Waits for reports, passes them to their assignments, and answers.

        Args:
            timeout_s: How long to wait for the first one.
            close_run: Ends the runs of workers that are gone.
        """

    def stop(self, close_run: RunCloser) -> None:
        """Tells every run to stop and waits until all have ended; interrupted itself, it ends them by force."""

"""Keeps a pool of workers busy with what studies and lists of runs have to do."""

import logging
from collections.abc import Sequence
from typing import Protocol

from nsbench.study.workers.job import JobSource, Outcome
from nsbench.study.workers.pool import WorkerPool

_TICK_S = 0.5

_log = logging.getLogger(__name__)


class Viewer(Protocol):
    """Who looks on."""

    def show(self, sources: Sequence[JobSource]) -> None:
        """How things stand; called about twice per second."""


class Caretaker(Protocol):
    """Who looks after the runs."""

    def poll(self) -> None:
        """Does what has to be done now and then; called about twice per second."""

    def close_run(self, run_id: str, outcome: Outcome) -> None:
        """Ends a run whose process can't do it any more."""


def work(pool: WorkerPool, sources: Sequence[JobSource], caretaker: Caretaker, viewer: Viewer) -> None:
    """Works until every source is done; earlier sources are served first, and later ones fill what is free.

    Args:
        pool: The workers.
        sources: Where jobs come from.
        caretaker: Who looks after the runs.
        viewer: Who looks on.

    Raises:
        TrainingError: A source gave up because too much failed.
        KeyboardInterrupt: Interrupted; every run has been ended by then.
    """
    try:
        while True:
            for source in sources:
                source.poll()
                _serve(pool, source)
            caretaker.poll()
            viewer.show(sources)
            if not pool.n_busy and all(source.is_done for source in sources):
                return
            pool.receive(_TICK_S, caretaker.close_run)
    except BaseException:
        _log.info("stopping %d runs", pool.n_busy)
        pool.stop(caretaker.close_run)
        viewer.show(sources)
        raise


def _serve(pool: WorkerPool, source: JobSource) -> None:
    while pool.n_free:
        assignment = source.next_assignment(pool.n_free)
        if assignment is None:
            return
        pool.start(assignment)

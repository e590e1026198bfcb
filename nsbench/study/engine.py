"""Keeps a pool of workers busy with what studies and lists of runs have to do."""

import logging
from collections.abc import Sequence
from typing import Protocol

from nsbench.study.job import JobSource
from nsbench.study.pool import RunCloser, WorkerPool

_TICK_S = 0.5

_log = logging.getLogger(__name__)


class Viewer(Protocol):
    """Who looks on."""

    def show(self, sources: Sequence[JobSource]) -> None:
        """How things stand; called about twice a second."""


def work(pool: WorkerPool, sources: Sequence[JobSource], close_run: RunCloser, viewer: Viewer) -> None:
    """Works until every source is done; earlier sources are served first, and later ones fill what is free.

    Args:
        pool: The workers.
        sources: Where jobs come from.
        close_run: Ends the run of a worker that died.
        viewer: Who looks on.

    Raises:
        TrainingError: A source gave up because too much failed.
        KeyboardInterrupt: Interrupted; every run has been ended by then.
    """
    try:
        while True:
            for source in sources:
                _serve(pool, source)
            viewer.show(sources)
            if not pool.n_busy and all(source.is_done for source in sources):
                return
            pool.listen(_TICK_S, close_run)
    except BaseException:
        _log.info("stopping %d runs", pool.n_busy)
        pool.stop(close_run)
        viewer.show(sources)
        raise


def _serve(pool: WorkerPool, source: JobSource) -> None:
    while pool.n_free:
        assignment = source.next_assignment()
        if assignment is None:
            return
        pool.start(assignment)

"""Keeps a crew of workers busy with what studies and lists of runs have to do."""

import logging
from collections.abc import Sequence
from typing import Protocol

from nsbench.study.workers.job import Ending, JobSource
from nsbench.study.workers.pool import Crew

_TICK_S = 0.5

_log = logging.getLogger(__name__)


class Viewer(Protocol):
    """Who looks on."""

    def show(self, sources: Sequence[JobSource]) -> None:
        """How things stand; called about twice a second."""


class Caretaker(Protocol):
    """Who looks after the runs."""

    def keep_up(self) -> None:
        """Does what has to be done now and then; called about twice a second."""

    def close_run(self, run_id: str, ending: Ending) -> None:
        """Ends a run whose process can't do it any more."""


def work(crew: Crew, sources: Sequence[JobSource], caretaker: Caretaker, viewer: Viewer) -> None:
    """Works until every source is done; earlier sources are served first, and later ones fill what is free.

    Args:
        crew: The workers.
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
                source.keep_up()
                _serve(crew, source)
            caretaker.keep_up()
            viewer.show(sources)
            if not crew.n_busy and all(source.is_done for source in sources):
                return
            crew.listen(_TICK_S, caretaker.close_run)
    except BaseException:
        _log.info("stopping %d runs", crew.n_busy)
        crew.stop(caretaker.close_run)
        viewer.show(sources)
        raise


def _serve(crew: Crew, source: JobSource) -> None:
    while crew.n_free:
        assignment = source.next_assignment(crew.n_free)
        if assignment is None:
            return
        crew.start(assignment)

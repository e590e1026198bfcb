"""How far the work is: drawn live in terminals and notebooks as the command line draws it, logged everywhere else."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from nsbench.data.dataset import Dataset
from nsbench.evaluation.cutoff import undecided_warning
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.runs.observer import Observer
from nsbench.study.workers.job import JobSource
from nsbench.view.interruption import Interruption
from nsbench.view.run_observer import ProgressObserver
from nsbench.view.study_view import StudyView, cut_off_notes

logger = logging.getLogger("nsbench")


def study_progress(*, is_shown: bool) -> StudyView:
    """What looks on while studies and repeats go on; use it as a context."""
    return StudyView(say=logger.info, live=is_shown)


def run_progress(n_epochs: int, objective: str, *, is_shown: bool) -> AbstractContextManager[Observer]:
    """What looks on while one run goes on; Ctrl-C ends the run between two steps, a second one at once.

    Args:
        n_epochs: At most.
        objective: The validation metric that is shown, by full name.
        is_shown: Whether it is drawn where that can be done.
    """

    @contextmanager
    def observing() -> Iterator[Observer]:
        with (
            Interruption() as interruption,
            ProgressObserver(
                n_epochs, objective, interruption, fresh="fresh=True", say=logger.info, live=is_shown
            ) as observer,
        ):
            yield observer

    return observing()


def warn_undecided(dataset: Dataset, settings: EvaluationSettings) -> None:
    """Warns where so few items are ranked that a cut-off decides nothing."""
    warning = undecided_warning(dataset, settings)
    if warning:
        logger.warning("%s; settings={'cutoffs': [1, ...]} chooses others", warning)


def warn_cut_off(sources: Sequence[JobSource]) -> None:
    """Warns of runs that ended at their last epoch while they might still have got better."""
    for note in cut_off_notes(sources, "the same call with epochs={}"):
        logger.warning("%s", note)

"""Several trials in the hands of one worker."""

from collections.abc import Sequence
from typing import final

from nsbench.study.trials.trial_assignment import TrialAssignment
from nsbench.study.workers.job import Assignment, TrainJob


@final
class TrialGroup:
    """Trials that are trained side by side; each keeps its own place in the study.

    Args:
        trials: Two or more, whose settings differ in the learning rate only.
    """

    def __init__(self, trials: Sequence[TrialAssignment]) -> None:
        self.observers = tuple(trials)
        jobs = [trial.job for trial in trials]
        self.job = TrainJob(
            jobs[0].dataset,
            jobs[0].settings,
            tuple(job.request for job in jobs),
            tuple(job.settings.training.learning_rate for job in jobs),
        )


def side_by_side(trials: Sequence[TrialAssignment]) -> Assignment:
    """The trials as one assignment; each notes with whom it is tried again, should that be necessary."""
    if len(trials) == 1:
        return trials[0]
    middle = len(trials) // 2
    for number, trial in enumerate(trials):
        half = trials[0] if number < middle else trials[middle]
        trial.join(trials[0].first_number, half.first_number)
    return TrialGroup(trials)

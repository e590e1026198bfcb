"""A trial that was interrupted is tried again, and the new trial goes on where the old one stopped."""

import pytest

from nsbench.runs.experiment import run
from nsbench.runs.observer import Resumed, RunEvent, Stepped, Validated
from nsbench.study.workers.job import Outcome
from nsbench.tracking.tracker import NullTracker
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from tests.study.study_builder import order_of


class Interrupter:
    """Interrupts a run after some looks, and keeps what it saw."""

    def __init__(self, looks: int) -> None:
        self._looks_left = looks
        self.resumed_after: int | None = None
        self.n_steps = 0
        self.epochs: list[int] = []

    def observe(self, event: RunEvent) -> None:
        match event:
            case Resumed(epoch):
                self.resumed_after = epoch
            case Stepped():
                self.n_steps += 1
                if self._looks_left == 0:
                    raise KeyboardInterrupt
            case Validated(epoch):
                self._looks_left -= 1
                self.epochs.append(epoch)


def test_a_trial_that_is_tried_again_goes_on_with_the_checkpoint_of_the_one_before(session, dataset, tmp_path):
    """Interrupted in the first step after the look of epoch 3: the retry takes one step less than the 3 epochs left."""
    tuning = session.tuning(order_of(1, max_epochs=6, patience=0, batch_size=16), dataset)
    checkpoints = Checkpoints(tmp_path)
    first, interrupter = tuning.next_assignment(), Interrupter(looks=3)
    with pytest.raises(KeyboardInterrupt):
        run(first.job.settings, dataset, NullTracker(), first.job.request, interrupter, checkpoints)
    first.ended(Outcome("interrupted", "interrupted"))
    second, again = tuning.next_assignment(), Interrupter(looks=100)
    resumed = run(second.job.settings, dataset, NullTracker(), second.job.request, again, checkpoints)
    assert (second.job.request.trial, again.resumed_after) == (1, 3)
    assert again.epochs == [1, 2, 3, 4, 5, 6]
    assert again.n_steps == (interrupter.n_steps - 1) // 3 * 3 - 1
    whole = run(second.job.settings, dataset, NullTracker(), second.job.request)
    # As text, in which what is not a number equals itself.
    assert str(resumed.validations) == str(whole.validations)
    second.ended(Outcome("failed", "made up"))

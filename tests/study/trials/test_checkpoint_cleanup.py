"""The checkpoint of a trial that has failed is deleted; whoever may go on keeps one."""

import os

import pytest
import torch

from nsbench.runs.preparation import identity_of
from nsbench.study.trials.checkpoint_cleanup import remove_spent
from nsbench.study.workers.job import Outcome
from nsbench.tensors.device import device_name
from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import leading
from nsbench.training.checkpoint.training_checkpoint import CheckpointFile, Checkpoints
from tests.study.study_builder import order_of


def kept(assignment, dataset, home) -> CheckpointFile:
    """A checkpoint of the assignment's training, as its worker writes it."""
    identity = identity_of(
        [assignment.job.settings], dataset, [assignment.job.request], device_name(torch.device("cpu"))
    )
    file = Checkpoints(home.checkpoints).of(identity)
    file.save(Snapshot({"x": leading(torch.arange(3.0))}, "{}"))
    return file


def end_and_look(tuning, assignment, outcome, home) -> None:
    assignment.ended(outcome)
    remove_spent(home, tuning.plan, tuning.study.trials)


LOST = Outcome("orphaned", "its worker was lost: killed")


@pytest.mark.parametrize(
    ("outcome", "is_kept"),
    [
        (Outcome("failed", "out of memory"), False),
        (Outcome("interrupted", "interrupted"), True),
        (LOST, True),
    ],
)
def test_only_a_trial_that_is_tried_again_keeps_its_checkpoint(session, dataset, home, outcome, is_kept):
    tuning = session.tuning(order_of(1, n_negatives=41), dataset)
    first = tuning.next_assignment()
    file = kept(first, dataset, home)
    end_and_look(tuning, first, outcome, home)
    assert file.path.exists() == is_kept
    file.remove()


def test_a_point_that_is_given_up_leaves_nothing_when_its_last_attempt_is_lost(session, dataset, home):
    """The command looks by itself, every few seconds and at its start."""
    tuning = session.tuning(order_of(1, n_negatives=42), dataset)
    file = kept(assignment := tuning.next_assignment(), dataset, home)
    for _ in range(2):
        assignment.ended(LOST)
        assignment = tuning.next_assignment()
    assert file.path.exists()
    assignment.ended(LOST)
    session.tuning(order_of(1, name=tuning.title, n_negatives=42), dataset).poll()
    assert not file.path.exists()


def test_a_checkpoint_that_was_written_after_the_trials_end_is_another_trainings(session, dataset, home):
    tuning = session.tuning(order_of(1, n_negatives=43), dataset)
    first = tuning.next_assignment()
    file = kept(first, dataset, home)
    first.ended(Outcome("failed", "out of memory"))
    later = tuning.study.trials[0].datetime_complete.timestamp() + 1
    os.utime(file.path, (later, later))
    remove_spent(home, tuning.plan, tuning.study.trials)
    assert file.path.exists()
    file.remove()


def test_a_trial_whose_settings_do_not_go_together_had_no_checkpoint(session, dataset, home):
    home.checkpoints.mkdir(exist_ok=True)
    tuning = session.tuning(order_of(1, n_negatives=44), dataset)
    tuning.next_assignment().ended(Outcome("failed", "odd"))
    trial = tuning.study.trials[0]
    trial.params["n_negatives"] = -1
    remove_spent(home, tuning.plan, [trial])

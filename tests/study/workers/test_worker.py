"""What a worker says of a job that failed."""

import pytest

from nsbench.config import Settings
from nsbench.errors import NonFiniteLoss, OutOfMemory, StorageError
from nsbench.runs.request import RunRequest
from nsbench.study.workers.job import Outcome, TrainJob
from nsbench.study.workers.worker import _carry_out
from nsbench.terms import RunKind


class BrokenContext:
    """Has no dataset, for a reason."""

    def __init__(self, error):
        self._error = error

    def dataset(self, name):
        raise self._error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (OutOfMemory("out of memory; take less"), Outcome("failed", "out of memory; take less", may_do_apart=True)),
        (NonFiniteLoss("the loss is nan"), Outcome("failed", "the loss is nan", may_do_apart=True)),
        (MemoryError(), Outcome("failed", "out of memory", may_do_apart=True)),
        (StorageError("the disk is full"), Outcome("failed", "the disk is full")),
        (ValueError("odd"), Outcome("failed", "ValueError: odd")),
    ],
)
def test_runs_may_do_better_apart_where_memory_or_a_loss_ended_them(error, outcome):
    job = TrainJob("small", Settings.of("random"), (RunRequest(RunKind.REPEAT, 0), RunRequest(RunKind.REPEAT, 1)))
    assert _carry_out(job, BrokenContext(error), None) == outcome

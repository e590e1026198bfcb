"""A training of two processes: one validation for both, and one end."""

from pathlib import Path

import pytest
import torch

from tests.training.distributed.processes import N_PROCESSES, run_distributed
from tests.training.distributed.training_run import STOPPED_AFTER, Seen


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both processes saw."""
    folder = tmp_path_factory.mktemp("distributed")
    run_distributed("tests.training.distributed.training_run", folder)
    return folder


def seen(folder: Path, where: str) -> list[Seen]:
    return [torch.load(folder / f"{where}-{rank}.pt", weights_only=False) for rank in range(N_PROCESSES)]


@pytest.mark.parametrize("where", ["copied", "sharded"])
def test_both_processes_have_the_looks_of_the_first(folder: Path, where: str) -> None:
    first, second = seen(folder, where)
    assert len(first.validations) == 4
    assert first.validations == second.validations


@pytest.mark.parametrize("where", ["copied", "sharded"])
def test_a_training_that_one_process_stops_goes_on_in_both_and_ends_as_one_that_was_not_stopped(
    folder: Path, where: str
) -> None:
    """Only the second process is told to stop: both do, after the same step, and take the 8 - 5 steps that are left."""
    for one in seen(folder, where):
        assert one.n_steps_until_stopped == STOPPED_AFTER
        assert one.n_steps_left == 8 - STOPPED_AFTER
        assert torch.equal(one.resumed_items, one.items)
        assert one.resumed_validations == one.validations


@pytest.mark.parametrize("where", ["copied", "sharded"])
def test_an_error_of_the_first_process_ends_the_other_with_a_word_about_it(folder: Path, where: str) -> None:
    first, second = seen(folder, where)
    assert first.failure == "OSError: the disk is full"
    assert second.failure.startswith("PeerLost: process 0 of 2 stopped with OSError")

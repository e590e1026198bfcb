"""Two processes take the steps that one process takes on the joined batch."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from nsbench.tensors.process_group import ALONE
from tests.training.distributed.processes import N_PROCESSES, run_distributed
from tests.training.distributed.step_run import CASES, Where, trained

Found = dict[str, tuple[Tensor, Tensor, Tensor]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both processes leave of every case."""
    folder = tmp_path_factory.mktemp("distributed")
    run_distributed("tests.training.distributed.step_run", folder)
    return folder


def found_by(folder: Path, case: str, rank: int) -> Found:
    found: Found = torch.load(folder / f"{case}-{rank}.pt")
    return found


@pytest.mark.parametrize("where", ["copied", "sharded"])
@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_as_one_does_on_the_joined_batch(folder: Path, case: str, where: Where) -> None:
    """Losses of each step to 1e-6, all parameters after three steps to 1e-5, dropout included."""
    losses, model = trained(CASES[case], "copied", ALONE)
    both_losses, dense, items = found_by(folder, case, 0)[where]
    assert torch.allclose(both_losses, losses, rtol=0, atol=1e-6)
    assert torch.allclose(dense, model.dense, rtol=0, atol=1e-5)
    assert torch.allclose(items, model.items, rtol=0, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_the_processes_agree_bit_for_bit(folder: Path, case: str) -> None:
    first, second = (found_by(folder, case, rank) for rank in range(N_PROCESSES))
    for mine, other in zip(first["copied"], second["copied"], strict=True):
        assert torch.equal(mine, other)
    for mine, other in zip(first["shard"][:2], second["shard"][:2], strict=True):
        assert torch.equal(mine, other)


@pytest.mark.parametrize("case", CASES)
def test_a_process_holds_every_second_item_of_a_sharded_table(folder: Path, case: str) -> None:
    """Ids 0..40 are 41 rows: process 0 holds 0, 2, .., 40, process 1 the 20 odd ones and a row of zeros."""
    for rank in range(N_PROCESSES):
        shard = found_by(folder, case, rank)["shard"][2]
        whole = found_by(folder, case, 0)["sharded"][2]
        own = whole[:, rank::N_PROCESSES]
        assert shard.shape[1] == 21
        assert torch.equal(shard[:, : own.shape[1]], own)
        assert not shard[:, own.shape[1] :].any()


@pytest.mark.parametrize("where", ["copied", "sharded"])
def test_a_table_trained_by_one_process_alone_is_the_same_wherever_it_lies(where: Where) -> None:
    """One process's shard is the whole table, so the sharded one is that of the copied one to 1e-7."""
    losses, model = trained(CASES["batch"], "copied", ALONE)
    other_losses, other = trained(CASES["batch"], where, ALONE)
    assert torch.allclose(losses, other_losses, rtol=0, atol=1e-7)
    assert torch.allclose(model.items, other.items, rtol=0, atol=1e-7)

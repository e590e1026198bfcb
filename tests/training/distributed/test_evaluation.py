"""Two processes that rank together find what one finds alone, and with a sharded table none of them ever holds it whole."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nsbench.evaluation import candidate, model_scorer
from nsbench.evaluation.evaluate import Evaluation
from nsbench.tensors.process_group import ALONE
from nsbench.training.checkpoint.model_file import load_model
from nsbench.training.distributed import sharded_table
from tests.training.distributed.evaluation_run import (
    MODELLED,
    PROTOCOLS,
    SPARSE_DIM,
    SPARSE_ITEMS,
    WHERE,
    Run,
    modelled,
    tied,
    whole_run,
)
from tests.training.distributed.processes import N_PROCESSES, run_distributed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What both processes found."""
    folder = tmp_path_factory.mktemp("distributed")
    run_distributed("tests.training.distributed.evaluation_run", folder)
    return folder


@pytest.fixture(autouse=True)
def blocks_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Undoes what `in_small_blocks` does here."""
    for module, name in (
        (candidate, "MIN_ROWS"),
        (candidate, "HOST_BLOCK_BYTES"),
        (model_scorer, "POSITIONS_PER_STEP"),
        (sharded_table, "MOVED_ROWS"),
    ):
        monkeypatch.setattr(module, name, getattr(module, name))


def found(folder: Path, where: str, rank: int) -> dict[str, Any]:
    of_where: dict[str, Any] = torch.load(folder / f"{where}-{rank}.pt", weights_only=False)
    return of_where


def assert_same(mine: Evaluation, other: Evaluation) -> None:
    assert np.array_equal(mine.ranks.ranks, other.ranks.ranks)
    assert np.array_equal(mine.ranks.cohorts, other.ranks.cohorts)
    assert mine.metrics == pytest.approx(dict(other.metrics), rel=0, abs=0, nan_ok=True)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("where", WHERE)
def test_ranks_among_many_ties_are_those_of_one_process(folder: Path, where: str, protocol: str) -> None:
    """Products of whole numbers, exact in any shape: ranks and metrics are equal to the last bit, in both processes."""
    alone = tied(protocol, "copied", ALONE)
    for rank in range(N_PROCESSES):
        assert_same(found(folder, where, rank)["tied"][protocol], alone)


@pytest.mark.parametrize("protocol", MODELLED)
@pytest.mark.parametrize("where", WHERE)
def test_a_models_ranks_and_what_it_shows_are_those_of_one_process(folder: Path, where: str, protocol: str) -> None:
    """No two scores are close here, so that rounding, which may depend on a product's shape, changes no order."""
    alone = modelled(protocol, "copied", ALONE)
    for rank in range(N_PROCESSES):
        assert_same(found(folder, where, rank)["modelled"][protocol], alone)


def test_no_process_ever_holds_a_sharded_table_whole(folder: Path) -> None:
    """From the first parameters to the written model: at most a shard and a row, where a copied table is there whole."""
    whole = (SPARSE_ITEMS + 1) * SPARSE_DIM
    for rank in range(N_PROCESSES):
        sharded, copied = (found(folder, where, rank)["run"].largest for where in ("sharded", "copied"))
        assert sharded <= whole / N_PROCESSES + SPARSE_DIM
        assert copied >= whole


@pytest.mark.parametrize("where", WHERE)
def test_a_run_of_two_processes_ends_with_the_ranks_and_the_model_of_one(
    folder: Path, where: str, tmp_path: Path
) -> None:
    """Parameters to 1e-6 after two epochs; 40 test targets among 3,000 items, of which most have never moved."""
    both: Run = found(folder, where, 0)["run"]
    alone = whole_run("copied", tmp_path / "alone.safetensors")
    assert both.record.ranks is not None
    assert alone.record.ranks is not None
    assert np.array_equal(both.record.ranks.ranks, alone.record.ranks.ranks)
    assert both.record.best_epoch == alone.record.best_epoch
    written, expected = load_model(folder / f"{where}.safetensors"), load_model(tmp_path / "alone.safetensors")
    assert written.settings == expected.settings
    assert torch.allclose(written.items, expected.items, rtol=0, atol=1e-6)
    assert torch.allclose(written.dense, expected.dense, rtol=0, atol=1e-6)


@pytest.mark.parametrize("where", WHERE)
def test_a_runs_cpu_time_is_that_of_both_processes(folder: Path, where: str) -> None:
    """One takes 1.25 s and the other 2.5 s; each of them knows the sum."""
    assert [found(folder, where, rank)["run"].record.cost.train_cpu_s for rank in range(N_PROCESSES)] == [3.75, 3.75]


def test_a_process_that_dies_while_both_rank_ends_the_other_with_a_word_about_it(tmp_path: Path) -> None:
    """The second process is killed in the middle of the first validation; the first one ends by itself, and says why."""
    run_distributed("tests.training.distributed.fault_run", tmp_path, ends=(0, -signal.SIGKILL))
    told = (tmp_path / "told").read_text()
    assert told.startswith("PeerLost: process 0 of 2 can't reach the others (")
    assert told.endswith(
        "the message of the first one to stop says why, and the same command goes on from the last checkpoint"
    )

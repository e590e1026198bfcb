"""What several processes find when they evaluate together, and what one finds alone; each leaves it in a file."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from nsbench.config import Settings
from nsbench.data.dataset import Histories
from nsbench.evaluation import candidate, model_scorer
from nsbench.evaluation.evaluate import Evaluation, evaluate
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.evaluation.shard import EvaluationShard
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.tensors.process_group import ProcessGroup
from nsbench.terms import RunKind
from nsbench.tracking.record import RunRecord
from nsbench.tracking.tracker import NullTracker
from nsbench.training.distributed import sharded_table
from nsbench.training.distributed.table_placement import placement_of
from nsbench.training.distributed.torch_group import torchrun_group
from nsbench.training.progress import Counts
from nsbench.training.stopwatch import Stopwatch
from tests.builder import dataset_of
from tests.evaluation.test_ranking import random_log
from tests.training.distributed.step_run import Where

N_ITEMS = 30
WHERE: tuple[Where, ...] = ("copied", "sharded")
PROTOCOLS = {
    f"{mode}/{seen}/{cold}/{ties}": EvaluationSettings(targets=mode, seen_items=seen, cold_items=cold, ties=ties)  # type: ignore[arg-type]
    for mode, seen, cold, ties in itertools.product(
        ("rolling", "frozen", "last"), ("exclude", "keep"), ("separate", "tail"), ("mean", "optimistic")
    )
}
MODELLED = list(PROTOCOLS)[::7]
"""Protocols that a model is evaluated by: with each value of each setting."""

CPU_S = (1.25, 2.5)
"""What a training takes of each process."""

SPARSE_ITEMS = 3_000
SPARSE_DIM = 16


def in_small_blocks(n_rows: int, n_scores: int) -> None:
    """Cuts everything small, so that a handful of histories makes several chunks and stretches for each process."""
    candidate.MIN_ROWS = n_rows
    candidate.HOST_BLOCK_BYTES = 4 * n_scores
    model_scorer.POSITIONS_PER_STEP = 20
    sharded_table.MOVED_ROWS = 640


@final
class WholeNumberScorer:
    """Scores by products of whole numbers, exact whatever the shape of the product, with many ties, also between shards."""

    def __init__(self, shard: EvaluationShard) -> None:
        self.shard = shard
        table = torch.randint(-2, 3, (N_ITEMS + 1, 4), generator=torch.Generator().manual_seed(0)).float()
        self._table = table
        self._own = table[shard.owners.rank :: shard.owners.size]

    def encode(self, histories: Histories) -> Tensor:
        return self._table[torch.from_numpy(histories.item_ids[histories.end - 1]).long()]

    def score(self, states: Tensor, first: int, end: int) -> Tensor:
        return states @ self._own[first:end].T


def tied(protocol: str, where: Where, group: ProcessGroup) -> Evaluation:
    """What is found with many ties."""
    in_small_blocks(32, 32 * 9)
    shard = EvaluationShard(group, placement_of(where, group).owners)
    return evaluate(WholeNumberScorer(shard), random_log(1), "test", PROTOCOLS[protocol])


def modelled(protocol: str, where: Where, group: ProcessGroup) -> Evaluation:
    """What is found with a model, exposure included."""
    in_small_blocks(32, 32 * 9)
    placement = placement_of(where, group)
    size = SasrecSettings(hidden_dim=8, n_blocks=2, max_length=6)
    model = placement.initial_model(size, N_ITEMS, [torch.Generator().manual_seed(0)])
    scorer = ModelScorer(model, EvaluationShard(group, placement.owners), placement.look_up)
    return evaluate(scorer, random_log(1), "test", PROTOCOLS[protocol], with_exposure=True)


class LargestTensor(TorchDispatchMode):
    """Sees every tensor that torch makes while it is a context.

    Attributes:
        n_numbers: In the largest one.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.n_numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):  # type: ignore[no-untyped-def]
        made = func(*args, **(kwargs or {}))
        for tensor in made if isinstance(made, tuple | list) else (made,):
            if isinstance(tensor, Tensor):
                self.n_numbers = max(self.n_numbers, tensor.numel())
        return made


@dataclass
class Run:
    """What a whole run came to.

    Attributes:
        record: Of the run.
        largest: Numbers in the largest tensor that there ever was.
    """

    record: RunRecord
    largest: int


def whole_run(where: Where, checkpoint: Path | None) -> Run:
    """Trains, validates, ranks the test interactions and writes the model, of a catalogue larger than all else."""
    rng = np.random.default_rng(0)
    later = rng.integers(1, SPARSE_ITEMS + 1, (20, 3)).tolist()
    log = dataset_of([[1, 2, 3, 4, 5]] * 20, [row[:1] for row in later], [row[1:] for row in later], SPARSE_ITEMS)
    settings = Settings.of(
        "random",
        {
            "item_table": where,
            "item_optimizer": "row-wise",
            "hidden_dim": SPARSE_DIM,
            "n_blocks": 1,
            "max_length": 4,
            "batch_size": 10,
            "n_negatives": 3,
            "max_epochs": 2,
            "validate_every": 1,
            "cold_items": "tail",
        },
    )
    in_small_blocks(16, 16 * 500)
    with LargestTensor() as largest:
        record = run(settings, log, NullTracker(), RunRequest(RunKind.SINGLE, seed=0, checkpoint=checkpoint))
    return Run(record, largest.n_numbers)


def say_cpu_time(cpu_s: float) -> None:
    """Has every training of this process take that much CPU time."""

    def lap(_: Stopwatch, counts: Counts) -> None:
        counts.cpu_s = cpu_s

    Stopwatch.lap = lap  # type: ignore[method-assign]


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with torchrun_group() as group:
        say_cpu_time(CPU_S[group.rank])
        for where in WHERE:
            found = {
                "tied": {protocol: tied(protocol, where, group) for protocol in PROTOCOLS},
                "modelled": {protocol: modelled(protocol, where, group) for protocol in MODELLED},
                "run": whole_run(where, folder / f"{where}.safetensors" if group.rank == 0 else None),
            }
            torch.save(found, folder / f"{where}-{group.rank}.pt")

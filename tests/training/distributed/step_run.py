"""A few steps of several processes together; each process leaves its losses and parameters in a file."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from nsbench.batching.batch import BatchSampler
from nsbench.batching.window import windows_of
from nsbench.data.dataset import Dataset
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.models.model import Model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers import SAMPLERS
from nsbench.tensors.process_group import ProcessGroup
from nsbench.training.batch_stream import BatchStream, states_of
from nsbench.training.distributed.sharded_table import joined_rows
from nsbench.training.distributed.table_placement import placement_of
from nsbench.training.distributed.torch_group import torchrun_group
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.replica_steps import laid_out
from nsbench.training.steps.step import Stepper
from tests.builder import dataset_of
from tests.samplers.log import CPU, context_of

N_STEPS = 3

Where = Literal["copied", "sharded"]


@dataclass(frozen=True)
class Case:
    """What is trained, by whatever number of processes."""

    sampler: str
    sampler_settings: Mapping[str, object] = field(default_factory=dict)
    training: Mapping[str, object] = field(default_factory=dict)
    n_heads: int = 1
    attention_output: bool = True
    unselected: Literal["drop", "zero"] = "drop"
    seeds: tuple[int, ...] = (0,)


CASES = {
    "random": Case("random", {"n_negatives": 7}),
    "batch": Case("batch", {"n_negatives": 12}),
    "adaptive-mixed": Case("adaptive-mixed", {"n_in_batch": 8, "n_uniform": 9, "n_hardest": 4}),
    "masks that differ by position": Case("cohort", {"n_negatives": 9}),
    "negatives that a batch shares": Case("random", {"n_negatives": 7, "negative_sharing": "batch"}),
    "negatives that a group shares": Case("mixed", {"n_in_batch": 5, "n_uniform": 4, "negative_sharing": "group"}),
    "trained padding beside a group's negatives": Case(
        "random", {"n_negatives": 7, "negative_sharing": "group"}, {"padding": "trained"}
    ),
    "negatives that a group shares, in replicas": Case(
        "adaptive-mixed", {"n_in_batch": 8, "n_uniform": 9, "n_hardest": 4, "negative_sharing": "group"}, seeds=(0, 1)
    ),
    "a group of one user": Case("cohort", {"n_negatives": 9, "negative_sharing": "group"}, {"batch_size": 59}),
    "only the step's rows move": Case("random", {"n_negatives": 7}, {"item_optimizer": "row-wise"}),
    "trained padding": Case("random", {"n_negatives": 7}, {"padding": "trained"}),
    # 60 users: the second step has one, and nothing for the second process.
    "a batch of one user": Case("batch", {"n_negatives": 12}, {"batch_size": 59}),
    "as published": Case(
        "adaptive-mixed",
        {"n_in_batch": 8, "n_uniform": 9, "n_hardest": 4, "hardest_ties": "first", "exclude_history": "published"},
        {
            "padding": "trained",
            "item_optimizer": "dense",
            "adam_epsilon": "before_correction",
        },
        attention_output=False,
        unselected="zero",
    ),
    "by the positive's score": Case("ahns", {"n_negatives": 12, "n_nearest": 2}),
    "selected at random": Case("bir", {"n_negatives": 12, "n_resampled": 4}),
    "selected at random by groups, in replicas": Case(
        "bir", {"n_negatives": 12, "n_resampled": 4, "negative_sharing": "group"}, seeds=(0, 1)
    ),
    "selected at random from a cache": Case(
        "xir", {"n_negatives": 12, "n_resampled": 6, "cache_size": 9}, seeds=(0, 1)
    ),
    "a cache that a group shares": Case("xir", {"n_negatives": 12, "n_resampled": 6, "negative_sharing": "group"}),
    "probabilities by the losses": Case("adaptive-cohort", {"n_negatives": 9, "cohort_step_size": 0.1}, seeds=(0, 1)),
    "a queue": Case("cross-batch", {"n_negatives": 12, "n_batches_kept": 2}, seeds=(0, 1)),
    "replicas": Case("mixed", {"n_in_batch": 8, "n_uniform": 9}, n_heads=2, seeds=(0, 1)),
}


def ragged_log() -> Dataset:
    """60 users with histories of 2 to 12 of 40 items."""
    rng = np.random.default_rng(3)
    rows = [[1, *range(2, 2 + int(n))] for n in rng.integers(1, 12, size=60)]
    return dataset_of(rows, test=[[40]], n_items=40)


def trained(case: Case, where: Where, group: ProcessGroup) -> tuple[Tensor, Model]:
    """[N_STEPS, replicas] losses and the model, with the process's part of the item table."""
    log = ragged_log()
    size = SasrecSettings(
        hidden_dim=8,
        n_blocks=2,
        n_heads=case.n_heads,
        attention_output=case.attention_output,
        max_length=6,
        dropout_rate=0.3,
    )
    settings = TrainingSettings.model_validate({"batch_size": 31, "item_table": where, **case.training})
    batches = BatchSampler(log, windows_of(log, size.max_length), settings.batch_size, CPU)
    sampler = SAMPLERS[case.sampler].model_validate(case.sampler_settings).build(context_of(log))
    streams = [[torch.Generator().manual_seed(100 * stream + seed) for seed in case.seeds] for stream in range(2)]
    placement = placement_of(settings.item_table, group)
    model = placement.initial_model(size, log.n_items, streams[0])
    rates = [1e-3 * (1 + seed) for seed in case.seeds]
    loss = BinaryCrossEntropy(unselected=case.unselected)
    stepper = Stepper(model, sampler, loss, settings, rates, streams[1], placement)
    sources = [BatchStream(batches, sampler, seed, CPU) for seed in case.seeds]
    draws = zip(*(itertools.chain(source.epoch(), source.epoch()) for source in sources), strict=True)
    losses = [stepper.step(*laid_out(step), states_of(step)) for step in itertools.islice(draws, N_STEPS)]
    return torch.stack(losses), model


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with torchrun_group() as group:
        for name, case in CASES.items():
            losses, copied = trained(case, "copied", group)
            sharded_losses, shard = trained(case, "sharded", group)
            rows = [list(joined_rows(own, ragged_log().n_items + 1, group)) for own in shard.items]
            whole = torch.stack([torch.cat(stretches) for stretches in rows])
            found = {
                "copied": (losses, copied.dense, copied.items),
                "sharded": (sharded_losses, shard.dense, whole),
                "shard": (sharded_losses, shard.dense, shard.items),
            }
            torch.save(found, folder / f"{name}-{group.rank}.pt")

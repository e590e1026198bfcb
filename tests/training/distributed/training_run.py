"""Whole trainings of two processes, stopped by one of them and gone on with; each leaves what it saw in a file."""

import contextlib
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nsbench.errors import NsbenchError
from nsbench.training.checkpoint.training_checkpoint import Checkpoints
from nsbench.training.distributed.torch_group import torchrun_group
from nsbench.training.event import Validated
from nsbench.training.progress import Replica, Validation
from tests.training.checkpoint.test_training_checkpoint import IDENTITY, Stopper, trained, trainer_of

STOPPED_AFTER = 5


@dataclass
class Seen:
    """What a process saw of the trainings of one placement."""

    items: Tensor
    resumed_items: Tensor
    n_steps_until_stopped: int
    n_steps_left: int
    validations: list[Validation]
    resumed_validations: list[Validation]
    failure: str


class Failing(Stopper):
    """An observer that can't take its first validation in."""

    def validated(self, replica: int, event: Validated) -> None:
        raise OSError("the disk is full")


def seen_of(where: str, rank: int, folder: Path) -> Seen:
    replicas = [Replica(0, 1e-2)]
    whole = trained(trainer_of("adaptive-mixed", item_table=where), replicas, Stopper())
    checkpoint = Checkpoints(folder / f"{where}-{rank}").of(IDENTITY)
    stopped = Stopper(after=STOPPED_AFTER if rank == 1 else None)
    with contextlib.suppress(KeyboardInterrupt):
        trained(trainer_of("adaptive-mixed", item_table=where), replicas, stopped, checkpoint)
    going_on = Stopper()
    resumed = trained(trainer_of("adaptive-mixed", item_table=where), replicas, going_on, checkpoint)
    failure = ""
    try:
        trained(trainer_of("adaptive-mixed", item_table=where), replicas, Failing())
    except (OSError, NsbenchError) as error:
        failure = f"{type(error).__name__}: {error}"
    return Seen(
        whole.model.items,
        resumed.model.items,
        stopped.n_steps,
        going_on.n_steps,
        list(whole.validations[0]),
        list(resumed.validations[0]),
        failure,
    )


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with torchrun_group() as group:
        for where in ("copied", "sharded"):
            torch.save(seen_of(where, group.rank, folder), folder / f"{where}-{group.rank}.pt")

"""The processes of one training that torchrun started: what they share, and what all but the first do."""

from pathlib import Path
from typing import TYPE_CHECKING

from nsbench.errors import DatasetError
from nsbench.files.home import Home
from nsbench.view.interruption import Interruption

if TYPE_CHECKING:
    from nsbench.config import Settings
    from nsbench.data.dataset import Dataset
    from nsbench.tensors.process_group import ProcessGroup
    from nsbench.training.checkpoint.training_checkpoint import Checkpoints


def open_together(name: str, home: Home, group: "ProcessGroup") -> "Dataset":
    """The dataset of that name, opened by process 0 first, since a built-in one is made then.

    Raises:
        DatasetError: There is no such dataset, or another one than process 0's under this process's NSBENCH_HOME.
        PeerLost: In the others, where process 0 has none.
    """
    from nsbench.data.opening import open_dataset
    from nsbench.tensors.process_group import from_first

    wanted = from_first(group, lambda: open_dataset(name, home).card.content_hash)
    dataset = open_dataset(name, home)
    if dataset.card.content_hash != wanted:
        raise DatasetError(
            f"dataset {name} is {dataset.card.content_hash} in process {group.rank} and {wanted} in process 0; give all "
            f"processes the same NSBENCH_HOME, or copies of the same dataset (here it is {home.root})"
        )
    return dataset


def checkpoint_root(home: Home, group: "ProcessGroup") -> Path:
    """Where a process keeps unfinished trainings; a training goes on with as many processes as it began with."""
    if group.size == 1:
        return home.checkpoints
    return home.checkpoints / f"process-{group.rank}-of-{group.size}"


def follow(settings: "Settings", dataset: "Dataset", seed: int, checkpoints: "Checkpoints") -> None:
    """Trains and ranks beside process 0, which tracks, prints and writes for all."""
    from nsbench.objective import default_objective
    from nsbench.runs.experiment import run
    from nsbench.runs.request import RunRequest
    from nsbench.terms import RunKind
    from nsbench.tracking.tracker import NullTracker
    from nsbench.view.run_observer import InterruptionObserver

    request = RunRequest(RunKind.SINGLE, seed, objective=default_objective(settings.evaluation.cutoffs))
    with Interruption() as interruption:
        run(settings, dataset, NullTracker(), request, InterruptionObserver(interruption), checkpoints)

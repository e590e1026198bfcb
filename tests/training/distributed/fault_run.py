"""A run of two processes of which the second one dies while both rank; the first one leaves what it was told in a file."""

import itertools
import os
import signal
from pathlib import Path

import torch
from torch import Tensor

from nsbench.errors import NsbenchError
from nsbench.evaluation.model_scorer import ModelScorer
from nsbench.training.distributed.torch_group import torchrun_group
from tests.training.distributed.evaluation_run import whole_run

SCORES_UNTIL_DEATH = 3


def kill_while_scoring() -> None:
    """Has this process die after some scores."""
    score, calls = ModelScorer.score, itertools.count()

    def dying(scorer: ModelScorer, states: Tensor, first: int, end: int) -> Tensor:
        if next(calls) == SCORES_UNTIL_DEATH:
            os.kill(os.getpid(), signal.SIGKILL)
        return score(scorer, states, first, end)

    ModelScorer.score = dying  # type: ignore[assignment, method-assign]


def main(folder: Path) -> None:
    torch.set_num_threads(1)
    with torchrun_group() as group:
        if group.rank == 1:
            kill_while_scoring()
        try:
            whole_run("sharded", None)
        except NsbenchError as error:
            (folder / "told").write_text(f"{type(error).__name__}: {error}")
            # Gloo's own threads, whose peer is gone, now and then abort an interpreter that ends.
            os._exit(0)

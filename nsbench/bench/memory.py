"""The memory that a training takes: a real one's first steps, and a ranking."""

from collections.abc import Mapping
from contextlib import suppress

import torch
from torch import Tensor

from nsbench.bench.evaluation import evaluation_contestant
from nsbench.bench.slice import Span
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.device import peak_memory_bytes
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.runs.watcher import Pruned
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker

_STEPS = 10


def memory_of_training(settings: Settings, dataset: Dataset, device: torch.device) -> int:
    """The most bytes that this process has held after a few steps and a ranking; call it before others allocate."""
    with suppress(Pruned):
        run(settings, dataset, NullTracker(), RunRequest(RunKind.SINGLE, seed=0, rank_test=False), _EarlyEnd())
    evaluation_contestant(settings.model, dataset, device).run(Span(0.0, "wall"))
    return peak_memory_bytes(device)


class _EarlyEnd:
    """Ends a run after some steps."""

    def __init__(self) -> None:
        self._n_steps = 0

    def on_start(self, run_id: str | None) -> None:
        """Training is about to begin."""

    def on_resume(self, epoch: int) -> None:
        """Never happens: nothing is kept."""

    def on_step(self, n_positives: int, loss: Tensor) -> None:
        """Counts."""
        self._n_steps += 1
        if self._n_steps >= _STEPS:
            raise Pruned("enough steps")

    def on_validation(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Comes only where an epoch has fewer steps."""

    def on_end(self, error: Exception) -> None:
        """Never happens: there is one run."""

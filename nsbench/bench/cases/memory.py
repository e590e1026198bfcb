"""The memory that a training takes: a real one's first steps, and a ranking."""

from contextlib import suppress

import torch

from nsbench.bench.cases.evaluation import evaluation_case
from nsbench.bench.measuring.slice import Span
from nsbench.config import Settings
from nsbench.data.dataset import Dataset
from nsbench.runs.experiment import run
from nsbench.runs.observer import Pruned, RunEvent, Stepped
from nsbench.runs.request import RunRequest
from nsbench.tensors.device import peak_memory_bytes
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker

_STEPS = 10


def memory_of_training(settings: Settings, dataset: Dataset, device: torch.device) -> int:
    """The most bytes that this process has held after a few steps and a ranking; call it before others allocate."""
    with suppress(Pruned):
        run(settings, dataset, NullTracker(), RunRequest(RunKind.SINGLE, seed=0, rank_test=False), _EarlyEnd())
    evaluation_case(settings.model, dataset, device).run(Span(0.0, "wall"))
    return peak_memory_bytes(device)


class _EarlyEnd:
    """Ends a run after some steps."""

    def __init__(self) -> None:
        self._n_steps = 0

    def observe(self, event: RunEvent) -> None:
        """Counts steps."""
        if isinstance(event, Stepped):
            self._n_steps += 1
            if self._n_steps >= _STEPS:
                raise Pruned("enough steps")

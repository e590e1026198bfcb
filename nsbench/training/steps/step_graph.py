"""Steps that a GPU repeats by itself, draws included, as a CUDA graph.

A step is some 400 calls, which the host makes more slowly than a large GPU does what they ask for. A graph is a step's calls,
recorded; to repeat it is one call, and two for each stream of random numbers. Recorded are the memory that each kernel reads
and writes, and its numbers. So what differs between steps has to be in memory: the windows, copied to where the graph reads
them; the generators' places in their streams, which torch moves on as each call would; Adam's count of steps. And what has a
size must have that size in each step, which `nsbench.batching.static_layout` sees to. Steps whose users don't fit in, and the
last one of an epoch, are computed call by call, and give what a graph would have given.
"""

from collections.abc import Iterator, Sequence
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nsbench.errors import TrainingError
from nsbench.tensors.device import captured, is_out_of_memory, to_device
from nsbench.training.batch_stream import BatchStream, with_negatives
from nsbench.training.steps.replica_steps import BatchedReplicas
from nsbench.training.steps.step_runner import StepResult

N_BEFORE = 2
"""Steps that are computed call by call before one is recorded: what is made or loaded once, then is."""


@final
class CudaGraphRunner:
    """Draws and takes steps in one graph.

    Args:
        streams: One per replica, of the same batches and sampler, none of which replays its batches.
        steps: Of the same replicas, all but a few of them in one layout.
    """

    def __init__(self, streams: Sequence[BatchStream], steps: BatchedReplicas) -> None:
        assert steps.static is not None
        self._streams = streams
        self._batches = streams[0].batches
        self._steps = steps
        self._static = steps.static
        self._generators = [*steps.generators, *(stream.generator for stream in streams)]
        self._device = self._generators[0].device
        self._n_before = 0
        self._n_negatives = 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._windows = self._found = self._item_ids = self._item_ids_of_graph = torch.empty(0)

    def epoch(self) -> Iterator[StepResult]:
        """Takes the steps."""
        for chosen in zip(*(stream.orders() for stream in self._streams), strict=True):
            windows, lengths = self._batches.in_order(np.stack(chosen))
            is_static = self._static.fits(lengths)
            windows_on_gpu = to_device(windows, self._device)
            losses, n_without = (
                self._repeated(windows_on_gpu, lengths) if is_static else self._computed(windows_on_gpu, lengths)
            )
            n_positions = lengths.sum(1)
            n_scored = int(n_positions.sum()) * self._n_negatives
            yield StepResult(losses, n_without, n_positions, n_scored, [self._item_ids])

    def _computed(self, windows: Tensor, lengths: NDArray[np.int64]) -> Tensor:
        """float32[2, replicas]: the losses, and the numbers of positions without a negative, which are exact up to 2 ** 24."""
        batch = with_negatives(self._streams, self._batches.cut_on_device(windows, lengths))
        self._item_ids = batch.negatives.item_ids
        self._n_negatives = self._item_ids.shape[-1]
        losses = self._steps.step([batch])
        return torch.stack((losses, batch.n_without_negatives().to(losses.dtype)))

    def _repeated(self, windows: Tensor, lengths: NDArray[np.int64]) -> Tensor:
        if self._n_before < N_BEFORE:
            self._n_before += 1
            return self._computed(windows, lengths)
        if self._graph is None:
            self._graph = self._captured(windows, lengths)
        self._windows.copy_(windows)
        self._graph.replay()
        self._item_ids = self._item_ids_of_graph
        return self._found.clone()

    def _captured(self, windows: Tensor, lengths: NDArray[np.int64]) -> torch.cuda.CUDAGraph:
        """The graph of a step, which is recorded without being taken."""
        self._windows = windows.clone()

        def step() -> None:
            self._found = self._computed(self._windows, lengths)
            # Held, so that nothing else of the graph is given its memory.
            self._item_ids_of_graph = self._item_ids

        try:
            return captured(step, self._generators, self._device)
        except RuntimeError as error:
            if is_out_of_memory(error):
                raise
            raise TrainingError(
                f"torch {torch.__version__} can't record this training's step as a CUDA graph ({error}); "
                "without NSBENCH_CUDA_GRAPHS=1 it trains the same, call by call"
            ) from error

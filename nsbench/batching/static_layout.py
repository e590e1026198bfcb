"""One layout for nearly all steps of a training: what a GPU computes at once is then the same each time."""

from collections.abc import Sequence
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from nsbench.batching.batch import UserBatch
from nsbench.batching.buckets import Layout, layout_of


@final
class StaticLayout:
    """One layout for rows of nearly any batch, in which shorter ones have room too.

    It has more padding than a layout of their own: 1.1 times the positions for 128 users of a dense log, 1.6 to 1.8 for those of
    two sparse ones; for 20 replicas, whose longest rows leave the others padding in any case, 1.06 and 1.3 to 1.4. In exchange
    a step needs no layout made, which takes the host .3 to .5 ms, and can be repeated as a CUDA graph
    (`nsbench.training.steps.step_graph`).

    Args:
        lengths: int64[n_rows], falling (`BatchSampler.static_lengths`).
        n_replicas: How many take a step together.
        device: Where.
    """

    def __init__(self, lengths: NDArray[np.int64], n_replicas: int, device: torch.device) -> None:
        self._lengths = lengths
        self._n_replicas = n_replicas
        self._device = device
        self._layouts: dict[int, Layout] = {}

    @property
    def n_positions(self) -> int:
        """Positions that the rows have room for."""
        return int(self._lengths.sum())

    def n_drawn(self, lengths: NDArray[np.int64]) -> int:
        """For how many positions of a replica random numbers are drawn: the same for all full batches, so that steps are alike.

        Args:
            lengths: int64[n_rows], the replica's own.
        """
        n_real = int(lengths.sum())
        return self.n_positions if len(lengths) == len(self._lengths) and n_real <= self.n_positions else n_real

    def fits(self, lengths: NDArray[np.int64]) -> bool:
        """Whether rows fit in.

        Args:
            lengths: int64[..., n_rows], falling.
        """
        return lengths.shape[-1] == len(self._lengths) and bool((lengths <= self._lengths).all())

    def layout_for(self, batches: Sequence[UserBatch], n_together: int) -> Layout | None:
        """The layout; None where the batches don't fit in.

        Args:
            batches: As of `nsbench.batching.step.step_of`.
            n_together: As there.
        """
        if not all(self.fits(batch.known_lengths) for batch in batches):
            return None
        if n_together not in self._layouts:
            self._layouts[n_together] = layout_of(self._lengths, self._n_replicas, self._device, n_together)
        return self._layouts[n_together]

"""What this machine can do at most: products and memory traffic, measured with torch on the threads that nsbench uses."""

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from statistics import median
from typing import Self, final

import torch

from nsbench.bench.measuring.clock import Moment
from nsbench.bench.measuring.slice import Span
from nsbench.evaluation.candidate import block_shape
from nsbench.tensors.device import tf32_products, wait_for

_ROWS, _LENGTH = 128, 50
_COPIED_FLOATS = 2**24
_GATHERED_ROWS = 25_600
_MOST_TABLE_ROWS = 1_000_000
_FEWEST_CALLS = 3

ON_A_GPU = 20
"""So many times the rows, as many replicas have, and so many calls before it is waited for: else launching would be measured."""


@dataclass(frozen=True)
class Limits:
    """Rates of one process, or of several together.

    Attributes:
        gemm_flops: FLOP/s of a product of two 1,024 x 1,024 matrices, on a GPU in float32 as in ranking.
        encoder_flops: FLOP/s of the encoder's product, [6,400, d] x [d, d]; on a GPU 20 times the rows, in TF32 as in training.
        scoring_flops: FLOP/s of the scoring product, [128, 50, d] x [128, d, n_negatives]; on a GPU as before.
        ranking_flops: FLOP/s of the ranking's product of states and a stretch of the catalogue.
        copy_bytes: Bytes/s read and written by copying 64 MiB.
        gather_bytes: Bytes/s gathered as rows of d floats at random from a table of the catalogue's size, a million at most.
    """

    gemm_flops: float
    encoder_flops: float
    scoring_flops: float
    ranking_flops: float
    copy_bytes: float
    gather_bytes: float

    @classmethod
    def median_of(cls, measured: Sequence["Limits"]) -> Self:
        """Each limit's median."""
        return cls(*map(median, zip(*map(astuple, measured), strict=True)))

    @classmethod
    def sum_of(cls, measured: Sequence["Limits"]) -> Self:
        """What several processes do together."""
        return cls(*map(sum, zip(*map(astuple, measured), strict=True)))


@final
class LimitBench:
    """Measures the limits, as often as asked; holds what is multiplied and copied.

    Args:
        device: Where.
        n_items: Of the catalogue.
        hidden_dim: Width of the model.
        n_negatives: Of each positive.
    """

    def __init__(self, device: torch.device, n_items: int, hidden_dim: int, n_negatives: int) -> None:
        self._device = device
        self._n_at_once = 1 if device.type == "cpu" else ON_A_GPU
        n_rows = _ROWS * self._n_at_once
        block = block_shape(device, n_items)

        def products(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[float, Callable[[], object]]:
            left, right = torch.randn(a, device=device), torch.randn(b, device=device)
            out = torch.matmul(left, right)
            return 2.0 * out.numel() * a[-1], lambda: torch.matmul(left, right, out=out)

        def of_training(flops: float, product: Callable[[], object]) -> tuple[float, Callable[[], object]]:
            def call() -> None:
                with tf32_products(device):
                    product()

            return flops, call if device.type == "cuda" else product

        source = torch.randn(_COPIED_FLOATS, device=device)
        copied = torch.empty_like(source)
        table = torch.randn(min(n_items, _MOST_TABLE_ROWS), hidden_dim, device=device)
        rows = torch.randint(len(table), (_GATHERED_ROWS * self._n_at_once,), device=device)
        gathered = table[rows]
        # In the order of the fields of Limits: units of a call, and the call. None allocates.
        self._calls: tuple[tuple[float, Callable[[], object]], ...] = (
            products((1024, 1024), (1024, 1024)),
            of_training(*products((n_rows * _LENGTH, hidden_dim), (hidden_dim, hidden_dim))),
            of_training(*products((n_rows, _LENGTH, hidden_dim), (n_rows, hidden_dim, n_negatives))),
            products((block.n_rows, hidden_dim), (hidden_dim, block.n_items)),
            (2.0 * source.nbytes, lambda: copied.copy_(source)),
            (1.0 * gathered.nbytes, lambda: torch.index_select(table, 0, rows, out=gathered)),
        )

    def measure(self, span: Span) -> Limits:
        """Each limit from the fastest call in its part of the span."""
        part = Span(span.seconds / len(self._calls), span.clock, _FEWEST_CALLS)
        return Limits(*(units / self._least_seconds(call, part) for units, call in self._calls))

    def _least_seconds(self, call: Callable[[], object], span: Span) -> float:
        call()
        best, total, n_calls = float("inf"), 0.0, 0
        while n_calls < span.n_steps or total < span.seconds:
            wait_for(self._device)
            began = Moment.now()
            for _ in range(self._n_at_once):
                call()
            wait_for(self._device)
            took = (Moment.now() - began).by(span.clock) / self._n_at_once
            best, total, n_calls = min(best, took), total + took, n_calls + 1
        return best

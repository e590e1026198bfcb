"""What this machine can do at most: products and memory traffic, measured with torch on the threads that nsbench uses."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

MIN_SECONDS = 0.4


@dataclass(frozen=True)
class Limits:
    """Rates of one process.

    Attributes:
        gemm_flops: FLOP/s of a product of two 1,024 x 1,024 matrices.
        scoring_flops: FLOP/s of the scoring product, [128, 50, 50] x [128, 50, 200].
        copy_bytes: Bytes/s read and written by copying 64 MiB.
        gather_bytes: Bytes/s gathered as rows of 50 floats at random from a table of 60,000.
    """

    gemm_flops: float
    scoring_flops: float
    copy_bytes: float
    gather_bytes: float


def measure_limits(device: torch.device) -> Limits:
    """Measures for about two seconds."""
    a, b = (torch.randn(1024, 1024, device=device) for _ in range(2))
    states, vectors = torch.randn(128, 50, 50, device=device), torch.randn(128, 50, 200, device=device)
    source = torch.randn(2**24, device=device)
    target = torch.empty_like(source)
    table = torch.randn(60_000, 50, device=device)
    rows = torch.randint(60_000, (25_600,), device=device)
    return Limits(
        gemm_flops=2 * 1024**3 / seconds_of(lambda: torch.mm(a, b), device),
        scoring_flops=2 * 128 * 50 * 50 * 200 / seconds_of(lambda: torch.bmm(states, vectors), device),
        copy_bytes=2 * 4 * 2**24 / seconds_of(lambda: target.copy_(source), device),
        gather_bytes=4 * 50 * 25_600 / seconds_of(lambda: table[rows], device),
    )


def seconds_of(work: Callable[[], object], device: torch.device) -> float:
    """The least seconds that one call takes, over calls for MIN_SECONDS after one to warm up."""
    work()
    best = float("inf")
    stop = time.perf_counter() + MIN_SECONDS
    while time.perf_counter() < stop:
        started = time.perf_counter()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - started)
    return best

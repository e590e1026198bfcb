"""Runs array work on chunks side by side: numpy lets other threads go on while it sorts, gathers and counts."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import polars as pl

Input = TypeVar("Input")
Output = TypeVar("Output")


def map_in_order(work: Callable[[Input], Output], inputs: Iterable[Input]) -> Iterator[Output]:
    """Yields `work(input)` in the order of the inputs, computed on as many threads as polars uses.

    At most one result more than there are threads waits to be taken, so that memory stays bounded.
    """
    n_threads = pl.thread_pool_size()
    waiting: deque[Future[Output]] = deque()
    with ThreadPoolExecutor(n_threads) as pool:
        for item in inputs:
            waiting.append(pool.submit(work, item))
            if len(waiting) > n_threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

"""Work on chunks side by side."""

import time
from collections.abc import Iterator

import polars as pl
import pytest

from nsbench.data.log.parallel import map_in_order


def test_results_come_in_the_order_of_the_inputs_whatever_takes_longest() -> None:
    def work(delay: float) -> float:
        time.sleep(delay)
        return delay

    assert list(map_in_order(work, [0.02, 0.0, 0.01, 0.0])) == [0.02, 0.0, 0.01, 0.0]


def test_inputs_are_only_taken_as_results_are() -> None:
    """After one result, at most one input more than there are threads waits, and one is in hand."""
    taken: list[int] = []

    def inputs() -> Iterator[int]:
        for k in range(1_000):
            taken.append(k)
            yield k

    results = map_in_order(lambda k: k, inputs())
    assert next(results) == 0
    assert len(taken) <= pl.thread_pool_size() + 2
    del results


def test_a_failure_in_a_thread_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        list(map_in_order(lambda k: 1 // k, [1, 0]))

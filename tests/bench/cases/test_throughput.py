"""All cores at once."""

import pytest

from nsbench.bench.cases.throughput import efficiency, measure_throughput
from nsbench.bench.measuring.condition import Conditions
from tests.bench.bench_builder import TINY, slice_of


def test_efficiency_by_hand() -> None:
    """One alone does 10 a second; together two do 9 and 6: 15 of 20. In the second round alone 4, together 4 and 2: 6 of 8."""
    alone = [slice_of(10, 1), slice_of(4, 1)]
    together = [[slice_of(9, 1), slice_of(6, 1)], [slice_of(4, 1), slice_of(2, 1)]]
    assert efficiency(alone, together, "cpu") == pytest.approx(0.75)


def test_two_workers_train_at_once() -> None:
    found = measure_throughput(TINY, Conditions(n_negatives=5, n_threads=1), "cpu", 2, seconds=0.05, n_rounds=1)
    assert found.n_workers == 2
    assert found.alone_positives_per_s > 0
    assert found.cpu_efficiency is not None
    assert found.efficiency > 0
    assert 0 < found.core_share <= 1.05
    assert found.limits_together.copy_bytes > 0

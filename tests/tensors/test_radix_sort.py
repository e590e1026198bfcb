"""The order of rows by integer keys."""

import numpy as np
import pytest

from nsbench.tensors.radix_sort import is_ordered, stable_order


@pytest.mark.parametrize("spread", [1, 3, 1 << 16, (1 << 16) + 1, 1 << 40, 1 << 62])
@pytest.mark.parametrize("low", [0, 5, -(1 << 61)])
def test_the_order_is_that_of_a_lexicographic_sort(spread: int, low: int) -> None:
    generator = np.random.default_rng(0)
    first, second = generator.integers(low, low + spread, 500), generator.integers(0, 20, 500).astype(np.int32)
    assert np.array_equal(stable_order(first, second), np.lexsort((first, second)))


def test_the_widest_key_does_not_overflow() -> None:
    key = np.array([9 * 10**18, -9 * 10**18, 0, -1])
    assert stable_order(key).tolist() == [1, 3, 2, 0]


def test_nothing_and_one_row_are_in_order() -> None:
    for n in (0, 1):
        assert stable_order(np.zeros(n, dtype=np.int64)).tolist() == list(range(n))
        assert is_ordered(np.zeros(n, dtype=np.int64))


def test_equal_rows_are_in_order_and_a_fall_in_the_lesser_key_is_not() -> None:
    key = np.array([1, 1, 2])
    assert is_ordered(np.array([4, 4, 0]), key)
    assert not is_ordered(np.array([4, 3, 0]), key)

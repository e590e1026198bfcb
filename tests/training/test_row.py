"""Sums and writes by row."""

import pytest
import torch

from nsbench.training.row import sum_into_table, sum_rows, write_rows
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu


@pytest.mark.parametrize("n_rows", [3, 1_000, 200_000, 2**33])
def test_sums_equal_adding_one_vector_after_another(n_rows: int) -> None:
    """Row numbers of one, two and three 16-bit digits."""
    random = torch.Generator().manual_seed(0)
    rows = torch.randint(n_rows, (500,), generator=random)
    rows[250:] = rows[:250].flip(0)
    vectors = torch.randn(500, 4, generator=random, dtype=torch.float64)
    expected: dict[int, torch.Tensor] = {}
    for row, vector in zip(rows.tolist(), vectors, strict=True):
        expected[row] = expected.get(row, torch.zeros(4, dtype=torch.float64)) + vector
    distinct, sums = sum_rows(rows, vectors)
    assert distinct.tolist() == sorted(expected)
    assert torch.allclose(sums, torch.stack([expected[row] for row in sorted(expected)]))


def test_a_gpu_gives_the_sums_and_fills_up_with_zeros_for_the_lowest_row() -> None:
    """Rows 7, 2 and 7: sums of 2 and 7, and one place left over."""
    with pretended_gpu() as started:
        rows, vectors = torch.tensor([7, 2, 7]).to(PRETEND_GPU), torch.tensor([[1.0], [2.0], [3.0]]).to(PRETEND_GPU)
        started.clear()
        distinct, sums = sum_rows(rows, vectors)
        table = sum_into_table(rows, vectors, 8)
        assert started.waits == []
        assert (distinct.tolist(), sums.tolist()) == ([2, 7, 2], [[2.0], [4.0], [0.0]])
        assert table.flatten().tolist() == [0, 0, 2, 0, 0, 0, 0, 4]


def test_only_the_named_rows_are_written() -> None:
    table = torch.zeros(5, 3)
    write_rows(table, torch.tensor([3, 1]), torch.tensor([[1.0, 2, 3], [4, 5, 6]]))
    assert table.tolist() == [[0, 0, 0], [4, 5, 6], [0, 0, 0], [1, 2, 3], [0, 0, 0]]

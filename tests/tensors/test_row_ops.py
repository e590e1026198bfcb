"""Sums and writes by row."""

import pytest
import torch

from nsbench.tensors.row_ops import FEW_INDICES, FEW_ROWS, sum_into_table, sum_rows, sum_to_write, write_rows
from tests.pretend_gpu import IS_PRETENDED, PRETEND_GPU, pretended_gpu


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


def test_a_gpu_gives_each_row_its_whole_sum_as_often_as_it_was_given() -> None:
    """Rows 7, 2 and 7: both places of 7 have 1 + 3, so that whichever is written last, the row gets that."""
    with pretended_gpu() as started:
        rows, vectors = torch.tensor([7, 2, 7]).to(PRETEND_GPU), torch.tensor([[1.0], [2.0], [3.0]]).to(PRETEND_GPU)
        with started.without_waiting():
            again, sums = sum_to_write(rows, vectors)
            table = sum_into_table(rows, vectors, 8)
        assert (again.tolist(), sums.tolist()) == ([7, 2, 7], [[4.0], [2.0], [4.0]])
        assert table.flatten().tolist() == [0, 0, 2, 0, 0, 0, 0, 4]
        distinct, sums = sum_rows(rows, vectors)
        assert (distinct.tolist(), sums.tolist()) == ([2, 7], [[2.0], [4.0]])


@pytest.mark.parametrize("n", [FEW_INDICES, FEW_INDICES + 1])
@pytest.mark.parametrize("n_rows", [FEW_ROWS - 1, FEW_ROWS])
def test_a_gpus_sums_are_the_cpus_by_either_kernel(n: int, n_rows: int) -> None:
    random = torch.Generator().manual_seed(1)
    rows, vectors = torch.randint(n_rows, (n,), generator=random), torch.randn(n, 3, generator=random)
    with pretended_gpu() as started:
        table = sum_into_table(rows.to(PRETEND_GPU), vectors.to(PRETEND_GPU), n_rows).cpu()
        n_by_embedding = started.calls["aten::embedding_dense_backward"]
    assert not IS_PRETENDED or n_by_embedding == (n > FEW_INDICES and n_rows >= FEW_ROWS)
    assert torch.allclose(table, sum_into_table(rows, vectors, n_rows), atol=1e-5)


def test_only_the_named_rows_are_written() -> None:
    table = torch.zeros(5, 3)
    write_rows(table, torch.tensor([3, 1]), torch.tensor([[1.0, 2, 3], [4, 5, 6]]))
    assert table.tolist() == [[0, 0, 0], [4, 5, 6], [0, 0, 0], [1, 2, 3], [0, 0, 0]]

"""Rows of a table: reading them, adding up many vectors by row, the gradient of looking them up; and writing rows back.

On a CPU mostly by numpy. A radix sort of the row numbers and one pass that sums take a sixth of the time of an
embedding's own gradient, whatever the table's size; its copying of whole rows takes a third of the time of torch's
`index_copy_`. Rows that lie in memory, not in the cache, are read by torch's bags, which fetch the next ones meanwhile.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.tensors.radix_sort import stable_order

FEW_INDICES, FEW_ROWS = 3072, 2048
"""Up to so many indices, and below so many rows (torch: four for each multiprocessor of the card), `_sum_on_gpu` does without the
embedding's gradient."""


def read_rows(table: Tensor, rows: Tensor) -> Tensor:
    """The rows [n, d] of a table [n_rows, d], as a new tensor.

    Args:
        table: [n_rows, d].
        rows: int64[n], which may repeat.

    >>> read_rows(torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([2, 0, 2])).tolist()
    [[3.0], [1.0], [3.0]]
    """
    if table.device.type != "cpu":
        return table.index_select(0, rows)
    return functional.embedding_bag(rows, table, torch.arange(len(rows)), mode="sum")


def sum_rows(rows: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Sums the vectors of each row; the same order of addition each time.

    Args:
        rows: int64[n], row numbers, at least 0.
        vectors: [n, d].

    Returns:
        int64[k], the distinct rows, rising; and [k, d], their sums. A GPU is waited for, to learn k.

    >>> sum_rows(torch.tensor([7, 2, 7]), torch.tensor([[1.0], [2.0], [3.0]]))
    (tensor([2, 7]), tensor([[2.],
            [4.]]))
    """
    if rows.device.type != "cpu":
        distinct, places = torch.unique(rows, return_inverse=True)
        return distinct, _sum_on_gpu(places, vectors, len(distinct))
    order = torch.from_numpy(stable_order(rows.numpy()))
    in_order = rows.index_select(0, order)
    is_first = torch.ones(len(rows), dtype=torch.bool)
    torch.ne(in_order[1:], in_order[:-1], out=is_first[1:])
    first = is_first.nonzero().squeeze(1)
    return in_order.index_select(0, first), functional.embedding_bag(order, vectors, first, mode="sum")


def sum_to_write(rows: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """As `sum_rows`, for callers who don't mind that a row comes more than once, each time with its whole sum.

    On a CPU none does. A GPU isn't waited for: there each row comes as often as it was given.
    """
    if rows.device.type == "cpu":
        return sum_rows(rows, vectors)
    in_order, order = rows.sort()
    begins = torch.ones_like(in_order)
    torch.ne(in_order[1:], in_order[:-1], out=begins[1:])
    place = torch.empty_like(order).scatter_(0, order, begins.cumsum(0) - 1)
    return rows, _sum_on_gpu(place, vectors, len(rows)).index_select(0, place)


def sum_into_table(rows: Tensor, vectors: Tensor, n_rows: int) -> Tensor:
    """As `sum_rows`, as a whole table: [n_rows, d], zero where no vector is.

    >>> sum_into_table(torch.tensor([2, 0, 2]), torch.tensor([[1.0], [2.0], [3.0]]), 4).tolist()
    [[2.0], [0.0], [4.0], [0.0]]
    """
    if rows.device.type != "cpu":
        return _sum_on_gpu(rows, vectors, n_rows)
    distinct, sums = sum_rows(rows, vectors)
    return vectors.new_zeros(n_rows, vectors.shape[1]).index_copy_(0, distinct, sums)


def _sum_on_gpu(rows: Tensor, vectors: Tensor, n_rows: int) -> Tensor:
    """`sum_into_table` on a GPU, in a fixed order of addition and without a wait.

    An embedding's own gradient divides a row that comes often among threads, where `index_put_` takes one vector after the
    other. But torch 2.13 adds atomically, in no order, where indices or rows are few, and its kernel for few indices lacks a
    barrier (pytorch pull requests 172454 and 187687).
    """
    if len(rows) <= FEW_INDICES or n_rows < FEW_ROWS:
        return vectors.new_zeros(n_rows, vectors.shape[1]).index_put_((rows,), vectors, accumulate=True)
    table: Tensor = torch.ops.aten.embedding_dense_backward(vectors, rows, n_rows, -1, False)
    return table


def write_rows(table: Tensor, rows: Tensor, values: Tensor) -> None:
    """Overwrites some rows of a table.

    Args:
        table: [n, d], contiguous.
        rows: int64[k], distinct, or on a GPU each time with the same values.
        values: [k, d], contiguous, of the table's type.
    """
    if table.device.type != "cpu":
        table.index_copy_(0, rows, values)
        return
    # A row as one opaque value: numpy then copies it whole instead of number by number.
    row = np.dtype((np.void, table.shape[1] * table.element_size()))
    table.numpy().view(row)[rows.numpy()] = values.numpy().view(row)

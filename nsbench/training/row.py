"""Rows of a table: reading them, adding up many vectors by row, the gradient of looking them up; and writing rows back.

On a CPU mostly by numpy. Its radix sort of the row numbers and one pass that sums take a sixth of the time of an
embedding's own gradient, whatever the table's size; its copying of whole rows takes a third of the time of torch's
`index_copy_`. Rows that lie in memory, not in the cache, are read by torch's bags, which fetch the next ones meanwhile.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

DIGIT_BITS = 16
"""numpy sorts 16-bit integers by radix, ten times as fast as wider ones."""


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
        int64[k], the distinct rows, rising; and [k, d], their sums. On a GPU, which would have to be waited for to learn k,
        k is n, and in the places that are left over stand zeros for the lowest row.

    >>> sum_rows(torch.tensor([7, 2, 7]), torch.tensor([[1.0], [2.0], [3.0]]))
    (tensor([2, 7]), tensor([[2.],
            [4.]]))
    """
    if rows.device.type != "cpu":
        return _sum_rows_there(rows, vectors)
    order = torch.from_numpy(_order(rows.numpy()))
    in_order = rows.index_select(0, order)
    is_first = torch.ones(len(rows), dtype=torch.bool)
    torch.ne(in_order[1:], in_order[:-1], out=is_first[1:])
    first = is_first.nonzero().squeeze(1)
    return in_order.index_select(0, first), functional.embedding_bag(order, vectors, first, mode="sum")


def sum_into_table(rows: Tensor, vectors: Tensor, n_rows: int) -> Tensor:
    """As `sum_rows`, as a whole table: [n_rows, d], zero where no vector is.

    >>> sum_into_table(torch.tensor([2, 0, 2]), torch.tensor([[1.0], [2.0], [3.0]]), 4).tolist()
    [[2.0], [0.0], [4.0], [0.0]]
    """
    if rows.device.type != "cpu":
        # Unlike index_add_, it adds in a fixed order; unlike index_put_, it divides a row that comes often among threads.
        table: Tensor = torch.ops.aten.embedding_dense_backward(vectors, rows, n_rows, -1, False)
        return table
    distinct, sums = sum_rows(rows, vectors)
    return vectors.new_zeros(n_rows, vectors.shape[1]).index_copy_(0, distinct, sums)


def _sum_rows_there(rows: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    in_order, order = rows.sort()
    begins = torch.ones_like(in_order)
    torch.ne(in_order[1:], in_order[:-1], out=begins[1:])
    place_in_order = begins.cumsum(0) - 1
    place = torch.empty_like(order).scatter_(0, order, place_in_order)
    distinct = in_order[:1].expand(len(rows)).clone().scatter_(0, place_in_order, in_order)
    return distinct, sum_into_table(place, vectors, len(rows))


def write_rows(table: Tensor, rows: Tensor, values: Tensor) -> None:
    """Overwrites some rows of a table.

    Args:
        table: [n, d], contiguous.
        rows: int64[k], distinct.
        values: [k, d], contiguous, of the table's type.
    """
    if table.device.type != "cpu":
        table.index_copy_(0, rows, values)
        return
    # A row as one opaque value: numpy then copies it whole instead of number by number.
    row = np.dtype((np.void, table.shape[1] * table.element_size()))
    table.numpy().view(row)[rows.numpy()] = values.numpy().view(row)


def _order(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """What sorts the rows, stable, digit by digit from the lowest."""
    order = np.argsort(rows.astype(np.uint16), kind="stable")
    for shift in range(DIGIT_BITS, int(rows.max(initial=0)).bit_length(), DIGIT_BITS):
        order = order[np.argsort((rows[order] >> shift).astype(np.uint16), kind="stable")]
    return order

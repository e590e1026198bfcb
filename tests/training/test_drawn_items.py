"""Which items have been drawn is marked step by step, for each replica by itself."""

import torch

from nsbench.training.drawn_items import DrawnItems

CPU = torch.device("cpu")


def ids(*rows: list[int]) -> torch.Tensor:
    """int64[rows, 1, n]."""
    return torch.tensor(rows)[:, None]


def test_an_item_counts_once_however_often_it_is_drawn_and_padding_never() -> None:
    drawn = DrawnItems(2, 6, CPU)
    drawn.add([ids([1, 2, 2], [2, 3, 0]), ids([6, 6, 6], [6, 6, 6])])
    assert drawn.counts() == [3, 1]
    drawn.add([ids([3, 4, 1]), ids([5, 6, 5])])
    assert drawn.counts() == [4, 2]


def test_a_draw_of_all_replicas_is_shared_out_in_their_order() -> None:
    """Two draws for each of two replicas, one replica after the other; then one that both share."""
    drawn = DrawnItems(2, 6, CPU)
    drawn.add([ids([1, 2], [1, 3], [4, 4], [4, 4])])
    assert drawn.counts() == [3, 1]
    drawn.add([ids([5, 4])])
    assert drawn.counts() == [5, 2]


def test_it_stands_where_it_stood() -> None:
    drawn, other = DrawnItems(1, 4, CPU), DrawnItems(1, 4, CPU)
    drawn.add([ids([1, 3])])
    other.restore(drawn.state())
    other.add([ids([3, 4])])
    assert (drawn.counts(), other.counts()) == ([2], [3])

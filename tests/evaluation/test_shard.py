"""Who scores what, worked out for a handful of items and histories."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from nsbench.evaluation.shard import WHOLE, EvaluationShard
from tests.place import Place


def owner(rank: int, size: int) -> EvaluationShard:
    """The shard of a process that has every size-th item."""
    return EvaluationShard(Place(rank, size), Place(rank, size))


def copyist(rank: int, size: int) -> EvaluationShard:
    """The shard of a process that has all items, as the others have."""
    return EvaluationShard(Place(rank, size), Place(0, 1))


ITEMS = np.array([1, 2, 3, 4, 5], dtype=np.int32)


def test_every_second_item_is_an_owners() -> None:
    """Of items 1 to 5, owner 0 has 2 and 4 behind its row of padding, owner 1 has 1, 3 and 5 from its row 0 on."""
    assert owner(0, 2).places(5) == range(1, 3)
    assert owner(0, 2).places_of(ITEMS).tolist() == [-1, 1, -1, 2, -1]
    assert owner(0, 2).items_at(torch.tensor([1, 2])).tolist() == [2, 4]
    assert owner(1, 2).places(5) == range(3)
    assert owner(1, 2).places_of(ITEMS).tolist() == [0, -1, 1, -1, 2]
    assert owner(1, 2).items_at(torch.tensor([0, 1, 2])).tolist() == [1, 3, 5]


def test_who_has_all_items_has_each_at_the_place_of_its_id() -> None:
    for shard in (WHOLE, copyist(1, 2)):
        assert shard.places(5) == range(1, 6)
        assert shard.places_of(ITEMS).tolist() == ITEMS.tolist()


@pytest.mark.parametrize("size", [1, 2, 3, 8])
@pytest.mark.parametrize("n_items", [1, 2, 7, 24])
def test_each_item_has_one_owner_and_none_has_more_than_the_blocks_are_cut_for(size: int, n_items: int) -> None:
    shards = [owner(rank, size) for rank in range(size)]
    found = [shard.items_at(torch.tensor(shard.places(n_items), dtype=torch.int64)).tolist() for shard in shards]
    assert sorted(item for items in found for item in items) == list(range(1, n_items + 1))
    assert {shard.most_places(n_items) for shard in shards} == {max(map(len, found))}


def test_targets_are_divided_where_all_have_all_items_and_ranked_by_all_where_not() -> None:
    """Five targets in slices of two are three slices."""
    slices = [slice(0, 2), slice(2, 4), slice(4, 5)]
    assert WHOLE.chunks(5, 2) == slices
    assert copyist(0, 2).chunks(5, 2) == [slices[0], slices[2]]
    assert copyist(1, 2).chunks(5, 2) == [slices[1]]
    assert owner(1, 2).chunks(5, 2) == slices


@pytest.mark.parametrize("share_of", [owner, copyist])
def test_all_encode_as_often_and_the_last_rectangle_twice_if_need_be(
    share_of: Callable[[int, int], EvaluationShard],
) -> None:
    """Three rectangles for two processes: the second one encodes the third again."""
    rectangles = [np.array([place]) for place in range(3)]
    assert [int(rows[0]) for rows in share_of(0, 2).own_pieces(rectangles)] == [0, 2]
    assert [int(rows[0]) for rows in share_of(1, 2).own_pieces(rectangles)] == [1, 2]

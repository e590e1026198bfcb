"""How rows stand end to end."""

import numpy as np
import pytest

from nsbench.batching.packing import packed_rows
from nsbench.tensors.index_range import ranges


def test_lanes_of_one_length_hold_a_row_each_and_need_no_mask() -> None:
    packing = packed_rows(np.array([3, 3, 3]), bucket_cost=10)
    assert [(s.n_rows, s.length, s.needs_mask) for s in packing.lanes] == [(3, 3, False)]
    assert packing.place.tolist() == [0, 3, 6]


def test_short_rows_fill_the_lanes_that_longer_ones_leave() -> None:
    """5 and 4 begin a lane each; beside 4 stands the 1, and the 3 and the 2 share a third."""
    packing = packed_rows(np.array([5, 4, 3, 2, 1]), bucket_cost=100)
    assert [(s.n_rows, s.length, s.needs_mask) for s in packing.lanes] == [(3, 5, True)]
    assert packing.place.tolist() == [0, 5, 10, 13, 9]
    assert packing.begin.tolist() == [0, 0, 0, 3, 4]


def test_a_bucket_is_cut_where_shorter_lanes_save_more_attention_than_it_costs() -> None:
    """A row of 50 and 100 of 1: on lanes of 50 the 100 positions cost 100 * 49 * .014 = 69 more than on lanes of 1."""
    lengths = np.array([50] + [1] * 100)
    assert len(packed_rows(lengths, bucket_cost=70).lanes) == 1
    assert [(s.n_rows, s.length) for s in packed_rows(lengths, bucket_cost=68).lanes] == [(1, 50), (100, 1)]


@pytest.mark.parametrize("bucket_cost", [0.0, 5.0, 50.0])
def test_every_row_stands_somewhere_and_none_on_another_or_across_two_lanes(bucket_cost: float) -> None:
    """Of 200 geometric lengths, and less than a twentieth of the positions is left over."""
    lengths = -np.sort(-np.random.default_rng(1).geometric(0.15, size=200)).astype(np.int64)
    packing = packed_rows(lengths, bucket_cost)
    taken = ranges(packing.place, lengths)
    assert len(np.unique(taken)) == lengths.sum() == len(taken)
    assert packing.n_positions < 1.05 * lengths.sum()
    end = 0
    for bucket in packing.lanes:
        assert bucket.first_position == end
        end = bucket.positions.stop
        rows = np.flatnonzero((packing.place >= bucket.first_position) & (packing.place < end))
        assert ((packing.place[rows] - bucket.first_position) % bucket.length == packing.begin[rows]).all()
        assert (packing.begin[rows] + lengths[rows] <= bucket.length).all()
    assert end == packing.n_positions > taken.max()

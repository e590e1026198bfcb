"""How rows are laid out in buckets."""

import numpy as np

from nsbench.batching.buckets import buckets_of


def test_rows_of_one_length_are_one_bucket() -> None:
    assert [(b.n_rows, b.length) for b in buckets_of(np.array([5, 5, 5]), 48)] == [(3, 5)]


def test_a_block_is_only_added_where_it_saves_more_padding_than_it_costs() -> None:
    """K rows of 1 beside one of 9 save 8 k positions: at a cost of 48 one bucket up to 6 rows, two above."""
    assert len(buckets_of(np.array([9] + [1] * 5), 48)) == 1
    assert len(buckets_of(np.array([9] + [1] * 7), 48)) == 2


def test_rows_that_belong_together_stay_in_one_bucket() -> None:
    """Rows of 9 9 9 1 1 1 at no cost are cut after the third; in fours the first one must be 9 long, and ends with a 1."""
    lengths = np.array([9, 9, 9, 1, 1, 1, 1, 1])
    assert [(b.n_rows, b.length) for b in buckets_of(lengths, 0)] == [(3, 9), (5, 1)]
    assert [(b.n_rows, b.length) for b in buckets_of(lengths, 0, n_together=4)] == [(4, 9), (4, 1)]


def test_blocks_cover_the_flat_axis_without_a_gap() -> None:
    lengths = -np.sort(-np.random.default_rng(0).geometric(0.1, size=300))
    found = buckets_of(lengths, 48)
    assert sum(b.n_rows for b in found) == 300
    position = 0
    for bucket in found:
        assert bucket.first_position == position
        assert bucket.length == lengths[bucket.first_row]
        position = bucket.positions.stop

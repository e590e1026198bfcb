"""How rows of a step are laid out in blocks."""

import numpy as np
import torch

from nsbench.data.batch import UserBatch
from nsbench.data.layout import blocks_of, step_of


def batch_of(rows: list[list[int]]) -> UserBatch:
    """A batch with targets one above the inputs."""
    length = len(rows[0])
    inputs = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    targets = torch.where(inputs > 0, inputs + 1, 0)
    return UserBatch(torch.arange(len(rows)), torch.tensor([len(row) for row in rows]), inputs, targets)


def test_rows_of_one_length_are_one_block() -> None:
    assert [(b.n_rows, b.length) for b in blocks_of(np.array([5, 5, 5]), 48)] == [(3, 5)]


def test_a_block_is_only_added_where_it_saves_more_padding_than_it_costs() -> None:
    """K rows of 1 beside one of 9 save 8 k positions: at a cost of 48 one block up to 6 rows, two above."""
    assert len(blocks_of(np.array([9] + [1] * 5), 48)) == 1
    assert len(blocks_of(np.array([9] + [1] * 7), 48)) == 2


def test_rows_that_belong_together_stay_in_one_block() -> None:
    """Rows of 9 9 9 1 1 1 at no cost are cut after the third; in fours the first one must be 9 long, and ends with a 1."""
    lengths = np.array([9, 9, 9, 1, 1, 1, 1, 1])
    assert [(b.n_rows, b.length) for b in blocks_of(lengths, 0)] == [(3, 9), (5, 1)]
    assert [(b.n_rows, b.length) for b in blocks_of(lengths, 0, n_together=4)] == [(4, 9), (4, 1)]


def test_empty_rows_fill_up_the_last_rows_that_belong_together() -> None:
    """Three users in fours: a fourth row without a position, in the same block."""
    step = step_of([batch_of([[4, 5], [6, 7], [8]])], n_together=4)
    assert [(b.n_rows, b.length) for b in step.blocks] == [(4, 2)]
    assert step.lengths.tolist() == [[2, 2, 1, 0]]
    assert step.inputs.tolist() == [[4, 5, 6, 7, 8, 0, 0, 0]]


def test_replicas_share_what_a_block_costs() -> None:
    """Rows of 9 and six of 1: a block saves a replica 48 positions, which is worth it for two of them, not for one."""
    rows = [list(range(1, 10)), *([[1]] * 6)]
    assert len(step_of([batch_of(rows)]).blocks) == 1
    assert len(step_of([batch_of(rows)] * 2).blocks) == 2


def test_blocks_cover_the_flat_axis_without_a_gap() -> None:
    lengths = -np.sort(-np.random.default_rng(0).geometric(0.1, size=300))
    blocks = blocks_of(lengths, 48)
    assert sum(b.n_rows for b in blocks) == 300
    position = 0
    for block in blocks:
        assert block.first_position == position
        assert block.length == lengths[block.first_row]
        position = block.positions.stop


def test_a_step_keeps_each_replicas_rows_and_masks_what_it_lacks() -> None:
    """Two replicas, rows of lengths (3, 1) and (2, 2): one block of 2 rows by 3 positions."""
    step = step_of([batch_of([[4, 5, 6], [7]]), batch_of([[1, 2], [3, 4]])])
    assert [(b.n_rows, b.length) for b in step.blocks] == [(2, 3)]
    assert step.inputs.tolist() == [[4, 5, 6, 7, 0, 0], [1, 2, 0, 3, 4, 0]]
    assert step.real.tolist() == [[True, True, True, True, False, False], [True, True, False, True, True, False]]
    assert step.from_end.tolist() == [[2, 1, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0]]

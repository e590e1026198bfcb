"""How the users of a step lie in its buckets and lanes."""

import numpy as np
import pytest
import torch

from nsbench.batching.batch import UserBatch
from nsbench.batching.buckets import MEASURED, LayoutPolicy
from nsbench.batching.step import step_of


def batch_of(rows: list[list[int]]) -> UserBatch:
    """A batch with targets one above the inputs."""
    length = len(rows[0])
    inputs = torch.tensor([row + [0] * (length - len(row)) for row in rows])
    targets = torch.where(inputs > 0, inputs + 1, 0)
    return UserBatch(torch.arange(len(rows)), torch.tensor([len(row) for row in rows]), inputs, targets)


def test_empty_rows_fill_up_the_last_rows_that_belong_together() -> None:
    """Three users in fours: a fourth row without a position, in the same bucket."""
    step = step_of([batch_of([[4, 5], [6, 7], [8]])], n_together=4)
    assert [(b.n_rows, b.length) for b in step.buckets] == [(4, 2)]
    assert step.lengths.tolist() == [[2, 2, 1, 0]]
    assert step.in_buckets.inputs.tolist() == [[4, 5, 6, 7, 8, 0, 0, 0]]


def test_replicas_share_what_a_bucket_costs() -> None:
    """Rows of 9 and six of 1: a bucket saves a replica 48 positions, which is worth it for two of them, not for one."""
    rows = [list(range(1, 10)), *([[1]] * 6)]
    assert len(step_of([batch_of(rows)]).buckets) == 1
    assert len(step_of([batch_of(rows)] * 2).buckets) == 2


def test_a_step_keeps_each_replicas_rows_and_masks_what_it_lacks() -> None:
    """Two replicas, rows of lengths (3, 1) and (2, 2): one bucket of 2 rows by 3 positions."""
    step = step_of([batch_of([[4, 5, 6], [7]]), batch_of([[1, 2], [3, 4]])])
    assert [(b.n_rows, b.length) for b in step.buckets] == [(2, 3)]
    assert step.in_buckets.inputs.tolist() == [[4, 5, 6, 7, 0, 0], [1, 2, 0, 3, 4, 0]]
    assert step.in_buckets.real.tolist() == [
        [True, True, True, True, False, False],
        [True, True, False, True, True, False],
    ]
    assert step.in_buckets.from_end.tolist() == [[2, 1, 0, 0, 0, 0], [1, 0, 0, 1, 0, 0]]


def test_rows_that_would_save_little_stay_in_buckets() -> None:
    """Two rows of 3 and one of 2: end to end they would save one of nine positions."""
    step = step_of([batch_of([[4, 5, 6], [7, 8, 9], [1, 2]])])
    assert step.packed.packed is None
    assert [(s.n_rows, s.length) for s in step.packed.buckets] == [(3, 3)]
    assert step.packed.inputs.tolist() == step.in_buckets.inputs.tolist() == [[4, 5, 6, 7, 8, 9, 1, 2, 0]]


def test_rows_stand_end_to_end_where_that_saves_much() -> None:
    """Rows of 4, 2 and 1: one bucket of 12 positions, but two lanes of 4, the second with one place left."""
    step = step_of([batch_of([[4, 5, 6, 7], [8, 9], [1]])])
    positions = step.packed
    assert positions.packed is not None
    assert positions.inputs.tolist() == [[4, 5, 6, 7, 8, 9, 1, 0]]
    assert positions.targets.tolist() == [[5, 6, 7, 8, 9, 10, 2, 0]]
    assert positions.real.tolist() == [[True] * 7 + [False]]
    assert positions.from_end.tolist() == [[3, 2, 1, 0, 1, 0, 0, 0]]
    assert positions.packed.begin.tolist() == [0, 0, 0, 0, 0, 0, 2, 3]
    assert positions.packed.of_buckets.tolist() == [0, 1, 2, 3, 4, 5, 8, 12]
    assert positions.packed.of_packed[[0, 1, 2, 3, 4, 5, 8]].tolist() == [0, 1, 2, 3, 4, 5, 6]


def test_rows_that_leave_no_room_beside_them_stay_in_buckets() -> None:
    """Of rows of 11 to 20 no two fit in a lane of 20: end to end, 64 of them take 1,280 positions.

    All padding and all calls but one would be worth it, so that only the packing itself says no.
    """
    lengths = -np.sort(-np.random.default_rng(2).integers(11, 21, size=64))
    step = step_of([batch_of([[1] * int(length) for length in lengths])])
    n_saved_at_most = step.buckets[-1].positions.stop - lengths.sum() + (len(step.buckets) - 1) * MEASURED.bucket_cost
    assert n_saved_at_most > MEASURED.least_saved * lengths.sum()
    assert step.packed.packed is None


@pytest.mark.parametrize("n_replicas", [1, 2])
def test_states_go_to_the_buckets_and_their_gradient_comes_back(n_replicas: int) -> None:
    """Each real position of the buckets has the state of its item; what is added to it there is added here, and nothing else."""
    batches = [batch_of([[4, 5, 6, 7], [8, 9], [1]]), batch_of([[2, 3, 4], [5, 6, 7], [9]])][:n_replicas]
    step = step_of(batches, policy=LayoutPolicy(least_saved=-1.0))
    states, by_states = step.packed.inputs[..., None].float(), torch.zeros(*step.packed.inputs.shape, 1)
    in_buckets, by_buckets = step.packed.to_buckets(states, by_states)
    assert torch.equal(in_buckets[..., 0] * step.in_buckets.real, step.in_buckets.inputs.float())
    by_buckets[:, : in_buckets.shape[1]] += step.in_buckets.inputs[..., None] * step.in_buckets.real[..., None]
    step.packed.from_buckets(by_buckets, by_states)
    assert torch.equal(by_states, states)

"""Positions that had no negative are counted, and a replica that had nothing else is ended."""

import json

import numpy as np
import pytest
import torch

from nsbench.batching.batch import UserBatch
from nsbench.errors import NoNegatives
from nsbench.samplers.sampler import Negatives
from nsbench.training.batch_stream import TrainingBatch
from nsbench.training.progress import Replica
from nsbench.training.shortage import EpochShortage
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu

CPU = torch.device("cpu")
REPLICAS = [Replica(3, 1e-2), Replica(4, 1e-3)]

TARGETS = [[5, 6, 7], [8, 9, 0], [5, 0, 0], [6, 0, 0]]
"""Four users of 3, 2, 1 and 1 positions; of two replicas, two each."""


def draw_of(mask: list[object], n_replicas: int, device: torch.device = CPU) -> TrainingBatch:
    targets = torch.tensor(TARGETS)
    lengths = (targets > 0).sum(1)
    users, lengths_on_device, inputs, targets_on_gpu = (
        part.to(device) for part in (torch.arange(4), lengths, targets, targets)
    )
    batch = UserBatch(users, lengths_on_device, inputs, targets_on_gpu, n_replicas, lengths.numpy())
    mask_on_gpu = torch.tensor(mask).to(device)
    return TrainingBatch(batch, Negatives(torch.ones_like(mask_on_gpu, dtype=torch.int64), mask_on_gpu))


SHARED = [[[False, True]], [[False, False]], [[True, True]], [[False, False]]]
"""The second and the fourth user have no negative: 2 positions and 1."""

BY_POSITION = [
    [[False, True], [False, False], [False, False]],
    [[True, False], [True, True], [False, False]],
    [[False, False], [True, True], [True, True]],
    [[False, True], [False, False], [False, False]],
]
"""Without: the first user's last two positions and the third's only one; what is padding doesn't count."""

OF_ALL = [[[False, False]]]
"""Nobody has one: 7 positions."""


@pytest.mark.parametrize("place", ["cpu", "gpu"])
@pytest.mark.parametrize(("mask", "by_replica"), [(SHARED, [2, 1]), (BY_POSITION, [2, 1]), (OF_ALL, [5, 2])])
def test_real_positions_without_a_negative_are_counted(place: str, mask: list[object], by_replica: list[int]) -> None:
    """On a CPU a draw is of one replica."""
    if place == "cpu":
        assert draw_of(mask, 1).n_without_negatives().tolist() == [sum(by_replica)]
        return
    with pretended_gpu() as started:
        draw = draw_of(mask, 2, PRETEND_GPU)
        with started.without_waiting():
            found = draw.n_without_negatives()
        assert found.tolist() == by_replica


def test_the_share_is_each_replicas_own_over_all_steps() -> None:
    """(1 + 2) / (4 + 8) = .25 and none."""
    shortage = EpochShortage(1, REPLICAS, CPU)
    shortage.add(torch.tensor([1, 0]), np.array([4, 5]))
    shortage.add(torch.tensor([2, 0]), np.array([8, 5]))
    shortage.end()
    assert shortage.shares() == [0.25, 0.0]
    assert shortage.failures == {}


def test_a_replica_without_any_negative_in_an_epoch_is_ended() -> None:
    shortage = EpochShortage(7, REPLICAS, CPU)
    for n_without in (1_000, 200):
        shortage.add(torch.tensor([0, n_without]), np.array([n_without, n_without]))
    assert shortage.failures == {}
    shortage.end()
    assert list(shortage.failures) == [1]
    assert isinstance(shortage.failures[1], NoNegatives)
    assert str(shortage.failures[1]).startswith("none of the 1,200 positions of epoch 7 had a negative (seed 4)")


def test_an_epoch_goes_on_from_what_was_kept_of_it() -> None:
    before, after = EpochShortage(1, REPLICAS, CPU), EpochShortage(1, REPLICAS, CPU)
    before.add(torch.tensor([1, 2]), np.array([2, 2]))
    after.restore(json.loads(json.dumps(before.counts())))
    after.add(torch.tensor([2, 0]), np.array([2, 2]))
    assert after.counts() == [(3, 4), (2, 4)]

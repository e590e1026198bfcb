"""Windows of training history and the batches cut from them."""

import numpy as np
import torch

from nsbench.batching.batch import BatchSampler
from nsbench.batching.window import windows_of
from tests.builder import dataset_of
from tests.pretend_gpu import PRETEND_GPU, pretended_gpu

LOG = dataset_of([[1, 2, 3, 4, 5], [1, 2], [6]], valid=[[7]], test=[[8]])
CPU = torch.device("cpu")


def test_a_window_holds_the_last_targets_of_training_only() -> None:
    """User 0 trains on targets 2..5; at max_length 3 the inputs are 2, 3, 4 and the targets 3, 4, 5. User 2 has none."""
    batch = next(BatchSampler(LOG, windows_of(LOG, 3), 8, CPU).epoch(np.random.default_rng(0)))
    assert batch.users.tolist() == [0, 1]
    assert batch.inputs.tolist() == [[2, 3, 4], [1, 0, 0]]
    assert batch.targets.tolist() == [[3, 4, 5], [2, 0, 0]]
    assert batch.lengths.tolist() == [3, 1]
    assert batch.n_positives == 4


def test_all_windows_cover_every_target_once() -> None:
    """User 0 has 4 targets: windows of 3 from the end leave one of 1 at the start."""
    windows = windows_of(LOG, 3, "all")
    targets = LOG.item_ids[windows.target_index()]
    assert sorted(windows.lengths.tolist()) == [1, 1, 3]
    assert sorted(targets.tolist()) == [2, 2, 3, 4, 5]


def test_so_many_windows_have_the_targets_of_the_longest() -> None:
    """4, 1 and 1 targets, 2 on average: two windows to the longest. At max_length 1 all are as long: one."""
    log = dataset_of([[1, 2, 3, 4, 5], [1, 2], [3, 4]])
    assert windows_of(log, 5).n_to_longest == 2
    assert windows_of(log, 1).n_to_longest == 1


def test_a_pass_visits_every_user_once() -> None:
    log = dataset_of([[1, 2]] * 10)
    batches = list(BatchSampler(log, windows_of(log, 5), 4, CPU).epoch(np.random.default_rng(0)))
    assert [len(batch.users) for batch in batches] == [4, 4, 2]
    assert sorted(user for batch in batches for user in batch.users.tolist()) == list(range(10))


def test_draws_with_replacement_leave_the_last_part_of_a_pass_out() -> None:
    """10 users in batches of 4 are two steps an epoch, as in the published code."""
    log = dataset_of([[1, 2]] * 10)
    source = BatchSampler(log, windows_of(log, 5), 4, CPU, "with_replacement")
    assert [len(batch.users) for batch in source.epoch(np.random.default_rng(0))] == [4, 4]


HALF_TRAINED = [[1, 2], [1], [], [1, 2, 3], [], [1, 2], [1, 2], [], [1, 2], [1, 2]]
"""Ten users, six of whom have two training interactions."""


def test_an_epoch_of_all_users_draws_the_trained_ones_as_often_as_there_are_users() -> None:
    """Six users would be one batch of four; ten are two. Users 1, 2, 4 and 7 have nothing to train on."""
    log = dataset_of(HALF_TRAINED, test=[[1]] * 10)
    windows = windows_of(log, 5)
    assert BatchSampler(log, windows, 4, CPU, "with_replacement").n_batches == 1
    source = BatchSampler(log, windows, 4, CPU, "with_replacement", epoch_users="all")
    batches = [batch for seed in range(20) for batch in source.epoch(np.random.default_rng(seed))]
    assert [len(batch.users) for batch in batches] == [4] * 40
    assert {user for batch in batches for user in batch.users.tolist()} == {0, 3, 5, 6, 8, 9}


def test_a_shuffled_epoch_of_all_users_goes_on_into_a_second_pass() -> None:
    """Ten rows: each of the six trained users once, then four of them once more."""
    log = dataset_of(HALF_TRAINED, test=[[1]] * 10)
    source = BatchSampler(log, windows_of(log, 5), 4, CPU, epoch_users="all")
    batches = list(source.epoch(np.random.default_rng(0)))
    assert [len(batch.users) for batch in batches] == [4, 4, 2]
    assert source.n_batches == 3
    users = sorted(user for batch in batches for user in batch.users.tolist())
    assert sorted(set(users)) == [0, 3, 5, 6, 8, 9]
    assert max(users.count(user) for user in users) == 2


def test_a_batch_may_have_more_draws_than_there_are_trained_users() -> None:
    """A batch of eight from six trained users of ten: one step; without the others a batch has six."""
    log = dataset_of(HALF_TRAINED, test=[[1]] * 10)
    sizes = [
        [len(batch.users) for batch in source.epoch(np.random.default_rng(0))]
        for source in (
            BatchSampler(log, windows_of(log, 5), 8, CPU, "with_replacement", epoch_users="all"),
            BatchSampler(log, windows_of(log, 5), 8, CPU, "with_replacement"),
        )
    ]
    assert sizes == [[8], [6]]


def test_a_gpu_cuts_the_same_batches_for_all_replicas_at_once() -> None:
    """Two replicas of two users each, against the host's batches; rows are as wide as the longest window, 3."""
    log = dataset_of([[1, 2, 3, 4, 5], [6, 7], [8, 9, 10], [11, 12]])
    windows = windows_of(log, 3)
    here = BatchSampler(log, windows, 2, CPU)
    chosen = np.array([[1, 0], [3, 2]])
    with pretended_gpu() as started:
        there = BatchSampler(log, windows, 2, PRETEND_GPU)
        there.batch(chosen)
        with started.without_waiting():
            batch = there.batch(chosen)
        assert batch.n_replicas == 2
        assert batch.known_lengths.tolist() == [[3, 1], [2, 1]]
        assert batch.users.tolist() == [0, 1, 2, 3]
        assert batch.lengths.tolist() == [3, 1, 2, 1]
        assert batch.inputs.tolist() == [[2, 3, 4], [6, 0, 0], [8, 9, 0], [11, 0, 0]]
        assert batch.targets.tolist() == [[3, 4, 5], [7, 0, 0], [9, 10, 0], [12, 0, 0]]
    assert [here.batch(own[None]).users.tolist() for own in chosen] == [[0, 1], [2, 3]]

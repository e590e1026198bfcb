"""How a step is cut into parts for several processes."""

import pytest
import torch

from nsbench.batching.batch import UserBatch
from nsbench.batching.step import step_of
from nsbench.errors import SettingsError
from nsbench.samplers.sampler import Negatives
from nsbench.tensors.process_group import ALONE
from nsbench.training.distributed.batch_shard import batch_shard_of, check_batch_size
from nsbench.training.distributed.torch_group import torchrun_group
from tests.place import Place

# Three users with 3, 2 and 1 positions.
BATCH = UserBatch(
    torch.tensor([7, 8, 9]),
    torch.tensor([3, 2, 1]),
    torch.tensor([[1, 2, 3], [4, 5, 0], [6, 0, 0]]),
    torch.tensor([[2, 3, 4], [5, 6, 0], [7, 0, 0]]),
)
OWN = Negatives(torch.arange(1, 7).view(1, 3, 1, 2), torch.ones(1, 3, 1, 2, dtype=torch.bool))
SHARED = Negatives(torch.tensor([[[[1, 2]]]]), torch.ones(1, 3, 3, 2, dtype=torch.bool))


def test_every_second_user_is_a_processs_own_with_its_negatives() -> None:
    """Process 0 of 2 has users 7 and 9, negatives 1, 2 and 5, 6; the mean is over all 6 positions."""
    part, negatives = batch_shard_of(step_of([BATCH]), OWN, Place(0, 2))
    assert part.batches[0].users.tolist() == [7, 9]
    assert part.lengths.tolist() == [[3, 1]]
    assert negatives.item_ids.flatten().tolist() == [1, 2, 5, 6]
    assert part.joined.lengths.tolist() == [[3, 2, 1]]


def test_a_part_is_as_wide_as_its_longest_user() -> None:
    """Process 1 of 2 has user 8 with two positions; what the batch shares stays shared."""
    part, negatives = batch_shard_of(step_of([BATCH]), SHARED, Place(1, 2))
    assert part.in_buckets.inputs.tolist() == [[4, 5]]
    assert negatives.item_ids.shape == (1, 1, 1, 2)
    assert negatives.mask.shape == (1, 1, 2, 2)


def test_a_process_without_a_user_has_one_position_that_counts_nothing() -> None:
    part, negatives = batch_shard_of(step_of([BATCH]), OWN, Place(3, 4))
    assert part.lengths.tolist() == [[0]]
    assert part.in_buckets.inputs.tolist() == [[0]]
    assert not part.in_buckets.real.any()
    assert negatives.item_ids.shape == (1, 1, 1, 2)


def test_a_process_alone_has_the_step_as_it_is() -> None:
    step = step_of([BATCH])
    assert batch_shard_of(step, OWN, ALONE) == (step, OWN)


def test_a_batch_smaller_than_the_number_of_processes_is_refused() -> None:
    check_batch_size(4, Place(0, 4))
    with pytest.raises(
        SettingsError, match="batch_size is 3, the users of a step of all 4 processes together; set it to 4"
    ):
        check_batch_size(3, Place(0, 4))


def test_a_process_that_torchrun_did_not_start_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    with torchrun_group() as group:
        assert (group.rank, group.size) == (0, 1)

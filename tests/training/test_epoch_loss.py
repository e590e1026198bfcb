"""The mean loss of an epoch, and where it became no number."""

import pytest
import torch

from nsbench.training.epoch_loss import CHECK_EVERY, EpochLoss
from nsbench.training.progress import Replica

CPU = torch.device("cpu")
REPLICAS = [Replica(3, 1e-2), Replica(4, 1e-3)]


def test_the_mean_is_each_replicas_own() -> None:
    """(1 + 2 + 6) / 3 = 3 and (0 + 0 + 3) / 3 = 1."""
    loss = EpochLoss(1, REPLICAS, CPU)
    for values in ((1.0, 0.0), (2.0, 0.0), (6.0, 3.0)):
        loss.add(torch.tensor(values))
    assert loss.means() == [3.0, 1.0]


def test_the_mean_does_not_depend_on_when_the_losses_were_read() -> None:
    generator = torch.Generator().manual_seed(0)
    losses = torch.rand((3 * CHECK_EVERY + 5, 2), generator=generator)
    often, seldom = EpochLoss(1, REPLICAS, CPU), EpochLoss(1, REPLICAS, CPU)
    for number, row in enumerate(losses):
        often.add(row)
        seldom.add(row)
        if number % 3 == 0:
            often.read()
    assert often.means() == seldom.means()


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_named_with_its_step_although_it_is_read_later(bad: float) -> None:
    """Steps 18 and 20 go wrong; they are read after step 32, and the first of them is said."""
    loss = EpochLoss(7, REPLICAS, CPU)
    for step in range(1, 2 * CHECK_EVERY):
        loss.add(torch.tensor((0.5, bad if step in (18, 20) else 0.5)))
    assert loss.failures == {}
    loss.add(torch.tensor((0.5, 0.5)))
    assert list(loss.failures) == [1]
    assert str(loss.failures[1]).startswith(f"the loss is {bad} in step 18 of epoch 7 (seed 4, learning_rate 0.001)")


def test_a_replica_whose_loss_is_no_number_leaves_the_others_means_alone() -> None:
    """(1 + 3) / 2 = 2."""
    loss = EpochLoss(1, REPLICAS, CPU)
    loss.add(torch.tensor((1.0, float("nan"))))
    loss.add(torch.tensor((3.0, float("nan"))))
    assert loss.means()[0] == 2

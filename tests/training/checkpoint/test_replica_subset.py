"""A replica that leaves takes nothing from the others: they go on as they would have, and so do their checkpoints."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from nsbench.errors import NonFiniteLoss
from nsbench.training.checkpoint.replica_subset import select_replicas
from nsbench.training.checkpoint.snapshot import Snapshot
from nsbench.training.checkpoint.state_tensor import leading, per_slot, shared
from nsbench.training.checkpoint.training_checkpoint import Checkpoints, TrainingIdentity
from nsbench.training.event import StopReplica, Validated
from nsbench.training.progress import Replica
from tests.training.checkpoint.test_training_checkpoint import EAGER, Stopper, trained, trainer_of

THREE = [Replica(0, 1e-2), Replica(1, 5e-3), Replica(2, 2e-3)]
OF_THREE = TrainingIdentity(["a", "b", "c"], "log", [0, 1, 2], ["x"] * 3, "cpu")


class Leaver(Stopper):
    """Stops replicas at some epoch's validation."""

    def __init__(self, leaves: Mapping[int, int], **stops: int) -> None:
        super().__init__(**stops)
        self._leaves = leaves
        self.seen: list[tuple[int, int]] = []
        self.n_positives: list[int] = []

    def stepped(self, n_positives: int) -> None:
        super().stepped(n_positives)
        self.n_positives.append(n_positives)

    def validated(self, replica: int, event: Validated) -> None:
        self.seen.append((replica, event.epoch))
        if self._leaves.get(replica) == event.epoch:
            raise StopReplica
        super().validated(replica, event)

    def failed(self, replica: int) -> None:
        self.seen.append((replica, -1))


@pytest.mark.parametrize("case", [("random", {}), ("cross-batch", {}), ("adaptive-mixed", {"replay_factor": 1.5})])
def test_those_that_stay_end_as_if_they_had_been_alone_together(case: tuple[str, dict[str, float]]) -> None:
    """Replica 1 leaves at its validation of epoch 2 of 4; up to rounding, which depends on how many are multiplied at once."""
    sampler, settings = case
    leaver = Leaver({1: 2})
    result = trained(trainer_of(sampler, **settings), THREE, leaver)
    others = trained(trainer_of(sampler, **settings), [THREE[0], THREE[2]], Stopper())
    assert result.replica_ids == (0, 2)
    assert [replica for replica, epoch in leaver.seen if epoch == 3] == [0, 2]
    assert torch.allclose(result.model.items, others.model.items, atol=1e-5)
    assert torch.allclose(result.model.dense, others.model.dense, atol=1e-5)
    assert (result.best_epochs, result.n_epochs) == (others.best_epochs, others.n_epochs)


def test_those_that_leave_take_their_share_of_the_count_along_and_cost_nothing_more() -> None:
    """A validation comes before epoch 3: half of what two took until then, and all that one takes alone."""
    leaver = Leaver({1: 2})
    result = trained(trainer_of(), THREE[:2], leaver)
    alone = trained(trainer_of(), THREE[:1], Stopper())
    assert result.counts.n_positives == alone.counts.n_positives
    assert leaver.n_positives[-1] == pytest.approx(leaver.n_positives[1] / 2, abs=1)


@pytest.mark.parametrize("rate", [float("inf"), 1e38])
def test_a_replica_whose_loss_is_no_number_leaves_and_the_others_go_on(rate: float) -> None:
    leaver = Leaver({})
    result = trained(trainer_of(), [THREE[0], Replica(1, rate), THREE[2]], leaver)
    others = trained(trainer_of(), [THREE[0], THREE[2]], Stopper())
    assert result.replica_ids == (0, 2)
    assert (1, -1) in leaver.seen
    assert torch.allclose(result.model.items, others.model.items, atol=1e-5)
    assert result.counts.n_positives == others.counts.n_positives


def test_where_none_is_left_the_training_ends_with_the_loss() -> None:
    with pytest.raises(NonFiniteLoss, match="the loss is .* in step .* of epoch 1 .seed 0"):
        trained(trainer_of(), [Replica(0, float("inf")), Replica(1, float("inf"))], Leaver({}))


@pytest.mark.parametrize("after", [5, 6, 7])
def test_a_training_that_is_stopped_after_a_replica_left_goes_on_as_that_of_the_others(
    tmp_path: Path, after: int
) -> None:
    """Two steps an epoch: replica 1 is gone after four, and what is kept is of 0 and 2 under their own name."""
    whole = trained(trainer_of(), THREE, Leaver({1: 2}))
    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trained(trainer_of(), THREE, Leaver({1: 2}, after=after), checkpoints.of(OF_THREE))
    assert checkpoints.of(OF_THREE).load() is None
    again = Leaver({})
    rest = trained(trainer_of(), [THREE[0], THREE[2]], again, checkpoints.of(OF_THREE.select_replicas([0, 2])))
    assert again.n_steps == 8 - after
    assert torch.equal(rest.model.items, whole.model.items)
    assert rest.validations == whole.validations


def test_a_stop_at_the_validation_at_which_a_replica_leaves_keeps_the_others(tmp_path: Path) -> None:
    """Replica 0 leaves at epoch 2, and the validation of replica 1, the fifth in all, is cut short."""
    checkpoints = Checkpoints(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        trained(trainer_of(), THREE, Leaver({0: 2}, at_validation=4), checkpoints.of(OF_THREE))
    again = Leaver({})
    trained(trainer_of(), THREE[1:], again, checkpoints.of(OF_THREE.select_replicas([1, 2])))
    assert again.seen[:2] == [(0, 2), (1, 2)]


def test_what_was_kept_of_all_is_deleted_when_the_rest_is_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, **EAGER)
    file = checkpoints.of(OF_THREE)
    file.save(Snapshot({"x": leading(torch.zeros(1))}, "{}"))
    before = file.path
    file.select_replicas([2])
    assert file.is_due()
    assert before.exists()
    file.save(Snapshot({"x": leading(torch.zeros(1))}, "{}"))
    assert not before.exists()
    assert checkpoints.of(OF_THREE.select_replicas([2])).load() is not None
    file.remove()
    assert not list(tmp_path.iterdir())


def test_a_snapshot_keeps_rows_numbers_and_shares() -> None:
    """Of three replicas the first and the last: 6 s, 3 CPU s and 9 positives of three are 4 s, 2 CPU s and 6 positives of two."""
    tensors = {
        "items": leading(torch.arange(3.0)),
        "n_steps": shared(torch.tensor([7.0, 8.0, 9.0])),
        "dropout": per_slot([torch.tensor(slot) for slot in range(3)]),
    }
    standing = {
        "progress": ["a", "b", "c"],
        "loss_sums": [1, 2, 3],
        "shortage": [[0, 3], [1, 3], [2, 3]],
        "counts": {"train_s": 6.0, "cpu_s": 3.0, "n_positives": 9},
    }
    found = select_replicas(Snapshot(tensors, json.dumps(standing)), [0, 2])
    assert {name: tensor.tolist() for name, tensor in found.plain_tensors().items()} == {
        "items": [0, 2],
        "n_steps": [7, 8, 9],
        "dropout.0": 0,
        "dropout.1": 2,
    }
    assert json.loads(found.standing) == {
        "progress": ["a", "c"],
        "loss_sums": [1, 3],
        "shortage": [[0, 3], [2, 3]],
        "counts": {"train_s": 4.0, "cpu_s": 2.0, "n_positives": 6},
    }

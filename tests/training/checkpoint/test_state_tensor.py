"""Every part of a training says of its tensors where the replicas are, and states are taken apart by nothing else."""

import pytest
import torch

from nsbench.samplers import SAMPLERS
from nsbench.tensors.process_group import ALONE
from nsbench.training.batch_stream import BatchStream
from nsbench.training.checkpoint.snapshot import Snapshot, snapshot_of
from nsbench.training.checkpoint.state_tensor import (
    ReplicaAxis,
    State,
    StateTensor,
    joined,
    leading,
    per_slot,
    select,
    shared,
)
from nsbench.training.distributed.sharded_table import ShardedTable
from nsbench.training.optimizer.adam import Adam
from nsbench.training.optimizer.item_table import CopiedTable, ItemTable, WholeTable
from nsbench.training.progress import Replica
from nsbench.training.state import TrainingState
from tests.samplers.log import CPU
from tests.training.checkpoint.test_training_checkpoint import trainer_of

MOMENTS = {"mean": "leading", "square": "leading", "n_steps": "shared"}

STREAM = dict.fromkeys(("n_given", "n_stored", "replays", "shuffle", "replay", "sampler"), "per slot")

QUEUE = ("sampler_state.queued_items", "sampler_state.queued_sizes", "sampler_state.n_queued")


def state_of(sampler: str, seeds: tuple[int, ...]) -> TrainingState:
    """A training that has not taken a step."""
    return trainer_of(sampler)._begin({slot: Replica(seed, 1e-2) for slot, seed in enumerate(seeds)})


def axes_of(state: State) -> dict[str, str]:
    return {name: str(tensor.axis) for name, tensor in state.items()}


def values_of(state: State) -> dict[str, list[object]]:
    return {name: [part.tolist() for part in tensor.parts] for name, tensor in state.items()}


SOME: dict[str, StateTensor] = {
    "n_steps": shared(torch.tensor(7)),
    "mean": leading(torch.tensor([[1, 2], [3, 4], [5, 6]])),
    "stream": per_slot([torch.tensor([1]), torch.tensor([2, 3]), torch.tensor([])]),
}


def test_some_replicas_keep_what_is_shared_their_rows_and_their_own_tensors_in_the_order_asked_for() -> None:
    assert values_of(select(SOME, [2, 0])) == {
        "n_steps": [7],
        "mean": [[[5, 6], [1, 2]]],
        "stream": [[], [1]],
    }


def test_states_of_single_replicas_put_together_are_the_state_of_all() -> None:
    whole = joined([select(SOME, [slot]) for slot in range(3)])
    assert values_of(whole) == values_of(SOME)
    assert axes_of(whole) == axes_of(SOME)


def test_a_tensor_per_replica_is_no_single_tensor() -> None:
    with pytest.raises(ValueError, match="too many values"):
        _ = SOME["stream"].tensor


def test_a_snapshot_comes_back_from_plain_tensors_and_text() -> None:
    snapshot = Snapshot(SOME, "{}")
    plain = snapshot.plain_tensors()
    assert list(plain) == ["n_steps", "mean", "stream.0", "stream.1", "stream.2"]
    again = snapshot_of(plain, snapshot.axes(), "{}")
    assert values_of(again.tensors) == values_of(SOME)
    assert axes_of(again.tensors) == axes_of(SOME)


def test_an_axis_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="'sideways' is not a valid ReplicaAxis"):
        snapshot_of({"x": torch.zeros(1)}, '{"x": ["sideways", 1]}', "{}")


def test_adam_has_a_row_of_moments_per_replica_and_one_count() -> None:
    assert axes_of(Adam(torch.zeros(3, 2), torch.full((3,), 0.1)).state()) == MOMENTS


@pytest.mark.parametrize("kind", ["whole", "copied", "sharded"])
def test_an_item_table_declares_what_its_adam_does(kind: str) -> None:
    own = WholeTable(torch.zeros(3, 4, 2), torch.full((3,), 0.1), row_wise=True)
    tables: dict[str, ItemTable] = {
        "whole": own,
        "copied": CopiedTable(own, ALONE),
        "sharded": ShardedTable(own, ALONE),
    }
    assert axes_of(tables[kind].state()) == MOMENTS


@pytest.mark.parametrize("sampler", ["random", "cross-batch"])
def test_a_batch_stream_has_everything_of_its_replica_alone(sampler: str) -> None:
    trainer = trainer_of(sampler)
    stream = BatchStream(trainer.batches, trainer.sampler, 0, CPU)
    queue = dict.fromkeys(QUEUE, "per slot") if sampler == "cross-batch" else {}
    assert axes_of(stream.state()) == STREAM | queue


def test_a_training_declares_every_tensor() -> None:
    """Parameters and moments by row, the dropout and batch streams by slot, and Adam's counts once."""
    axes = axes_of(state_of("random", (0, 1, 2)).snapshot().tensors)
    assert axes == {
        **{f"{model}.{part}": "leading" for model in ("model", "best") for part in ("dense", "items")},
        **{f"stepper.{part}.{name}": axis for part in ("dense_adam", "item_adam") for name, axis in MOMENTS.items()},
        "stepper.dropout": "per slot",
        "drawn": "leading",
        **{f"source.{name}": axis for name, axis in STREAM.items()},
    }


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_first_and_the_last_of_three_stand_where_those_two_alone_would(sampler: str) -> None:
    """Before the first step, bit for bit: an axis that isn't what its part declares has another shape or other values."""
    narrowed = select(state_of(sampler, (5, 6, 7)).snapshot().tensors, [0, 2])
    alone = state_of(sampler, (5, 7)).snapshot().tensors
    assert axes_of(narrowed) == axes_of(alone)
    assert values_of(narrowed) == values_of(alone)
    assert {len(one.parts) for one in alone.values() if one.axis is ReplicaAxis.PER_SLOT} == {2}

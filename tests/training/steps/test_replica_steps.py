"""Replicas in the same kernels or one after the other: the same training, the same state."""

from collections.abc import Sequence

import pytest
import torch

from nsbench.batching.batch import BatchSampler
from nsbench.batching.window import windows_of
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers.random import RandomSettings
from nsbench.training.batch_stream import BatchStream
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.replica_steps import BatchedReplicas, ReplicaSteps, SequentialReplicas, takes_turns
from nsbench.training.steps.step import Stepper
from tests.samplers.log import CPU, context_of, skewed_log

LOG = skewed_log()
SIZE = SasrecSettings(hidden_dim=8, n_blocks=1, max_length=6, dropout_rate=0.3)
SAMPLER = RandomSettings(n_negatives=5).build(context_of(LOG))
SEEDS = (3, 4, 5)


def generators(seeds: Sequence[int], stream: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(1000 * stream + seed) for seed in seeds]


def model_of(seeds: Sequence[int]) -> Model:
    return initial_model(SIZE, LOG.n_items, generators(seeds, 0))


def stepper_of(model: Model, seeds: Sequence[int]) -> Stepper:
    rates = [1e-3 * (1 + seed) for seed in seeds]
    return Stepper(model, SAMPLER, BinaryCrossEntropy(), TrainingSettings(), rates, generators(seeds, 1))


def in_turn(model: Model) -> SequentialReplicas:
    return SequentialReplicas([stepper_of(model.replica(place), [seed]) for place, seed in enumerate(SEEDS)])


def take(steps: ReplicaSteps, seeds: Sequence[int], first: int, end: int) -> list[torch.Tensor]:
    """The losses of the steps first..end - 1 of a pass over the log, eight users each."""
    batches = BatchSampler(LOG, windows_of(LOG, SIZE.max_length), 8, CPU)
    sources = [BatchStream(batches, SAMPLER, seed, CPU).epoch() for seed in seeds]
    draws = list(zip(*sources, strict=True))
    return [steps.step(draw) for draw in draws[first:end]]


def test_in_turn_a_replica_equals_the_same_seed_alone_bit_for_bit() -> None:
    model, alone = model_of(SEEDS), model_of(SEEDS[1:2])
    losses = take(in_turn(model), SEEDS, 0, 3)
    own = take(BatchedReplicas(stepper_of(alone, SEEDS[1:2])), SEEDS[1:2], 0, 3)
    assert [loss[1].item() for loss in losses] == [loss.item() for loss in own]
    assert torch.equal(model.items[1], alone.items[0])
    assert torch.equal(model.dense[1], alone.dense[0])


@pytest.mark.parametrize("first_in_turn", [True, False], ids=["in turn, then together", "together, then in turn"])
def test_either_goes_on_with_the_others_state(first_in_turn: bool) -> None:
    """Two steps one way and two the other against four in turn: up to rounding."""
    whole, model = model_of(SEEDS), model_of(SEEDS)
    expected = take(in_turn(whole), SEEDS, 0, 4)
    both: list[ReplicaSteps] = [in_turn(model), BatchedReplicas(stepper_of(model, SEEDS))]
    first, second = both if first_in_turn else both[::-1]
    take(first, SEEDS, 0, 2)
    second.restore(first.state())
    assert torch.allclose(torch.stack(take(second, SEEDS, 2, 4)), torch.stack(expected[2:]), atol=1e-6)
    assert torch.allclose(model.items, whole.items, atol=1e-5)


@pytest.mark.parametrize(
    ("n_replicas", "n_positives", "device", "expected"),
    [(4, 5000.0, "cpu", True), (4, 100.0, "cpu", False), (1, 5000.0, "cpu", False), (4, 5000.0, "cuda", False)],
    ids=["large steps", "small steps", "one replica", "on a GPU"],
)
def test_only_large_steps_on_a_cpu_are_taken_in_turn(
    n_replicas: int, n_positives: float, device: str, expected: bool
) -> None:
    assert takes_turns(n_replicas, n_positives, torch.device(device)) is expected

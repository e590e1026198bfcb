"""What only a GPU runs of a step: what the CPU's step gives, for each replica as if it were alone, without waiting."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest
import torch

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.buckets import MEASURED, LayoutPolicy
from nsbench.batching.window import windows_of
from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.losses.loss import Loss
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers import SAMPLERS
from nsbench.samplers.random import RandomSettings
from nsbench.samplers.sampler import SamplerSettings
from nsbench.training.batch_stream import BatchStream, TrainingBatch, epoch_of
from nsbench.training.distributed.batch_shard import batch_shard_of
from nsbench.training.optimizer.item_table import WholeTable
from nsbench.training.settings import TrainingSettings
from nsbench.training.steps.replica_steps import BatchedReplicas, laid_out
from nsbench.training.steps.step import Stepper
from tests.place import Place
from tests.pretend_gpu import IS_PRETENDED, PRETEND_GPU, only_pretended, pretended_gpu
from tests.samplers.log import CPU, context_of
from tests.training.steps.test_step import ragged_log

LOG = ragged_log()
SIZE = SasrecSettings(hidden_dim=8, n_blocks=2, max_length=6, dropout_rate=0.3)
SEEDS = (0, 1, 2)
BCE = BinaryCrossEntropy()


def generators(seeds: Sequence[int], stream: int, device: torch.device) -> list[torch.Generator]:
    return [torch.Generator(device).manual_seed(1000 * stream + seed) for seed in seeds]


def stepper_on(
    device: torch.device,
    sampler: SamplerSettings,
    settings: TrainingSettings,
    size: SasrecSettings = SIZE,
    seeds: Sequence[int] = SEEDS,
    loss: Loss = BCE,
) -> tuple[Model, Stepper]:
    """Replicas with learning rates of their own."""
    model = initial_model(size, LOG.n_items, generators(seeds, 0, device))
    rates = [1e-3 * (1 + seed) for seed in seeds]
    built = sampler.build(context_of(LOG, device))
    return model, Stepper(model, built, loss, settings, rates, generators(seeds, 1, device))


def sources_on(
    device: torch.device, sampler: SamplerSettings, seeds: Sequence[int] = SEEDS, replay_factor: float = 0.0
) -> list[BatchStream]:
    batches = BatchSampler(LOG, windows_of(LOG, SIZE.max_length), 16, device)
    built = sampler.build(context_of(LOG, device))
    return [BatchStream(batches, built, seed, device, replay_factor) for seed in seeds]


def moved(draw: TrainingBatch) -> TrainingBatch:
    """The draw on the device."""
    users, lengths, inputs, targets = (
        part.to(PRETEND_GPU) for part in (draw.batch.users, draw.batch.lengths, draw.batch.inputs, draw.batch.targets)
    )
    batch = UserBatch(users, lengths, inputs, targets, lengths_on_host=draw.batch.lengths_on_host)
    negatives = draw.negatives
    return TrainingBatch(
        batch, replace(negatives, item_ids=negatives.item_ids.to(PRETEND_GPU), mask=negatives.mask.to(PRETEND_GPU))
    )


@pytest.mark.parametrize(
    ("sampler", "training", "size"),
    [
        ("random", {}, {}),
        ("adaptive-mixed", {"item_optimizer": "row-wise"}, {}),
        ("cohort", {}, {"n_heads": 2}),
        ("batch", {"padding": "trained"}, {"dropout_rate": 0.0}),
        ("mixed", {"adam_epsilon": "before_correction"}, {"attention_output": False}),
    ],
)
@pytest.mark.parametrize("sharing", ["user", "group"])
def test_a_step_equals_the_cpus(
    sampler: str,
    training: dict[str, str],
    size: dict[str, float],
    sharing: Literal["user", "group"],
) -> None:
    """Three replicas, three steps, the same draws and blocks: 1e-6 in the losses, 1e-5 in the parameters.

    A LayerNorm after a sum of few positions makes some gradients nearly 0, whose signs Adam's first steps hang on: hence 1e-5.
    A card has other random bits, so that there is no dropout on it, and multiplies in TF32: 1e-3 and a step of Adam.
    """
    policy = LayoutPolicy(bucket_cost=3.0 * MEASURED.gpu_bucket_cost)
    settings = SAMPLERS[sampler].model_validate({"negative_sharing": sharing})
    trained = TrainingSettings.model_validate(training)
    loss = BinaryCrossEntropy("sum", "zero") if sampler == "cohort" else BinaryCrossEntropy()
    no_dropout = {} if IS_PRETENDED else {"dropout_rate": 0.0}
    model_size = SasrecSettings.model_validate({**SIZE.model_dump(), **size, **no_dropout})
    steps = [draws for draws, _ in zip(epoch_of(sources_on(CPU, settings)), range(3), strict=False)]
    here, stepper = stepper_on(CPU, settings, trained, model_size, loss=loss)
    first = here.copy()
    losses = torch.stack([stepper.step(*laid_out(draws, policy=policy)) for draws in steps])
    with pretended_gpu():
        there, stepper = stepper_on(PRETEND_GPU, settings, trained, model_size, loss=loss)
        there.items.copy_(first.items)
        there.dense.copy_(first.dense)
        losses_on_gpu = torch.stack([stepper.step(*laid_out([moved(draw) for draw in draws])) for draws in steps]).cpu()
        items, dense = there.items.cpu(), there.dense.cpu()
    assert torch.allclose(losses_on_gpu, losses, atol=1e-6 if IS_PRETENDED else 1e-3)
    assert torch.allclose(items, here.items, atol=1e-5 if IS_PRETENDED else 1e-2)
    assert torch.allclose(dense, here.dense, atol=1e-5 if IS_PRETENDED else 1e-2)


@pytest.mark.parametrize("row_wise", [True, False])
def test_a_table_moves_a_row_by_the_sum_of_its_gradients(row_wise: bool) -> None:
    """Rows 3, 1, 3 and 1 of five, none of them padding; a second step shows that moments are the sums' too."""
    rows, random = torch.tensor([3, 1, 3, 1]), torch.Generator().manual_seed(2)
    gradients = torch.randn(2, 4, 2, generator=random)
    here, there = torch.zeros(1, 5, 2), torch.zeros(1, 5, 2)
    table = WholeTable(here, torch.tensor([0.1]), row_wise=row_wise)
    for own in gradients:
        table.step(rows, own)
    with pretended_gpu():
        there = there.to(PRETEND_GPU)
        table = WholeTable(there, torch.tensor([0.1]).to(PRETEND_GPU), row_wise=row_wise)
        for own in gradients:
            table.step(rows.to(PRETEND_GPU), own.to(PRETEND_GPU))
        moved = there.cpu()
    assert torch.allclose(moved, here, atol=1e-7)
    assert here[0, 1].abs().min() > 0.01


def every_sampler() -> list[SamplerSettings]:
    """Every sampler that draws, with and without sharing."""
    drawing = [settings for settings in SAMPLERS.values() if "negative_sharing" in settings.model_fields]
    return [settings.model_validate({"negative_sharing": s}) for settings in drawing for s in ("user", "group")]


@pytest.mark.parametrize("settings", every_sampler(), ids=lambda one: f"{one.name}-{one.negative_sharing}")
def test_a_replica_draws_beside_others_what_it_draws_alone(settings: SamplerSettings) -> None:
    """Two steps of an epoch whose batches are no multiple of a group."""
    with pretended_gpu():
        together = list(epoch_of(sources_on(PRETEND_GPU, settings)))[:2]
        alone = list(epoch_of(sources_on(PRETEND_GPU, settings, SEEDS[1:2])))[:2]
        for (draw,), (own,) in zip(together, alone, strict=True):
            assert (draw.batch.n_replicas, own.batch.n_replicas) == (3, 1)
            step, negatives = laid_out([draw])
            own_step, own_negatives = laid_out([own])
            assert step.n_positives[1:2] == own_step.n_positives
            assert step.lengths[1].tolist() == own_step.lengths[0].tolist()
            assert negatives.item_ids[1].tolist() == own_negatives.item_ids[0].tolist()
            assert negatives.mask[1].tolist() == own_negatives.mask[0].tolist()
            if negatives.offsets is not None and own_negatives.offsets is not None:
                assert negatives.offsets[1].tolist() == own_negatives.offsets[0].tolist()


@pytest.mark.parametrize("rank", [0, 1, 16])
def test_a_processs_part_is_cut_from_all_replicas_alike(rank: int) -> None:
    """17 processes for 16 users: the last has none; the parts of three replicas are those of each by itself."""
    with pretended_gpu():
        (draw,) = next(epoch_of(sources_on(PRETEND_GPU, RandomSettings(n_negatives=5))))
        part, negatives = batch_shard_of(*laid_out([draw]), Place(rank, 17))
        for place, seed in enumerate(SEEDS):
            (own,) = next(epoch_of(sources_on(PRETEND_GPU, RandomSettings(n_negatives=5), [seed])))
            alone, own_negatives = batch_shard_of(*laid_out([own]), Place(rank, 17))
            width = alone.row_inputs.shape[2]
            assert part.row_inputs[place, :, :width].tolist() == alone.row_inputs[0].tolist()
            assert part.lengths[place].tolist() == alone.lengths[0].tolist()
            assert negatives.item_ids[place].tolist() == own_negatives.item_ids[0].tolist()


@pytest.mark.parametrize("settings", every_sampler(), ids=lambda one: f"{one.name}-{one.negative_sharing}")
@pytest.mark.parametrize("item_optimizer", ["dense", "row-wise"])
def test_the_host_never_waits_for_a_step(settings: SamplerSettings, item_optimizer: str) -> None:
    """From the second step on, drawing, laying out and moving the model read nothing back."""
    trained = TrainingSettings.model_validate({"item_optimizer": item_optimizer})
    with pretended_gpu() as started:
        _, stepper = stepper_on(PRETEND_GPU, settings, trained)
        draws = epoch_of(sources_on(PRETEND_GPU, settings))
        steps = BatchedReplicas(stepper)
        steps.step(next(draws))
        with started.without_waiting():
            steps.step(next(draws))
        assert not IS_PRETENDED or sum(started.calls.values()) > 100


@only_pretended
def test_replicas_share_the_calls_of_a_step() -> None:
    """What each adds are its own random numbers, four calls; and with rates of their own Adam takes some more. 20 against 1:
    less than half as many again.
    """
    settings, counts = RandomSettings(n_negatives=5), []
    for seeds in ((0,), tuple(range(20))):
        with pretended_gpu() as started:
            _, stepper = stepper_on(PRETEND_GPU, settings, TrainingSettings(), seeds=seeds)
            draws = epoch_of(sources_on(PRETEND_GPU, settings, seeds))
            started.clear()
            BatchedReplicas(stepper).step(next(draws))
            counts.append(sum(started.calls.values()))
    assert counts[1] < 1.5 * counts[0]


def test_replayed_draws_are_each_replicas_own() -> None:
    """A buffer of one epoch: the second epoch's draws are among the first's, replica by replica."""
    with pretended_gpu():
        sources = sources_on(PRETEND_GPU, RandomSettings(n_negatives=5), replay_factor=1.0)
        first = list(epoch_of(sources))
        again = list(epoch_of(sources))
    for place in range(3):
        assert {id(draws[place]) for draws in again} <= {id(draws[place]) for draws in first}


@only_pretended
def test_a_tensor_of_the_host_is_noticed_among_the_devices() -> None:
    """The pretended GPU refuses what CUDA refuses: else the tests above would show nothing."""
    with pretended_gpu() as started:
        there = torch.arange(3, device=PRETEND_GPU)
        with pytest.raises(RuntimeError, match="are on the CPU"):
            there + torch.arange(3)
        assert (there + torch.tensor(1)).tolist() == [1, 2, 3]
        assert started.waits == ["aten::_to_copy"]
        assert len(there[there > 0]) == 2
        assert started.waits[1:] == ["aten::index"]

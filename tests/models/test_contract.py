"""What every backbone keeps to, whatever it is: found by its catalogue."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import BatchSampler, UserBatch
from nsbench.batching.buckets import LayoutPolicy
from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.positions import Positions
from nsbench.batching.step import Step, step_of
from nsbench.batching.window import windows_of
from nsbench.models import MODELS
from nsbench.models.autograd_pass import AutogradPass
from nsbench.models.backbone import Backbone
from nsbench.models.model import Model, initial_model
from tests.builder import dataset_of
from tests.samplers.log import CPU

SIZE = {"hidden_dim": 8, "max_length": 6}
ROWS = [[1, *range(2, 2 + n)] for n in (1, 1, 2, 3, 5, 6, 9, 9, 11)] * 40
LOG = dataset_of(ROWS, test=[[20]], n_items=20)

pytestmark = pytest.mark.parametrize("name", MODELS)


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def model_of(name: str, *seeds: int, dropout_rate: float = 0.0) -> Model:
    """Moved off the first values, of which many are 0."""
    settings = MODELS[name].model_validate({**SIZE, "dropout_rate": dropout_rate})
    model = initial_model(settings, LOG.n_items, generators(*seeds))
    for dense, seed in zip(model.dense, seeds, strict=True):
        dense.add_(0.1 * torch.randn(dense.shape, generator=torch.Generator().manual_seed(100 + seed)))
    return model


def step_for(*seeds: int, least_saved: float = 0.15) -> Step:
    """Rows of 1 to 6 positions, enough of each for buckets of several lengths."""
    source = BatchSampler(LOG, windows_of(LOG, SIZE["max_length"]), 320, CPU)
    batches = [next(source.epoch(np.random.default_rng(seed))) for seed in seeds]
    return step_of(batches, policy=LayoutPolicy(least_saved=least_saved))


def masks_of(backbone: Backbone, step: Step, positions: Positions, *seeds: int) -> ByteDropout:
    return ByteDropout(backbone.dropout_sites(), step, positions, generators(*seeds))


def by_place(positions: Positions, values: Tensor) -> dict[tuple[int, int, int], Tensor]:
    """What stands at each real position, by replica, row and column."""
    found = {}
    for replica, real in enumerate(positions.real):
        for place in real.nonzero()[:, 0].tolist():
            key = (replica, int(positions.row[place]), int(positions.column[place]))
            found[key] = values[replica, place]
    return found


def vectors_of(model: Model, positions: Positions) -> Tensor:
    return torch.stack(
        [functional.embedding(ids, table) for ids, table in zip(positions.inputs, model.items, strict=True)]
    )


@pytest.mark.parametrize("dropout_rate", [0.0, 0.3])
def test_the_training_pass_has_the_definitions_states_and_gradients(name: str, dropout_rate: float) -> None:
    """Two replicas; to 1e-5 of the largest gradient of each parameter."""
    model, step = model_of(name, 1, 2, dropout_rate=dropout_rate), step_for(3, 4)
    backbone = model.backbone
    positions = step.positions(packs_rows=backbone.packs_rows)
    masks = masks_of(backbone, step, positions, 5, 6) if dropout_rate else None
    x = vectors_of(model, positions)
    grad_states = torch.randn(x.shape, generator=torch.Generator().manual_seed(7)) * positions.real[..., None]
    found = []
    for encoder in (
        backbone.training_pass(model.dense, positions, masks),
        AutogradPass(backbone, model.dense, positions, masks),
    ):
        with torch.no_grad():
            states, grad_x = encoder.forward(x.clone()), torch.empty_like(x)
            found.append((states * positions.real[..., None], encoder.backward(grad_states, grad_x), grad_x))
    (states, by_dense, grad_x), (own_states, own_by_dense, own_grad_x) = found
    assert torch.allclose(states, own_states, atol=1e-5)
    real = positions.real[..., None]
    assert torch.allclose(grad_x * real, own_grad_x * real, atol=1e-5 * own_grad_x.abs().max().item())
    for part, own in zip(backbone.named(by_dense).values(), backbone.named(own_by_dense).values(), strict=True):
        assert torch.allclose(part, own, atol=1e-5 * max(1.0, own.abs().max().item()))


def test_the_ranking_pass_has_the_definitions_last_states(name: str) -> None:
    model = model_of(name, 1)
    step = step_for(3)
    positions = step.in_buckets
    states = model.backbone.encode(model.named(), positions, vectors_of(model, positions), None)
    by_row = by_place(positions, states)
    last = [by_row[0, row, int(length) - 1] for row, length in enumerate(step.lengths[0].tolist())]
    ranking = model.backbone.ranking_pass(model.dense, lambda items: functional.embedding(items, model.items[0]))
    assert torch.allclose(ranking.encode(step), torch.stack(last), atol=1e-5)


def test_rows_have_the_same_states_end_to_end_as_in_buckets(name: str) -> None:
    """With the same dropout; a backbone that can't have rows end to end has them in buckets in any case."""
    model, step = model_of(name, 1, 2, dropout_rate=0.3), step_for(3, 4, least_saved=-1.0)
    backbone, found = model.backbone, []
    packed = step.positions(packs_rows=backbone.packs_rows)
    assert (packed.packed is not None) == backbone.packs_rows
    for positions in (step.in_buckets, packed):
        masks = masks_of(backbone, step, positions, 5, 6)
        states = backbone.encode(model.named(), positions, vectors_of(model, positions), masks)
        found.append(by_place(positions, states))
    assert found[0].keys() == found[1].keys()
    assert all(torch.allclose(found[1][place], states, atol=1e-5) for place, states in found[0].items())


def test_a_replica_has_the_states_that_it_has_alone(name: str) -> None:
    together, alone = model_of(name, 1, 2, 3), model_of(name, 2)
    assert torch.equal(together.dense[1], alone.dense[0])
    assert torch.equal(together.items[1], alone.items[0])
    beside, own = step_for(3, 4, 5), step_for(4)
    states = together.backbone.encode(
        together.named(), beside.in_buckets, vectors_of(together, beside.in_buckets), None
    )
    expected = alone.backbone.encode(alone.named(), own.in_buckets, vectors_of(alone, own.in_buckets), None)
    of_together, of_own = by_place(beside.in_buckets, states), by_place(own.in_buckets, expected)
    assert all(torch.allclose(of_together[1, row, column], own, atol=1e-5) for (_, row, column), own in of_own.items())


def test_a_state_knows_nothing_of_what_comes_later(name: str) -> None:
    """The last item of each row changed: all other states stay."""
    model = model_of(name, 1)
    lengths = torch.tensor([6, 6, 5, 3, 2])
    ids = torch.arange(1, 31).view(5, 6) % 20 + 1
    ids = torch.where(torch.arange(6) < lengths[:, None], ids, 0)
    others = torch.where(torch.arange(6) == lengths[:, None] - 1, ids % 20 + 1, ids)
    found = []
    for inputs in (ids, others):
        step = step_of([UserBatch(torch.zeros_like(lengths), lengths, inputs, inputs)])
        states = model.backbone.encode(model.named(), step.in_buckets, vectors_of(model, step.in_buckets), None)
        found.append(by_place(step.in_buckets, states))
    for (replica, row, column), state in found[0].items():
        is_last = column == int(lengths[row]) - 1
        assert torch.allclose(state, found[1][replica, row, column], atol=1e-6) is not is_last


def test_every_parameter_moves_the_states(name: str) -> None:
    """A parameter without a gradient anywhere would be trained in vain."""
    model, step = model_of(name, 1), step_for(3)
    encoder = AutogradPass(model.backbone, model.dense, step.in_buckets, None)
    x = vectors_of(model, step.in_buckets)
    states = encoder.forward(x)
    grad = torch.randn(states.shape, generator=torch.Generator().manual_seed(7)) * step.in_buckets.real[..., None]
    by_dense = encoder.backward(grad, torch.empty_like(x))
    still = [part for part, gradient in model.backbone.named(by_dense).items() if not gradient.any()]
    assert still == []


def test_flops_are_those_of_some_products(name: str) -> None:
    """At least one product of width 8 a position, and more where it sees more, or as many."""
    backbone = model_of(name, 1).backbone
    assert 2 * 8 * 8 <= backbone.flops(1) <= backbone.flops(6)

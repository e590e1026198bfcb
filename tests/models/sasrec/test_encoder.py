"""The encoder's written-out gradient against autograd's, with and without dropout."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import BatchSampler
from nsbench.batching.buckets import LayoutPolicy
from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.positions import Positions
from nsbench.batching.step import Step, step_of
from nsbench.batching.window import windows_of
from nsbench.models.model import initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.models.sasrec.encoder import Encoder
from tests.builder import dataset_of
from tests.samplers.log import CPU

ROWS = [[1, *range(2, 2 + n)] for n in (1, 1, 2, 3, 5, 6, 9, 9, 11)] * 40
LOG = dataset_of(ROWS, test=[[20]], n_items=20)


def step_for(settings: SasrecSettings, n_replicas: int, least_saved: float) -> Step:
    """Rows of 1 to 6 positions, enough of each for buckets of several lengths."""
    source = BatchSampler(LOG, windows_of(LOG, settings.max_length), 320, CPU)
    batches = [next(source.epoch(np.random.default_rng(seed))) for seed in range(n_replicas)]
    return step_of(batches, policy=LayoutPolicy(least_saved=least_saved))


def in_lanes(step: Step, positions: Tensor) -> Tensor:
    """What stands in the order of the buckets, in that of the lanes; 0 where no row stands."""
    swap = step.packed.packed
    if swap is None:
        return positions
    return functional.pad(positions, (0, 0, 0, 1)).index_select(1, swap.of_buckets)


def in_buckets(step: Step, positions: Tensor) -> Tensor:
    """The other way round; anything where padded."""
    swap = step.packed.packed
    return positions if swap is None else positions.index_select(1, swap.of_packed)


@pytest.mark.parametrize("dropout_rate", [0.0, 0.3])
@pytest.mark.parametrize("attention_output", [True, False], ids=["output", "no output"])
@pytest.mark.parametrize("n_heads", [1, 2])
@pytest.mark.parametrize("n_replicas", [1, 3])
@pytest.mark.parametrize("least_saved", [-1.0, 1.0], ids=["packed", "in buckets"])
def test_states_and_every_gradient_equal_autograds(
    least_saved: float,
    n_replicas: int,
    n_heads: int,
    attention_output: bool,
    dropout_rate: float,
) -> None:
    """To 1e-5 of the largest gradient of each parameter, after moving biases and scales off their first values.

    The definition has rows in buckets, each by itself; the encoder end to end, or in the same buckets.
    """
    settings = SasrecSettings(
        hidden_dim=8, n_heads=n_heads, attention_output=attention_output, max_length=6, dropout_rate=dropout_rate
    )
    random = torch.Generator().manual_seed(5)
    model = initial_model(settings, LOG.n_items, [torch.Generator().manual_seed(seed) for seed in range(n_replicas)])
    model.dense.add_(0.1 * torch.randn(model.dense.shape, generator=random))
    step = step_for(settings, n_replicas, least_saved)
    assert len(step.buckets) > 1
    assert (step.packed.packed is not None) == (least_saved < 0)
    backbone = model.backbone

    def masks(positions: Positions) -> ByteDropout | None:
        generators = [torch.Generator().manual_seed(seed) for seed in range(n_replicas)]
        return ByteDropout(backbone.dropout_sites(), step, positions, generators) if dropout_rate else None

    vectors = torch.randn(n_replicas, len(step.in_buckets.row), 8, generator=random, requires_grad=True)
    by_states = torch.randn(vectors.shape, generator=random) * step.in_buckets.real[..., None]

    dense = model.dense.clone().requires_grad_()
    expected = backbone.encode(backbone.named(dense), step.in_buckets, vectors, masks(step.in_buckets))
    by_dense, by_vectors = torch.autograd.grad(expected, (dense, vectors), by_states)

    with torch.no_grad():
        encoder = backbone.training_pass(model.dense, step.packed, masks(step.packed))
        assert isinstance(encoder, Encoder)
        states = encoder.forward(in_lanes(step, vectors.detach()))
        found = torch.empty_like(states)
        found_dense = encoder.backward(in_lanes(step, by_states), found)
    real = step.in_buckets.real[..., None]
    # A norm of nearly equal values magnifies rounding, which differs between processors: 2e-5 of 3.1 was seen.
    assert torch.allclose(in_buckets(step, states) * real, expected * real, atol=5e-5)
    assert torch.allclose(in_buckets(step, found) * real, by_vectors * real, atol=3e-5 * by_vectors.abs().max().item())
    pairs = zip(*(backbone.named(part).items() for part in (found_dense, by_dense)), strict=True)
    for (name, one), (_, other) in pairs:
        assert torch.allclose(one, other, atol=1e-5 * max(other.abs().max().item(), 1)), name

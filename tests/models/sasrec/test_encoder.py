"""The encoder's written-out gradient against autograd's, with and without dropout."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.batching import buckets
from nsbench.batching.batch import BatchSource
from nsbench.batching.buckets import Block
from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.step import Step, step_of
from nsbench.batching.window import windows_of
from nsbench.models.sasrec.definition import LAYER_NORM_EPS, ModelSettings, Sasrec, dropout_sites, initial_model
from nsbench.models.sasrec.encoder import Encoder
from tests.builder import dataset_of
from tests.samplers.log import CPU

ROWS = [[1, *range(2, 2 + n)] for n in (1, 1, 2, 3, 5, 6, 9, 9, 11)] * 40
LOG = dataset_of(ROWS, test=[[20]], n_items=20)


def step_for(settings: ModelSettings, n_replicas: int) -> Step:
    """Rows of 1 to 6 positions, enough of each for blocks of several lengths."""
    source = BatchSource(LOG, windows_of(LOG, settings.max_length), 320, CPU)
    return step_of([next(source.epoch(np.random.default_rng(seed))) for seed in range(n_replicas)])


def on_shelves(step: Step, positions: Tensor) -> Tensor:
    """What stands in the order of the blocks, in that of the shelves; 0 where no row stands."""
    swap = step.on_shelves.swap
    if swap is None:
        return positions
    return functional.pad(positions, (0, 0, 0, 1)).index_select(1, swap.of_blocks)


def in_blocks(step: Step, positions: Tensor) -> Tensor:
    """The other way round; anything where padded."""
    swap = step.on_shelves.swap
    return positions if swap is None else positions.index_select(1, swap.of_shelves)


def pair_mask(dropout: ByteDropout, name: str, step: Step, block: Block) -> Tensor:
    """[replicas * n_rows, heads, length, length]: a position's byte for what stands so many positions before it, pair by pair."""
    columns, length = dropout._columns[name], block.length
    kept = in_blocks(step, dropout._kept[..., columns])[:, block.positions]
    kept = kept.reshape(-1, length, dropout._n_heads, dropout._max_length).float() * dropout._scale
    mask = torch.zeros(len(kept), dropout._n_heads, length, length)
    for position in range(length):
        for other in range(position + 1):
            mask[:, :, position, other] = kept[:, position, :, dropout._max_length - 1 - (position - other)]
    return mask


def states_of(model: Sasrec, step: Step, vectors: Tensor, dropout: ByteDropout | None) -> Tensor:
    """SASRec as its definition reads, differentiable by autograd; with the masks where the paper's code has them."""
    if dropout is None:
        return model.encode(step, vectors)
    p, d, heads = model.named(), model.settings.hidden_dim, model.settings.n_heads

    def place_mask(name: str) -> Tensor:
        return in_blocks(step, dropout.mask(name))

    def norm(x: Tensor, name: str) -> Tensor:
        normal = functional.layer_norm(x, (d,), eps=LAYER_NORM_EPS)
        return normal * p[f"{name}.weight"] + p[f"{name}.bias"]

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ p[f"{name}.weight"] + p.get(f"{name}.bias", 0)

    position = torch.stack(
        [
            table[model.settings.max_length - 1 - place]
            for table, place in zip(p["positions"], step.places.from_end, strict=True)
        ]
    )
    x = (vectors * math.sqrt(d) + position) * place_mask("embedding")
    for number in range(model.settings.n_blocks):
        name = f"blocks.{number}"
        query = norm(x, f"{name}.query_norm")
        projected = [linear(query, f"{name}.query"), linear(x, f"{name}.key"), linear(x, f"{name}.value")]
        mixed = torch.zeros_like(x)
        for block in step.blocks:
            shape = (model.n_replicas * block.n_rows, block.length, heads, d // heads)
            q, k, v = (part[:, block.positions].reshape(shape).transpose(1, 2) for part in projected)
            future = torch.full((block.length, block.length), -torch.inf).triu(1)
            weights = (q @ k.transpose(2, 3) / math.sqrt(d // heads) + future).softmax(-1)
            mask = pair_mask(dropout, f"{name}.attention", step, block)
            mixed[:, block.positions] = ((weights * mask) @ v).transpose(1, 2).reshape(model.n_replicas, -1, d)
        attended = linear(mixed, f"{name}.output") if model.settings.attention_output else mixed
        x = norm(query + attended, f"{name}.feed_norm")
        hidden = (linear(x, f"{name}.feed_in") * place_mask(f"{name}.feed_in")).relu()
        x = x + linear(hidden, f"{name}.feed_out") * place_mask(f"{name}.feed_out")
    return norm(x, "norm")


@pytest.mark.parametrize("dropout_rate", [0.0, 0.3])
@pytest.mark.parametrize("attention_output", [True, False], ids=["output", "no output"])
@pytest.mark.parametrize("n_heads", [1, 2])
@pytest.mark.parametrize("n_replicas", [1, 3])
@pytest.mark.parametrize("least_saved", [-1.0, 1.0], ids=["packed", "in blocks"])
def test_states_and_every_gradient_equal_autograds(
    monkeypatch: pytest.MonkeyPatch,
    least_saved: float,
    n_replicas: int,
    n_heads: int,
    attention_output: bool,
    dropout_rate: float,
) -> None:
    """To 1e-5 of the largest gradient of each parameter, after moving biases and scales off their first values.

    The definition has rows in blocks, each by itself; the encoder end to end, or in the same blocks.
    """
    monkeypatch.setattr(buckets, "LEAST_SAVED", least_saved)
    settings = ModelSettings(
        hidden_dim=8, n_heads=n_heads, attention_output=attention_output, max_length=6, dropout_rate=dropout_rate
    )
    random = torch.Generator().manual_seed(5)
    model = initial_model(settings, LOG.n_items, [torch.Generator().manual_seed(seed) for seed in range(n_replicas)])
    model.dense.add_(0.1 * torch.randn(model.dense.shape, generator=random))
    step = step_for(settings, n_replicas)
    assert len(step.blocks) > 1
    assert (step.on_shelves.swap is not None) == (least_saved < 0)
    generators = [torch.Generator().manual_seed(seed) for seed in range(n_replicas)]
    dropout = ByteDropout(dropout_sites(settings), step, generators) if dropout_rate else None
    vectors = torch.randn(n_replicas, len(step.places.row), 8, generator=random, requires_grad=True)
    by_states = torch.randn(vectors.shape, generator=random) * step.places.real[..., None]

    dense = model.dense.clone().requires_grad_()
    expected = states_of(Sasrec(settings, dense, model.items), step, vectors, dropout)
    by_dense, by_vectors = torch.autograd.grad(expected, (dense, vectors), by_states)

    with torch.no_grad():
        encoder = Encoder(model, step, dropout)
        states = encoder.forward(on_shelves(step, vectors.detach()))
        found = torch.empty_like(states)
        encoder.backward(on_shelves(step, by_states), found)
    real = step.places.real[..., None]
    assert torch.allclose(in_blocks(step, states) * real, expected * real, atol=1e-5)
    assert torch.allclose(in_blocks(step, found) * real, by_vectors * real, atol=1e-5 * by_vectors.abs().max().item())
    pairs = zip(
        *(Sasrec(settings, part, model.items).named().items() for part in (encoder.by_dense, by_dense)), strict=True
    )
    for (name, one), (_, other) in pairs:
        assert torch.allclose(one, other, atol=1e-5 * max(other.abs().max().item(), 1)), name

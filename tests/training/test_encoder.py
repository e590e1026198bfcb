"""The encoder's written-out gradient against autograd's, with and without dropout."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.data.batch import BatchSource, windows_of
from nsbench.data.layout import Step, step_of
from nsbench.model import LAYER_NORM_EPS, ModelSettings, Sasrec, initial_model
from nsbench.training.dropout import ByteDropout
from nsbench.training.encoder import Encoder
from tests.builder import dataset_of
from tests.samplers.log import CPU

ROWS = [[1, *range(2, 2 + n)] for n in (1, 1, 2, 3, 5, 6, 9, 9, 11)] * 40
LOG = dataset_of(ROWS, test=[[20]], n_items=20)


def step_for(settings: ModelSettings, n_replicas: int) -> Step:
    """Rows of 1 to 6 positions, enough of each for blocks of several lengths."""
    source = BatchSource(LOG, windows_of(LOG, settings.max_length), 320, CPU)
    return step_of([next(source.epoch(np.random.default_rng(seed))) for seed in range(n_replicas)])


def states_of(model: Sasrec, step: Step, vectors: Tensor, dropout: ByteDropout | None) -> Tensor:
    """SASRec as its definition reads, differentiable by autograd; with the masks where the paper's code has them."""
    if dropout is None:
        return model.encode(step, vectors)
    p, d, heads = model.named(), model.settings.hidden_dim, model.settings.n_heads

    def norm(x: Tensor, name: str) -> Tensor:
        normal = functional.layer_norm(x, (d,), eps=LAYER_NORM_EPS)
        return normal * p[f"{name}.weight"] + p[f"{name}.bias"]

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ p[f"{name}.weight"] + p.get(f"{name}.bias", 0)

    position = torch.stack(
        [
            table[model.settings.max_length - 1 - place]
            for table, place in zip(p["positions"], step.from_end, strict=True)
        ]
    )
    x = (vectors * math.sqrt(d) + position) * dropout.mask("embedding")
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
            mask = dropout.attention_mask(f"{name}.attention", block).view(weights.shape)
            mixed[:, block.positions] = ((weights * mask) @ v).transpose(1, 2).reshape(model.n_replicas, -1, d)
        x = norm(query + linear(mixed, f"{name}.output"), f"{name}.feed_norm")
        hidden = (linear(x, f"{name}.feed_in") * dropout.mask(f"{name}.feed_in")).relu()
        x = x + linear(hidden, f"{name}.feed_out") * dropout.mask(f"{name}.feed_out")
    return norm(x, "norm")


@pytest.mark.parametrize("dropout_rate", [0.0, 0.3])
@pytest.mark.parametrize("n_heads", [1, 2])
@pytest.mark.parametrize("n_replicas", [1, 3])
def test_states_and_every_gradient_equal_autograds(n_replicas: int, n_heads: int, dropout_rate: float) -> None:
    """To 1e-5 of the largest gradient of each parameter, after moving biases and scales off their first values."""
    settings = ModelSettings(hidden_dim=8, n_heads=n_heads, max_length=6, dropout_rate=dropout_rate)
    random = torch.Generator().manual_seed(5)
    model = initial_model(settings, LOG.n_items, [torch.Generator().manual_seed(seed) for seed in range(n_replicas)])
    model.dense.add_(0.1 * torch.randn(model.dense.shape, generator=random))
    step = step_for(settings, n_replicas)
    assert len(step.blocks) > 1
    generators = [torch.Generator().manual_seed(seed) for seed in range(n_replicas)]
    dropout = ByteDropout(settings, step, generators) if dropout_rate else None
    vectors = torch.randn(n_replicas, len(step.row), 8, generator=random, requires_grad=True)
    by_states = torch.randn(vectors.shape, generator=random) * step.real[..., None]

    dense = model.dense.clone().requires_grad_()
    expected = states_of(Sasrec(settings, dense, model.items), step, vectors, dropout)
    by_dense, by_vectors = torch.autograd.grad(expected, (dense, vectors), by_states)

    with torch.no_grad():
        encoder = Encoder(model, step, dropout)
        states = encoder.forward(vectors.detach())
        found = torch.empty_like(by_states)
        encoder.backward(by_states, found)
    assert torch.allclose(states, expected, atol=1e-5)
    assert torch.allclose(found, by_vectors, atol=1e-5 * by_vectors.abs().max().item())
    pairs = zip(
        *(Sasrec(settings, part, model.items).named().items() for part in (encoder.by_dense, by_dense)), strict=True
    )
    for (name, one), (_, other) in pairs:
        assert torch.allclose(one, other, atol=1e-5 * max(other.abs().max().item(), 1)), name

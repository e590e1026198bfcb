"""SASRec against a plain implementation, and its replicas against each other."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import BatchSampler
from nsbench.batching.step import Step, step_of
from nsbench.batching.window import windows_of
from nsbench.models.model import Model, initial_model
from nsbench.models.sasrec.definition import SasrecSettings
from tests.samplers.log import CPU, skewed_log

SETTINGS = SasrecSettings(hidden_dim=8, n_blocks=2, n_heads=2, max_length=6)
LOG = skewed_log()


def generators(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def step(*seeds: int) -> Step:
    source = BatchSampler(LOG, windows_of(LOG, SETTINGS.max_length), 16, CPU)
    return step_of([next(source.epoch(np.random.default_rng(seed))) for seed in seeds])


def states_of(model: Model, batch: Step) -> Tensor:
    vectors = torch.stack(
        [functional.embedding(ids, table) for ids, table in zip(batch.in_buckets.inputs, model.items, strict=True)]
    )
    return model.backbone.encode(model.named(), batch.in_buckets, vectors, None)


def plain_sasrec(model: Model, items: list[int]) -> Tensor:
    """States [length, d] of one history, written as the equations are, one position and one head at a time."""
    p = {name: value[0] for name, value in model.named().items()}
    d, heads = SETTINGS.hidden_dim, SETTINGS.n_heads
    width = d // heads

    def norm(x: Tensor, name: str) -> Tensor:
        return functional.layer_norm(x, (d,), p[f"{name}.weight"][0], p[f"{name}.bias"][0], 1e-8)

    def linear(x: Tensor, name: str) -> Tensor:
        return x @ p[f"{name}.weight"] + p[f"{name}.bias"][0]

    x = model.items[0, items] * math.sqrt(d) + p["positions"][-len(items) :]
    for block in range(SETTINGS.n_blocks):
        name = f"blocks.{block}"
        query = norm(x, f"{name}.query_norm")
        q, k, v = linear(query, f"{name}.query"), x @ p[f"{name}.key.weight"], linear(x, f"{name}.value")
        attended = torch.zeros_like(x)
        for t in range(len(items)):
            for head in range(heads):
                part = slice(head * width, (head + 1) * width)
                weights = (k[: t + 1, part] @ q[t, part] / math.sqrt(width)).softmax(0)
                attended[t, part] = weights @ v[: t + 1, part]
        if model.settings.attention_output:
            attended = linear(attended, f"{name}.output")
        x = norm(query + attended, f"{name}.ffn_norm")
        x = x + linear(linear(x, f"{name}.ffn_in").relu(), f"{name}.ffn_out")
    return norm(x, "norm")


@pytest.mark.parametrize("attention_output", [True, False])
def test_states_equal_a_plain_implementation_position_by_position(attention_output: bool) -> None:
    settings = SETTINGS.model_copy(update={"attention_output": attention_output})
    model = initial_model(settings, LOG.n_items, generators(1))
    batch = step(0)
    states = states_of(model, batch)[0]
    for row in (0, 5, 15):
        places = (batch.in_buckets.row == row) & batch.in_buckets.real[0]
        expected = plain_sasrec(model, batch.in_buckets.inputs[0, places].tolist())
        assert torch.allclose(states[places], expected, atol=1e-5)


def test_a_replica_has_the_states_that_it_has_alone() -> None:
    model = initial_model(SETTINGS, LOG.n_items, generators(1, 2, 3))
    together, alone = step(0, 7, 9), step(7)
    states = states_of(model, together)[1]
    expected = states_of(model.replica(1), alone)[0]
    for row in range(len(alone.batches[0].users)):
        here = states[(together.in_buckets.row == row) & together.in_buckets.real[1]]
        assert torch.allclose(here, expected[(alone.in_buckets.row == row) & alone.in_buckets.real[0]], atol=1e-5)


def test_without_an_output_weight_a_block_has_a_matrix_and_a_bias_less() -> None:
    """Width 8, two blocks: 2 (64 + 8) numbers."""
    settings = SETTINGS.model_copy(update={"attention_output": False})
    counts = [one.build().n_dense for one in (SETTINGS, settings)]
    assert counts[0] - counts[1] == 144
    assert not any("output" in name for name in settings.build().specs)


def test_initial_parameters_depend_on_the_replicas_own_generator_only() -> None:
    together = initial_model(SETTINGS, LOG.n_items, generators(1, 2))
    alone = initial_model(SETTINGS, LOG.n_items, generators(2))
    assert torch.equal(together.items[1], alone.items[0])
    assert torch.equal(together.dense[1], alone.dense[0])


def test_initial_values_are_glorot_uniform() -> None:
    """26 items and padding, width 8: values within sqrt(6 / 35), close to it at most."""
    model = initial_model(SETTINGS, LOG.n_items, generators(1))
    bound = math.sqrt(6 / (27 + 8))
    assert 0.9 * bound < model.items.abs().max().item() <= bound
    assert not model.items[:, 0].any()


def test_narrow_initial_values_have_a_standard_deviation_of_a_fiftieth() -> None:
    """Of item vectors, positions and weights alike, and padding stays zero."""
    size = SETTINGS.model_copy(update={"hidden_dim": 64, "max_length": 40, "initial_values": "narrow"})
    model = initial_model(size, 500, generators(1))
    for values in (model.items[:, 1:], model.named()["positions"], model.named()["blocks.0.query.weight"]):
        assert values.std().item() == pytest.approx(0.02, rel=0.05)
        assert values.abs().max().item() <= 0.02 * math.sqrt(3)
    assert not model.items[:, 0].any()

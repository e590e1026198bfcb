"""Dropout masks from bytes."""

import pytest
import torch

from nsbench.data.layout import step_of
from nsbench.model import ModelSettings
from nsbench.training.dropout import ByteDropout
from tests.samplers.log import batches_of, skewed_log

LOG = skewed_log(400)
SIZE = ModelSettings(hidden_dim=50, n_heads=2, max_length=6, dropout_rate=0.2)


def dropout(*seeds: int) -> ByteDropout:
    batches = [batches_of(LOG, 256, seed)[0] for seed in seeds]
    return ByteDropout(SIZE, step_of(batches), [torch.Generator().manual_seed(seed) for seed in seeds])


def test_the_rate_is_the_next_256th_and_the_mean_stays() -> None:
    """.2 becomes 51/256 = .1992; 76,800 values have a deviation of .0014, so .007 is five of them."""
    x = torch.ones(1, 256 * 6, 50)
    out = dropout(0).values("embedding", x)
    assert (out == 0).float().mean().item() == pytest.approx(51 / 256, abs=0.007)
    assert out.max().item() == pytest.approx(256 / 205)
    assert out.mean().item() == pytest.approx(1, abs=0.01)


def test_each_place_has_its_own_mask() -> None:
    x = torch.ones(1, 256 * 6, 50)
    masks = dropout(0)
    first, second = masks.values("embedding", x), masks.values("blocks.1.feed_out", x)
    both = ((first == 0) & (second == 0)).float().mean().item()
    assert both == pytest.approx((51 / 256) ** 2, abs=0.005)


def test_a_replicas_masks_are_those_it_has_alone() -> None:
    x = torch.ones(2, 256 * 6, 50)
    together, alone = dropout(3, 5).values("blocks.0.feed_in", x)[1], dropout(5).values("blocks.0.feed_in", x[:1])[0]
    assert torch.equal(together, alone)


def test_attention_without_dropped_weights_is_plain_causal_attention() -> None:
    """Rate 0.001 rounds to 0/256: nothing is dropped."""
    size = SIZE.model_copy(update={"dropout_rate": 0.001})
    step = step_of([batches_of(LOG, 16)[0]])
    masks = ByteDropout(size, step, [torch.Generator().manual_seed(0)])
    q, k, v = (torch.randn(16, 2, 6, 25, generator=torch.Generator().manual_seed(i)) for i in range(3))
    expected = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    assert torch.allclose(masks.attention("blocks.0.attention", step.blocks[0], q, k, v), expected, atol=1e-5)

"""Dropout masks from bytes."""

import pytest
import torch

from nsbench.batching.buckets import LayoutPolicy
from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.step import Step, step_of
from nsbench.models.sasrec.definition import SasrecSettings
from tests.builder import dataset_of
from tests.samplers.log import batches_of, skewed_log

LOG = skewed_log(400)
SIZE = SasrecSettings(hidden_dim=50, n_heads=2, max_length=6, dropout_rate=0.2)


def masks_of(size: SasrecSettings, step: Step, *seeds: int) -> ByteDropout:
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    return ByteDropout(size.build().dropout_sites(), step, step.packed, generators)


def dropout(*seeds: int) -> ByteDropout:
    batches = [batches_of(LOG, 256, seed)[0] for seed in seeds]
    return masks_of(SIZE, step_of(batches), *seeds)


def test_the_rate_is_the_next_256th_and_the_mean_stays() -> None:
    """.2 becomes 51/256 = .1992; 76,800 values have a deviation of .0014, so .007 is five of them."""
    out = dropout(0).mask("embedding")
    assert out.shape == (1, 256 * 6, 50)
    assert (out == 0).float().mean().item() == pytest.approx(51 / 256, abs=0.007)
    assert out.max().item() == pytest.approx(256 / 205)
    assert out.mean().item() == pytest.approx(1, abs=0.01)


def test_each_place_has_its_own_mask() -> None:
    masks = dropout(0)
    first, second = masks.mask("embedding"), masks.mask("blocks.1.ffn_out")
    both = ((first == 0) & (second == 0)).float().mean().item()
    assert both == pytest.approx((51 / 256) ** 2, abs=0.005)


def test_a_replicas_masks_are_those_it_has_alone() -> None:
    together, alone = dropout(3, 5).mask("blocks.0.ffn_in")[1], dropout(5).mask("blocks.0.ffn_in")[0]
    assert torch.equal(together, alone)


def test_attention_has_a_mask_for_each_row_and_head() -> None:
    """256 rows, 2 heads, one rectangle of 6 positions; the two heads of a row drop different weights.

    What a position may attend to are 6 * 7 / 2 of 36 pairs, of which each has a byte of its own.
    """
    step = step_of([batches_of(LOG, 256)[0]])
    masks = masks_of(SIZE, step, 0)
    mask = masks.attention_mask("blocks.0.attention", step.packed.buckets[0])
    assert mask.shape == (512, 6, 6)
    seen = torch.ones(6, 6).tril() > 0
    assert (mask[:, seen] == 0).float().mean().item() == pytest.approx(51 / 256, abs=0.02)
    assert not torch.equal(mask[0::2][:, seen], mask[1::2][:, seen])
    both = ((mask[:, 3, 0] == 0) & (mask[:, 4, 1] == 0)).float().mean().item()
    assert both == pytest.approx((51 / 256) ** 2, abs=0.05)


def test_masks_do_not_hang_on_where_a_row_stands() -> None:
    """Rows of 6, 3, 2 and 1 in buckets, and 3, 2 and 1 end to end on a lane of 6: the same pairs have the same masks."""
    log = dataset_of([[*range(1, 8)], [1, 2, 3, 4], [5, 6, 7], [8, 9]])
    masks = []
    for least_saved in (1.0, -1.0):
        step = step_of([batches_of(log, 4)[0]], policy=LayoutPolicy(least_saved=least_saved))
        dropped = masks_of(SIZE, step, 3)
        positions, pairs = step.packed, {}
        (bucket,) = positions.buckets
        mask = dropped.attention_mask("blocks.0.attention", bucket).view(bucket.n_rows, 2, bucket.length, bucket.length)
        for place, (row, column) in enumerate(zip(positions.row.tolist(), positions.column.tolist(), strict=True)):
            lane, end = divmod(place, bucket.length)
            if positions.real[0, place]:
                pairs[row, column] = mask[lane, :, end, end - column : end + 1].tolist()
        masks.append(pairs)
        assert len(pairs) == 6 + 3 + 2 + 1
    assert masks[0] == masks[1]


def test_a_rate_below_half_a_256th_drops_nothing() -> None:
    """Rate 0.001 rounds to 0/256."""
    size = SIZE.model_copy(update={"dropout_rate": 0.001})
    masks = masks_of(size, step_of([batches_of(LOG, 16)[0]]), 0)
    assert (masks.mask("embedding") == 1).all()

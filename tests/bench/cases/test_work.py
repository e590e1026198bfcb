"""Useful work and the limits that it is held against."""

import pytest
import torch

from nsbench.batching.batch import UserBatch
from nsbench.bench.cases.training import encoder_flops
from nsbench.bench.cases.work import LimitShares, Work, shares_of, work_of
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers.sampler import Negatives
from nsbench.training.batch_stream import TrainingBatch
from tests.bench.bench_builder import UNIT_LIMITS


def test_work_of_a_drawn_batch_by_hand() -> None:
    """Users with 2 and 1 positives, 2 shared negatives each, width 10, one block.

    Context: (1 + 2 + 1) / 3 = 4 / 3. Encoder: 3 (12 * 100 + 4 * 4/3 * 10) = 3,760. Scoring: 3 * 2 * 10 * 3 = 180.
    Looked up: 3 inputs, 3 targets, 4 negatives = 10. Distinct items: 1, 2, 3, 5, 7, 8 = 6, each read and written in
    three tables. Gathered: 4 * 10 * (10 + 6 * 6) / 3 bytes. Copied: 4 * 4 * 2 bytes.
    """
    batch = UserBatch(
        users=torch.tensor([0, 1]),
        lengths=torch.tensor([2, 1]),
        inputs=torch.tensor([[1, 2], [1, 0]]),
        targets=torch.tensor([[2, 3], [5, 0]]),
    )
    ids = torch.tensor([[[7, 8]], [[8, 8]]])
    draw = TrainingBatch(batch, Negatives(ids, torch.ones_like(ids, dtype=torch.bool)))
    work = work_of([draw], SasrecSettings(hidden_dim=10, n_blocks=1, n_heads=1), n_negatives=2)
    assert work.encoder_flops == pytest.approx(3_760)
    assert work.scoring_flops == 180
    assert work.gathered_bytes == pytest.approx(40 * 46 / 3)
    assert work.copied_bytes == 32
    assert work.n_negatives == 2
    assert work.n_drawn == pytest.approx(4 / 3)


def test_attention_without_an_output_weight_is_a_product_less() -> None:
    """Five products of 10 x 10 instead of six, 2 * 100 operations each, forward and twice as much backward: 600 less."""
    sizes = [SasrecSettings(hidden_dim=10, n_blocks=1, attention_output=has_output) for has_output in (True, False)]
    assert encoder_flops(sizes[0], 3) - encoder_flops(sizes[1], 3) == 600


def test_shares_by_hand() -> None:
    """At 2 positives a second: 2 * 5 / 50, 2 * 4 / 20, 2 * 1 / 4, 2 * 0.4 / 8."""
    work = Work(encoder_flops=5, scoring_flops=4, gathered_bytes=1, copied_bytes=0.4, n_negatives=1, n_drawn=1)
    shares = shares_of(work, positives_per_s=2.0, limits=UNIT_LIMITS)
    assert shares == LimitShares(encoder=0.2, scoring=0.4, gather=0.5, copy=0.1)
    assert shares.total == pytest.approx(1.2)
    assert shares.binding == "gather"

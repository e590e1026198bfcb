"""BPR and BPR-max by hand."""

import math

import pytest
import torch

from nsbench.losses.bpr import BprSettings
from nsbench.losses.bpr_max import BprMaxSettings
from nsbench.losses.loss import LossContext, Scores

CONTEXT = LossContext(n_negatives=2, n_candidates=9)
SCORES = Scores(
    torch.full((1, 1, 1), 1.0),
    torch.tensor([1.0, 1.0 + math.log(3), 50.0]).view(1, 1, 1, 3),
    torch.tensor([True, True, False]).view(1, 1, 1, 3),
)
"""The positive beats the first negative with probability 1/2, the second with 1/4."""


def test_bpr_is_the_mean_over_pairs() -> None:
    """(ln 2 + ln 4) / 2."""
    assert BprSettings().build(CONTEXT).value(SCORES).item() == pytest.approx(1.5 * math.log(2), rel=1e-6)


def test_bpr_max_weighs_pairs_by_the_softmax_of_their_negatives() -> None:
    """Weights 1/4 and 3/4: -ln(1/8 + 3/16) = ln(16/5), plus half of 1/4 + 3/4 (1 + ln 3)^2."""
    expected = math.log(16 / 5) + 0.5 * (0.25 + 0.75 * (1 + math.log(3)) ** 2)
    loss = BprMaxSettings(regularization=0.5).build(CONTEXT)
    assert loss.value(SCORES).item() == pytest.approx(expected, rel=1e-6)

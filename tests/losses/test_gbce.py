"""gBCE's weight, and what it is for."""

import pytest
import torch
from torch.nn import functional

from nsbench.losses.gbce import GbceSettings, positive_weight
from nsbench.losses.loss import LossContext, Scores


def test_without_calibration_it_is_binary_cross_entropy_over_summed_negatives() -> None:
    """Positive score 1, negatives 0 and 2: softplus(-1) + softplus(0) + softplus(2) = .3133 + .6931 + 2.1269."""
    loss = GbceSettings(calibration=0).build(LossContext(2, 1000))
    scores = Scores(
        torch.ones(1, 1, 1), torch.tensor([0.0, 2.0]).view(1, 1, 1, 2), torch.ones(1, 1, 1, 2, dtype=torch.bool)
    )
    assert loss.value(scores).item() == pytest.approx(0.3133 + 0.6931 + 2.1269, abs=2e-4)


@pytest.mark.parametrize("calibration", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("score", [-30.0, -3.0, 0.0, 4.0])
def test_the_positives_term_is_the_power_of_the_sigmoid(score: float, calibration: float) -> None:
    """-log(sigmoid(s) ** beta) in float64; 10 of 101 items, so alpha is .1."""
    beta = 0.1 * (calibration * (1 - 10) + 10)
    loss = GbceSettings(calibration=calibration).build(LossContext(10, 101))
    chosen = torch.zeros(1, 1, 1, 1, dtype=torch.bool)
    found = loss.value(Scores(torch.full((1, 1, 1), score), torch.zeros(1, 1, 1, 1), chosen))
    expected = -(torch.tensor(score, dtype=torch.float64).sigmoid() ** beta).log()
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_more_negatives_than_items_weigh_like_all_items() -> None:
    assert positive_weight(LossContext(500, 101), 1.0) == 1.0


def test_full_calibration_learns_true_probabilities_where_plain_cross_entropy_is_overconfident() -> None:
    """One context, four items with probabilities .4 to .1, one negative drawn uniformly from the other three: alpha is 1/3.

    The expected loss, minimised over the items' scores: sigmoids are the probabilities themselves with t = 1, and
    p / (p + (1 - p) / 3) with t = 0.
    """
    p = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
    for calibration, expected in ((1.0, p), (0.0, p / (p + (1 - p) / 3))):
        beta = positive_weight(LossContext(1, 4), calibration)
        scores = torch.zeros(4, dtype=torch.float64, requires_grad=True)
        for _ in range(2_000):
            loss = (p * beta * functional.softplus(-scores) + (1 - p) / 3 * functional.softplus(scores)).sum()
            (slope,) = torch.autograd.grad(loss, scores)
            with torch.no_grad():
                scores.sub_(10 * slope)
        assert torch.allclose(scores.detach().sigmoid(), expected, atol=1e-5)

"""Sampled softmax against torch's cross-entropy, and its corrections against what they correct."""

import math

import pytest
import torch
from torch.nn import functional

from nsbench.losses.loss import LossContext, Scores
from nsbench.losses.softmax import Correction, SoftmaxSettings

IN_BATCH = LossContext(n_negatives=4, n_candidates=9, positive_is_proposed=True)


def scores_of(seed: int = 0) -> Scores:
    random = torch.Generator().manual_seed(seed)
    positive = torch.randn(2, 3, 4, generator=random, dtype=torch.float64)
    negative = torch.randn(2, 3, 4, 5, generator=random, dtype=torch.float64)
    log_q = -3 * torch.rand(2, 3, 1, 5, generator=random, dtype=torch.float64)
    positive_log_q = -3 * torch.rand(2, 3, 4, generator=random, dtype=torch.float64)
    return Scores(positive, negative, torch.ones(2, 3, 4, 5, dtype=torch.bool), log_q, positive_log_q)


@pytest.mark.parametrize("temperature", [0.2, 1.0, 3.0])
def test_uncorrected_it_is_torchs_cross_entropy_of_the_positive(temperature: float) -> None:
    scores = scores_of()
    logits = torch.cat([scores.positive[..., None], scores.negative], -1).flatten(0, 2) / temperature
    expected = functional.cross_entropy(logits, torch.zeros(len(logits), dtype=torch.int64), reduction="none")
    loss = SoftmaxSettings(temperature=temperature).build(IN_BATCH)
    assert torch.allclose(loss.value(scores).flatten(), expected)


@pytest.mark.parametrize("correction", ["classic", "corrected"])
def test_what_is_corrected(correction: Correction) -> None:
    """By hand: positive 1, log Q -2; negatives 0 and 2 with log Q -1 and ln 4: classic 3 against 1 and .6137, corrected 1."""
    scores = Scores(
        torch.ones(1, 1, 1),
        torch.tensor([0.0, 2.0]).view(1, 1, 1, 2),
        torch.ones(1, 1, 1, 2, dtype=torch.bool),
        torch.tensor([-1.0, math.log(4)]).view(1, 1, 1, 2),
        torch.full((1, 1, 1), -2.0),
    )
    own = 3.0 if correction == "classic" else 1.0
    expected = math.log(math.exp(own) + math.exp(1) + math.exp(2) / 4) - own
    loss = SoftmaxSettings(log_q=correction).build(IN_BATCH)
    assert loss.value(scores).item() == pytest.approx(expected, rel=1e-6)


def test_a_positive_that_is_not_in_the_pool_is_never_corrected() -> None:
    uniform = LossContext(n_negatives=5, n_candidates=9)
    classic, corrected = (SoftmaxSettings(log_q=name).build(uniform) for name in ("classic", "corrected"))
    assert torch.equal(classic.value(scores_of()), corrected.value(scores_of()))


def test_the_corrected_gradient_is_the_papers() -> None:
    """Of Khrylchenko et al.: 1 - p(+), held still, times the gradient of log sum exp(s- - log Q) - s+."""
    scores = scores_of()
    assert scores.log_q is not None
    negative = scores.negative.clone().requires_grad_()
    positive = scores.positive.clone().requires_grad_()
    all_negatives = torch.logsumexp(negative - scores.log_q, -1)
    weight = 1 - torch.softmax(torch.stack([positive, all_negatives]), 0)[0].detach()
    by_positive, by_negative = torch.autograd.grad((weight * (all_negatives - positive)).sum(), (positive, negative))
    slopes = SoftmaxSettings(log_q="corrected").build(IN_BATCH).slopes(scores)
    assert torch.allclose(slopes.positive, by_positive)
    assert torch.allclose(slopes.negative, by_negative)


def test_scores_of_any_size_are_finite() -> None:
    """float32, scores up to 1,000: the exponentials are taken of differences from the highest."""
    scores = Scores(
        torch.tensor([[[1000.0, -1000.0]]]),
        torch.tensor([[[[-1000.0, 0.0], [1000.0, 999.0]]]]),
        torch.ones(1, 1, 2, 2, dtype=torch.bool),
    )
    slopes = SoftmaxSettings().build(IN_BATCH).slopes(scores)
    assert slopes.value[0, 0].tolist() == pytest.approx([0.0, 2000 + math.log(1 + math.exp(-1))])
    assert slopes.positive[0, 0].tolist() == pytest.approx([0.0, -1.0])

"""What every loss keeps to, whatever it is: found by its catalogue."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from nsbench.losses import LOSSES
from nsbench.losses.loss import Loss, LossContext, NegativeVectors, Scores

pytestmark = pytest.mark.parametrize("name", LOSSES)

CONTEXT = LossContext(n_negatives=5, n_candidates=40)


def loss_of(name: str) -> Loss:
    return LOSSES[name]().build(CONTEXT)


def scores_of(seed: int = 0) -> Scores:
    """2 replicas, 3 rows, 4 positions, 5 negatives, in float64; some negatives not chosen, at one position none."""
    random = torch.Generator().manual_seed(seed)
    positive = torch.randn(2, 3, 4, generator=random, dtype=torch.float64)
    negative = 2 * torch.randn(2, 3, 4, 5, generator=random, dtype=torch.float64)
    chosen = torch.rand(2, 3, 4, 5, generator=random) < 0.7
    chosen[0, 0, 0] = False
    log_q = -3 * torch.rand(2, 3, 1, 5, generator=random, dtype=torch.float64)
    positive_log_q = -3 * torch.rand(2, 3, 4, generator=random, dtype=torch.float64)
    return Scores(positive, negative, chosen, log_q, positive_log_q)


def test_slopes_are_the_values_derivatives(name: str) -> None:
    """By finite differences of 1e-6 in float64: to 1e-6."""
    loss, scores, step = loss_of(name), scores_of(), 1e-6
    slopes = loss.slopes(scores)
    assert torch.allclose(slopes.value, loss.value(scores))
    ahead, behind = (loss.value(replace(scores, positive=scores.positive + move)) for move in (step, -step))
    assert torch.allclose(slopes.positive, (ahead - behind) / (2 * step), atol=1e-6)
    for place in range(5):
        at = torch.zeros(5, dtype=torch.float64)
        at[place] = step
        ahead, behind = (loss.value(replace(scores, negative=scores.negative + move)) for move in (at, -at))
        assert torch.allclose(slopes.negative[..., place], (ahead - behind) / (2 * step), atol=1e-6)


def test_negatives_that_are_not_chosen_count_nothing(name: str) -> None:
    """Whatever their scores and log q are, infinite ones included."""
    loss, scores = loss_of(name), scores_of()
    assert scores.log_q is not None
    odd = torch.where(scores.chosen, scores.negative, torch.inf)
    odd_q = torch.where(scores.chosen, scores.log_q, torch.nan)
    here, there = loss.slopes(scores), loss.slopes(replace(scores, negative=odd, log_q=odd_q))
    assert torch.equal(here.value, there.value)
    assert torch.equal(here.positive, there.positive)
    assert not there.negative[~scores.chosen].any()
    assert torch.equal(here.negative, there.negative)


def test_a_better_positive_costs_less(name: str) -> None:
    """Worse negatives need not, where a loss holds them near 0."""
    scores = scores_of()
    slopes = loss_of(name).slopes(scores)
    assert (slopes.positive[scores.chosen.any(-1)] < 0).all()


def test_a_position_without_negatives_is_finite(name: str) -> None:
    slopes = loss_of(name).slopes(scores_of())
    assert all(part.isfinite().all() for part in (slopes.value, slopes.positive, slopes.negative))


def test_slopes_can_be_had_in_inference_mode(name: str) -> None:
    """Where steps run whose backbone needs no autograd."""
    loss = loss_of(name)
    expected = loss.slopes(scores_of())
    with torch.inference_mode():
        found = loss.slopes(scores_of())
    assert torch.equal(found.negative, expected.negative)


def test_two_terms_are_the_same_loss(name: str) -> None:
    """Where a loss is a term of the positive and one of the negatives: both with weights, and their gradients."""
    loss = loss_of(name)
    pointwise = loss.pointwise()
    assert (pointwise is not None) == LOSSES[name].is_pointwise
    if pointwise is None:
        return
    scores = scores_of()
    weights = torch.rand(2, 3, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    slopes = loss.slopes(scores)
    # A state of 1 and vectors of width 1: the vectors are the scores.
    vectors = scores.negative[..., None].clone()
    into = NegativeVectors(vectors, torch.zeros_like(vectors), adds=True)
    states = torch.ones(2, 3, 4, 1, dtype=torch.float64)
    of_negatives, by_states = pointwise.negatives(states, into, scores.chosen, lambda _: scores.chosen, weights)
    of_positives, by_positives = pointwise.positives(scores.positive.flatten(1), weights.flatten(1))
    assert torch.allclose(of_positives + of_negatives, (slopes.value * weights).sum((1, 2)))
    assert torch.allclose(by_positives.view(2, 3, 4), slopes.positive * weights)
    by_negatives: Tensor = slopes.negative * weights[..., None]
    assert torch.allclose(into.gradients[..., 0], by_negatives)
    assert torch.allclose(by_states[..., 0], (by_negatives * scores.negative).sum(-1))

"""The loss in one pass against the formula by autograd, and against numbers worked by hand."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.losses.loss import NegativeVectors, Scores


def example(rows: int, length: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States, negatives' vectors (shared as asked), a mask and weights, of 2 replicas, 3 users, 4 positions, 5 negatives."""
    random = torch.Generator().manual_seed(0)
    states = torch.randn(2, 3, 4, 6, generator=random, dtype=torch.float64, requires_grad=True)
    vectors = torch.randn(2, rows, length, 5, 6, generator=random, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(2, 3, 1, 5, generator=random) < 0.7
    weights = torch.rand(2, 3, 4, generator=random, dtype=torch.float64)
    return states, vectors, mask, weights


def loss_of(
    loss: BinaryCrossEntropy, states: Tensor, vectors: Tensor, mask: Tensor, chosen: Tensor
) -> tuple[Tensor, Tensor]:
    """Loss and gradient by the states, every position weighing 1."""
    into = NegativeVectors(vectors, torch.zeros_like(vectors), adds=True)
    return loss.negatives(states, into, mask, lambda _: chosen, torch.ones(1, 1, 1))


@pytest.mark.parametrize(("rows", "length"), [(3, 1), (1, 1), (3, 4)], ids=["user", "batch", "position"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_value_and_gradient_equal_the_plain_formula(rows: int, length: int, reduction: str) -> None:
    states, vectors, mask, weights = example(rows, length)
    scores = (states[:, :, :, None] * vectors).sum(-1)
    kept = mask.expand_as(scores)
    per_position = (functional.softplus(scores) * kept).sum(-1)
    if reduction == "mean":
        per_position = per_position / kept.sum(-1).clamp(min=1)
    plain = (per_position * weights).sum((1, 2))
    expected = torch.autograd.grad(plain.sum(), (states, vectors))

    loss = BinaryCrossEntropy(reduction)  # type: ignore[arg-type]
    values = vectors.detach()
    overwritten, added_to = torch.full_like(values, torch.nan), torch.ones_like(values)
    with torch.no_grad():
        fused, by_states = loss.negatives(
            states, NegativeVectors(values, overwritten, adds=False), mask, lambda _: mask, weights
        )
        loss.negatives(states, NegativeVectors(values, added_to, adds=True), mask, lambda _: mask, weights)

    assert torch.allclose(fused, plain)
    assert torch.allclose(by_states, expected[0])
    assert torch.allclose(overwritten, expected[1])
    assert torch.allclose(added_to, expected[1] + 1)


@pytest.mark.parametrize("highest", [-20.0, 0.0, 7.9, 30.0], ids=["low", "zero", "high", "beyond products"])
def test_the_loss_is_exact_whatever_the_scores(highest: float) -> None:
    """7 negatives scored from 12 below the highest up, by a state of 1: float32, relative to the sum to 1e-5."""
    scores = torch.linspace(highest - 12, highest, 7)
    mask = torch.ones(1, 1, 1, 7, dtype=torch.bool)
    loss, _ = loss_of(BinaryCrossEntropy("sum"), torch.ones(1, 1, 1, 1), scores.view(1, 1, 1, 7, 1), mask, mask)
    assert loss.item() == pytest.approx(functional.softplus(scores.double()).sum().item(), rel=1e-5, abs=1e-6)


def test_the_positives_gradient_equals_autograds() -> None:
    scores = torch.linspace(-4, 4, 6, dtype=torch.float64).view(2, 3).requires_grad_()
    weights = torch.tensor([[0.5, 0.2, 0.0], [1.0, 2.0, 0.1]], dtype=torch.float64)
    loss, by_scores = BinaryCrossEntropy().positives(scores, weights)
    assert torch.allclose(loss, (functional.softplus(-scores) * weights).sum(1))
    assert torch.allclose(by_scores, torch.autograd.grad(loss.sum(), scores)[0])


def test_one_positive_and_two_negatives_by_hand() -> None:
    """State 1; scores 0, 0 and positive 0: each term is ln 2; the mean of negatives is ln 2, their sum 2 ln 2."""
    states, vectors = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 2, 1)
    mask = torch.ones(1, 1, 1, 2, dtype=torch.bool)
    mean, _ = loss_of(BinaryCrossEntropy("mean"), states, vectors, mask, mask)
    total, _ = loss_of(BinaryCrossEntropy("sum"), states, vectors, mask, mask)
    assert mean.item() == pytest.approx(math.log(2))
    assert total.item() == pytest.approx(2 * math.log(2))
    positive, _ = BinaryCrossEntropy().positives(torch.zeros(1, 1), torch.ones(1, 1))
    assert positive.item() == pytest.approx(math.log(2))


def test_unselected_negatives_leave_the_mean_or_stay_in_it_as_ln_2() -> None:
    """One of two negatives is selected, with score 1: dropped, the mean is softplus(1).

    Staying, it is (softplus(1) + ln 2) / 2.
    """
    states, vectors = torch.ones(1, 1, 1, 1), torch.tensor([[[[[1.0], [0.5]]]]])
    mask = torch.ones(1, 1, 1, 2, dtype=torch.bool)
    chosen = torch.tensor([[[[True, False]]]])
    softplus_1 = math.log(1 + math.e)
    dropped, _ = loss_of(BinaryCrossEntropy("mean", "drop"), states, vectors, mask, chosen)
    zeroed, _ = loss_of(BinaryCrossEntropy("mean", "zero"), states, vectors, mask, chosen)
    assert dropped.item() == pytest.approx(softplus_1)
    assert zeroed.item() == pytest.approx((softplus_1 + math.log(2)) / 2)


def test_unselected_negatives_that_stay_are_a_lower_weight_but_for_a_constant() -> None:
    """One of two is selected, so the others' mean weighs a half; ln 2 / 2 has no gradient."""
    mask = torch.ones(1, 1, 1, 2, dtype=torch.bool)
    chosen = torch.tensor([[[[True, False]]]])
    found = []
    for loss in (BinaryCrossEntropy("mean", "zero"), BinaryCrossEntropy("mean", "drop", negative_weight=0.5)):
        states, vectors = torch.ones(1, 1, 1, 1), torch.tensor([[[[[1.0], [0.5]]]]])
        found.append(loss_of(loss, states, vectors, mask, chosen))
    (zeroed, by_zeroed), (weighed, by_weighed) = found
    assert torch.equal(by_zeroed, by_weighed)
    assert zeroed.item() - weighed.item() == pytest.approx(math.log(2) / 2)


def test_a_weight_of_negatives_counts_in_value_and_slopes_alike() -> None:
    """Softplus(0) of one negative is ln 2 and its slope 1/2: a quarter of both; the positive's ln 2 stays whole."""
    scores = Scores(torch.zeros(1, 1, 1), torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1, dtype=torch.bool))
    slopes = BinaryCrossEntropy(negative_weight=0.25).slopes(scores)
    assert slopes.value.item() == pytest.approx(1.25 * math.log(2))
    assert slopes.negative.item() == pytest.approx(0.125)
    assert slopes.positive.item() == pytest.approx(-0.5)


def test_a_position_without_negatives_adds_nothing() -> None:
    mask = torch.zeros(1, 1, 1, 2, dtype=torch.bool)
    loss, by_states = loss_of(BinaryCrossEntropy(), torch.ones(1, 1, 1, 1), torch.ones(1, 1, 1, 2, 1), mask, mask)
    assert loss.item() == 0
    assert by_states.item() == 0

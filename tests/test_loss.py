"""The loss in one pass against the formula by autograd, and against numbers worked by hand."""

import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from nsbench.loss import BinaryCrossEntropy


def example(rows: int, length: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States, negatives' vectors (shared as asked), a mask and weights, of 2 replicas, 3 users, 4 positions, 5 negatives."""
    random = torch.Generator().manual_seed(0)
    states = torch.randn(2, 3, 4, 6, generator=random, dtype=torch.float64, requires_grad=True)
    vectors = torch.randn(2, rows, length, 5, 6, generator=random, dtype=torch.float64, requires_grad=True)
    mask = torch.rand(2, 3, 1, 5, generator=random) < 0.7
    weights = torch.rand(2, 3, 4, generator=random, dtype=torch.float64)
    return states, vectors, mask, weights


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
    fused = loss.negatives(states, vectors, mask, lambda _: mask, weights)
    actual = torch.autograd.grad(fused.sum(), (states, vectors))

    assert torch.allclose(fused, plain)
    assert all(torch.allclose(a, b) for a, b in zip(actual, expected, strict=True))


def test_one_positive_and_two_negatives_by_hand() -> None:
    """State 1; scores 0, 0 and positive 0: each term is ln 2; the mean of negatives is ln 2, their sum 2 ln 2."""
    states, vectors = torch.ones(1, 1, 1, 1), torch.zeros(1, 1, 1, 2, 1)
    mask, weights = torch.ones(1, 1, 1, 2, dtype=torch.bool), torch.ones(1, 1, 1)
    mean = BinaryCrossEntropy("mean").negatives(states, vectors, mask, lambda _: mask, weights)
    total = BinaryCrossEntropy("sum").negatives(states, vectors, mask, lambda _: mask, weights)
    assert mean.item() == pytest.approx(math.log(2))
    assert total.item() == pytest.approx(2 * math.log(2))
    assert BinaryCrossEntropy().positives(torch.zeros(1, 1), torch.ones(1, 1)).item() == pytest.approx(math.log(2))


def test_unselected_negatives_leave_the_mean_or_stay_in_it_as_ln_2() -> None:
    """One of two negatives is selected, with score 0 by its zero vector: dropped, the mean is ln 2.

    Staying, it is (softplus(1) + ln 2) / 2 where the selected one scores 1.
    """
    states, vectors = torch.ones(1, 1, 1, 1), torch.tensor([[[[[1.0], [0.5]]]]])
    mask = torch.ones(1, 1, 1, 2, dtype=torch.bool)
    chosen, weights = torch.tensor([[[[True, False]]]]), torch.ones(1, 1, 1)
    softplus_1 = math.log(1 + math.e)
    dropped = BinaryCrossEntropy("mean", "drop").negatives(states, vectors, mask, lambda _: chosen, weights)
    zeroed = BinaryCrossEntropy("mean", "zero").negatives(states, vectors, mask, lambda _: chosen, weights)
    assert dropped.item() == pytest.approx(softplus_1)
    assert zeroed.item() == pytest.approx((softplus_1 + math.log(2)) / 2)


def test_a_position_without_negatives_adds_nothing() -> None:
    states = torch.ones(1, 1, 1, 1, requires_grad=True)
    mask = torch.zeros(1, 1, 1, 2, dtype=torch.bool)
    loss = BinaryCrossEntropy().negatives(states, torch.ones(1, 1, 1, 2, 1), mask, lambda _: mask, torch.ones(1, 1, 1))
    assert loss.item() == 0
    assert torch.autograd.grad(loss.sum(), states)[0].item() == 0

"""Binary cross-entropy over positives and sampled negatives, with loss and gradient in one pass.

The scores of a block are used once, for the loss and for its gradient, and then dropped: nothing of size
[positions, negatives] is kept.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

MAX_SCORE = 8.0
"""The highest score of a negative up to which losses are summed as logarithms of products."""

Select = Callable[[Tensor], Tensor]
"""Takes the negatives' scores [..., positions, n] and gives the mask of those that are trained on."""


@dataclass(frozen=True)
class NegativeVectors:
    """The vectors of negatives and where the loss's gradient by them goes.

    Attributes:
        values: [replicas, draws, length | 1, n, hidden_dim]; neighbouring rows share a draw where draws are fewer than rows,
            and positions where 1.
        gradients: The same shape.
        adds: Whether the gradient is added to what `gradients` holds; otherwise it is overwritten, unread.
    """

    values: Tensor
    gradients: Tensor
    adds: bool

    def write(self, slope: Tensor, states: Tensor) -> None:
        """Takes the gradient, slope' times states.

        Args:
            slope: [groups, positions, n], the loss's gradient by each score.
            states: [groups, positions, hidden_dim].
        """
        by_scores = slope.transpose(1, 2)
        if self.gradients.is_contiguous():
            there = self.gradients.view(len(slope), -1, states.shape[2])
            torch.baddbmm(there, by_scores, states, beta=int(self.adds), out=there)
            return
        found = torch.bmm(by_scores, states).view_as(self.gradients)
        self.gradients.add_(found) if self.adds else self.gradients.copy_(found)


@dataclass(frozen=True)
class BinaryCrossEntropy:
    """-log sigmoid(s+) + reduction over negatives of -log(1 - sigmoid(s-)).

    Source: paper, equations 3 and 4. The equation sums over negatives; the published code averages.

    Attributes:
        negative_reduction: "mean" or "sum" over a position's negatives.
        unselected: What proposed negatives that were not selected do: "drop" leaves them out; "zero" keeps them in the
            mean with score 0, a constant ln 2 without gradient, as in the published code.
    """

    negative_reduction: Literal["mean", "sum"] = "mean"
    unselected: Literal["drop", "zero"] = "drop"

    def positives(self, scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted loss of the positives.

        Args:
            scores: [replicas, positions].
            weights: The same shape.

        Returns:
            [replicas], the loss; and [replicas, positions], its gradient by the scores.
        """
        loss = (functional.softplus(-scores) * weights).sum(-1)
        return loss, torch.sigmoid(-scores).mul_(weights).neg_()

    def negatives(
        self, states: Tensor, vectors: NegativeVectors, mask: Tensor, select: Select, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Weighted loss of the negatives.

        Args:
            states: [replicas, rows, length, hidden_dim].
            vectors: The negatives' vectors; takes the gradient by them.
            mask: bool, broadcastable to [replicas, rows, length, n]; False: never trained on.
            select: Chooses among the negatives by their scores.
            weights: [replicas, rows, length].

        Returns:
            [replicas], the loss; and the gradient by the states, of their shape.
        """
        grouped, shared = _grouped(states, vectors.values)
        n = shared.shape[1]
        scores = torch.bmm(grouped, shared.transpose(1, 2)).view(*states.shape[:3], n)
        # Floats, and shared axes left shared: products with bool are slow on a CPU.
        chosen = select(scores).to(scores.dtype)
        scale, constant = self._scale(mask, chosen, weights)
        per_position, slope = _loss_and_slope(scores, chosen)
        loss = (per_position * scale).flatten(1).sum(1) + constant
        slope = slope.view(len(grouped), -1, n)
        # A position's scale multiplies its state, not each of its negatives: d products instead of n.
        scale = scale.reshape(len(grouped), -1, 1)
        vectors.write(slope, grouped * scale)
        return loss, torch.bmm(slope, shared).mul_(scale).view_as(states)

    def _scale(self, mask: Tensor, chosen: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """[replicas, rows, length], what each chosen negative counts; [replicas], the constant that unselected ones add."""
        n_chosen = chosen.sum(-1)
        n_proposed = mask.float().sum(-1) if self.unselected == "zero" else n_chosen
        scale = weights if self.negative_reduction == "sum" else weights / n_proposed.clamp(min=1)
        return scale, (scale * (n_proposed - n_chosen)).flatten(1).sum(1) * math.log(2)


def _loss_and_slope(scores: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Of the chosen negatives of each position: the sum of -log(1 - sigmoid(s)), and each one's gradient, sigmoid(s).

    Args:
        scores: [replicas, rows, length, n]; used up.
        chosen: 1 or 0, broadcastable to the scores.

    Returns:
        [replicas, rows, length] and [replicas, rows, length, n].

    On a CPU the logarithm takes most of the time, so it is taken of the products of eight: log a + log b = log ab. Scores
    below MAX_SCORE leave 1 - sigmoid(s) five digits, and products of eight far from the smallest numbers.
    """
    if scores.device.type != "cpu" or bool(scores.amax() > MAX_SCORE):
        loss = (functional.softplus(scores) * chosen).sum(-1)
        return loss, scores.sigmoid_().mul_(chosen)
    slope = scores.sigmoid_()
    if not bool(chosen.all()):
        slope.mul_(chosen)
    eighth, n_left = divmod(slope.shape[-1], 8)
    *factors, rest = (1 - slope).split([eighth] * 8 + [n_left], -1)
    products = reduce(Tensor.mul_, factors)
    return -(products.log_().sum(-1) + rest.log_().sum(-1)), slope


def _grouped(states: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Both as [groups, positions of the group, d] and [groups, n, d], a group sharing its negatives."""
    replicas, rows, length, d = states.shape
    n = vectors.shape[3]
    is_by_position = vectors.shape[2] == length and length > 1
    groups = replicas * (rows * length if is_by_position else vectors.shape[1])
    return states.reshape(groups, -1, d), vectors.reshape(groups, n, d)

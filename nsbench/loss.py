"""Binary cross-entropy over positives and sampled negatives, with scores and gradient in one pass.

The scores of a block are used once, for the loss and for its gradient, and then dropped: nothing of size
[positions, negatives] is kept for the backward pass.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn import functional

Select = Callable[[Tensor], Tensor]
"""Takes the negatives' scores [..., positions, n] and gives the mask of those that are trained on."""


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

    def positives(self, scores: Tensor, weights: Tensor) -> Tensor:
        """Weighted loss of the positives.

        Args:
            scores: [replicas, positions].
            weights: The same shape.

        Returns:
            [replicas].
        """
        return (functional.softplus(-scores) * weights).sum(-1)

    def negatives(self, states: Tensor, vectors: Tensor, mask: Tensor, select: Select, weights: Tensor) -> Tensor:
        """Weighted loss of the negatives.

        Args:
            states: [replicas, rows, length, hidden_dim].
            vectors: [replicas, rows | 1, length | 1, n, hidden_dim], the negatives' vectors, shared where 1.
            mask: bool, broadcastable to [replicas, rows, length, n]; False: never trained on.
            select: Chooses among the negatives by their scores.
            weights: [replicas, rows, length].

        Returns:
            [replicas]; differentiable by states and vectors.
        """
        loss: Tensor = _NegativeLoss.apply(states, vectors, mask, select, weights, self)  # type: ignore[no-untyped-call]
        return loss

    def weights_of(self, mask: Tensor, selected: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """What each negative's loss counts, and the constant that unselected ones add.

        Returns:
            [replicas, rows, length, n] and [replicas].
        """
        # Floats, and shared axes left shared: products with bool are slow on a CPU.
        chosen = selected.float()
        n_selected = chosen.sum(-1)
        n_proposed = mask.float().sum(-1) if self.unselected == "zero" else n_selected
        scale = weights if self.negative_reduction == "sum" else weights / n_proposed.clamp(min=1)
        constant = (scale * (n_proposed - n_selected)).flatten(1).sum(1) * math.log(2)
        return chosen * scale[..., None], constant


class _NegativeLoss(torch.autograd.Function):
    """Scores, selects, and computes loss and gradients at once; backward only scales."""

    @staticmethod
    def forward(
        ctx: Any,  # noqa: ANN401
        states: Tensor,
        vectors: Tensor,
        mask: Tensor,
        select: Select,
        weights: Tensor,
        loss: BinaryCrossEntropy,
    ) -> Tensor:
        grouped, shared = _grouped(states, vectors)
        scores = torch.bmm(grouped, shared.transpose(1, 2)).view(*states.shape[:3], vectors.shape[3])
        selected = select(scores)
        counts, total = loss.weights_of(mask, selected, weights)
        total = total + torch.mul(functional.softplus(scores), counts).flatten(1).sum(1)
        slope = scores.sigmoid_().mul_(counts).view(len(grouped), -1, vectors.shape[3])
        ctx.save_for_backward(
            torch.bmm(slope, shared).view_as(states), torch.bmm(slope.transpose(1, 2), grouped).view_as(vectors)
        )
        return total

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        by_states, by_vectors = ctx.saved_tensors
        scale = gradient.view(-1, 1, 1, 1)
        return by_states * scale, by_vectors * scale[..., None], None, None, None, None


def _grouped(states: Tensor, vectors: Tensor) -> tuple[Tensor, Tensor]:
    """Both as [groups, positions of the group, d] and [groups, n, d], a group sharing its negatives."""
    replicas, rows, length, d = states.shape
    n = vectors.shape[3]
    if vectors.shape[2] == length and length > 1:
        groups = replicas * rows * length
    elif vectors.shape[1] == rows:
        groups = replicas * rows
    else:
        groups = replicas
    return states.reshape(groups, -1, d), vectors.reshape(groups, n, d)

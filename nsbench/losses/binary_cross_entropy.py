"""Binary cross-entropy over positives and sampled negatives, with loss and gradient in one pass.

The scores of a block are used once, for the loss and for its gradient, and then dropped: nothing of size
[positions, negatives] is kept.
"""

import math
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nsbench.formerly import Formerly
from nsbench.losses.loss import Loss, LossContext, LossSettings, NegativeVectors, Pointwise, Scores, Select, Slopes

MAX_SCORE = 8.0
"""The highest score of a negative up to which losses are summed as logarithms of products."""


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss):
    """-weight log sigmoid(s+) + weight' reduction over negatives of -log(1 - sigmoid(s-)).

    Source: paper, equations 3 and 4. The equation sums over negatives; the published code averages.

    Attributes:
        negative_reduction: "mean" or "sum" over a position's negatives.
        unselected: What proposed negatives that were not selected do: "drop" leaves them out; "zero" keeps them in the
            mean with score 0, a constant ln 2 without gradient, as in the published code.
        positive_weight: What the positive's term counts.
        negative_weight: What the negatives' term counts. "zero" in a mean is "drop" with a weight of selected / proposed, but
            for the constant.
    """

    negative_reduction: Literal["mean", "sum"] = "mean"
    unselected: Literal["drop", "zero"] = "drop"
    positive_weight: float = 1.0
    negative_weight: float = 1.0

    def value(self, scores: Scores) -> Tensor:
        """As of `Loss`, but for the constant of unselected negatives, which moves nothing."""
        of_negatives = functional.softplus(scores.negative.masked_fill(~scores.chosen, -torch.inf)).sum(-1)
        if self.negative_reduction == "mean":
            of_negatives = of_negatives / scores.chosen.expand_as(scores.negative).sum(-1).clamp(min=1)
        return self.positive_weight * functional.softplus(-scores.positive) + self.negative_weight * of_negatives

    def slopes(self, scores: Scores) -> Slopes:
        """The sigmoids of the scores, less 1 at the positive."""
        negative = scores.negative.masked_fill(~scores.chosen, -torch.inf)
        value = self.value(scores)
        of_negatives = negative.sigmoid_()
        if self.negative_reduction == "mean":
            of_negatives.div_(scores.chosen.expand_as(negative).sum(-1, keepdim=True).clamp(min=1))
        if self.negative_weight != 1:
            of_negatives.mul_(self.negative_weight)
        return Slopes(value, torch.sigmoid(-scores.positive).mul_(-self.positive_weight), of_negatives)

    def pointwise(self) -> Pointwise:
        """Itself: the scores of a block are used once, for the loss and for its gradient, and then dropped."""
        return self

    def positives(self, scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """As of `Pointwise`."""
        if self.positive_weight != 1:
            weights = weights * self.positive_weight
        loss = (functional.softplus(-scores) * weights).sum(-1)
        return loss, torch.sigmoid(-scores).mul_(weights).neg_()

    def negatives(
        self, states: Tensor, vectors: NegativeVectors, mask: Tensor, select: Select, weights: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As of `Pointwise`."""
        grouped, shared = vectors.grouped(states)
        n = shared.shape[1]
        scores = torch.bmm(grouped, shared.transpose(1, 2)).view(*states.shape[:3], n)  # [R, rows, length, n]
        # Floats, and shared axes left shared: products with bool are slow on a CPU.
        chosen = select(scores).to(scores.dtype)
        scale, constant = self._scale(mask, chosen, weights)
        per_position, slope = _loss_and_slope(scores, chosen)
        loss = (per_position * scale).flatten(1).sum(1) + constant
        slope = slope.view(len(grouped), -1, n)  # [groups, positions, n]
        # A position's scale multiplies its state, not each of its negatives: d products instead of n.
        scale = scale.reshape(len(grouped), -1, 1)
        vectors.write(slope, grouped * scale)
        return loss, torch.bmm(slope, shared).mul_(scale).view_as(states)

    def _scale(self, mask: Tensor, chosen: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """[replicas, rows, length], what each chosen negative counts; [replicas], the constant that unselected ones add."""
        n_chosen = chosen.sum(-1)  # broadcastable to [R, rows, length]
        if self.negative_weight != 1:
            weights = weights * self.negative_weight
        n_proposed = mask.float().sum(-1) if self.unselected == "zero" else n_chosen
        scale = weights if self.negative_reduction == "sum" else weights / n_proposed.clamp(min=1)
        return scale, (scale * (n_proposed - n_chosen)).flatten(1).sum(1) * math.log(2)


class BceSettings(LossSettings):
    """Binary cross-entropy, the loss of SASRec and of the paper."""

    name: ClassVar[str] = "bce"
    label: ClassVar[str] = "BCE"
    is_pointwise: ClassVar[bool] = True

    negative_reduction: Annotated[
        Literal["mean", "sum"],
        Field(
            description="a positive's negatives are averaged (the published code) or summed (the paper's equation 3)"
        ),
    ] = "mean"
    unselected_negatives: Annotated[
        Literal["drop", "zero"],
        Field(
            description="proposed negatives that an adaptive sampler does not select leave the loss, or stay in it with "
            "score 0 (the published code)"
        ),
    ] = "drop"
    negative_weight: Annotated[
        float,
        Field(
            gt=0,
            description="what the negatives of a position count beside its positive; unselected_negatives = zero makes it "
            "selected / proposed",
        ),
        Formerly(1.0),
    ] = 1.0

    def build(self, context: LossContext) -> Loss:
        """The loss."""
        return BinaryCrossEntropy(
            self.negative_reduction, self.unselected_negatives, negative_weight=self.negative_weight
        )


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

"""BPR-max: BPR in which the highest negatives count most, with a penalty on their scores.

    L = -log( sum over negatives of p- sigmoid(s+ - s-) ) + regularization * sum of p- s-^2,    p- = softmax of the negatives'
    scores

Source: Hidasi and Karatzoglou, "Recurrent neural networks with top-k gains for session-based recommendations", CIKM 2018,
equation 10.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nsbench.losses.loss import Loss, LossContext, LossSettings, Scores
from nsbench.search import FloatRange


@final
@dataclass(frozen=True)
class BprMax(Loss):
    """BPR's pairs, weighted by the softmax of the negatives' scores.

    Attributes:
        regularization: What the weighted squares of the negatives' scores count.
    """

    regularization: float = 1.0

    def value(self, scores: Scores) -> Tensor:
        """As of `Loss`; 0 where there is no negative."""
        has_negatives = scores.chosen.any(-1)  # [R, rows, length], as `chosen` broadcasts
        # A position without negatives takes part as if it had them all, and is then left out: no gradient becomes NaN.
        chosen = scores.chosen | ~has_negatives[..., None]
        negative = torch.where(scores.chosen, scores.negative, 0.0)
        log_weights = functional.log_softmax(negative.masked_fill(~chosen, -torch.inf), -1)  # [R, rows, length, n]
        log_weights = torch.where(chosen, log_weights, -torch.inf)
        beats = functional.logsigmoid(scores.positive[..., None] - negative)
        # In logarithms: weights times sigmoids may both be too small for a float32.
        ranking = -torch.logsumexp(log_weights + beats, -1)
        penalty = (log_weights.exp() * negative.square()).sum(-1)
        return torch.where(has_negatives, ranking + self.regularization * penalty, 0.0)


class BprMaxSettings(LossSettings):
    """BPR in which the highest negatives count most."""

    name: ClassVar[str] = "bpr-max"
    label: ClassVar[str] = "BPR-max"

    regularization: Annotated[
        float,
        Field(ge=0, le=100, description="what the weighted squares of the negatives' scores count"),
        FloatRange(0.01, 2.0, log=True),
    ] = 1.0

    def build(self, context: LossContext) -> Loss:
        """The loss."""
        return BprMax(self.regularization)

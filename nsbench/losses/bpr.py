"""BPR: the positive is to score higher than each negative.

    L = mean over negatives of -log sigmoid(s+ - s-)

Source: Rendle et al., "BPR: Bayesian personalized ranking from implicit feedback", UAI 2009. Their one negative is a mean
over one.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn import functional

from nsbench.losses.loss import Loss, LossContext, LossSettings, Scores, Slopes


@final
@dataclass(frozen=True)
class Bpr(Loss):
    """The mean of the pairs of a positive with each of its negatives."""

    def value(self, scores: Scores) -> Tensor:
        """As of `Loss`; 0 where there is no negative."""
        n_chosen = _n_chosen(scores)
        return functional.softplus(_differences(scores)).sum(-1) / n_chosen

    def slopes(self, scores: Scores) -> Slopes:
        """Each pair's is the sigmoid of how much higher its negative is."""
        differences = _differences(scores)
        scale = _n_chosen(scores).to(differences.dtype).reciprocal_()
        value = functional.softplus(differences).sum(-1).mul_(scale)
        of_negatives = differences.sigmoid_().mul_(scale[..., None])
        return Slopes(value, -of_negatives.sum(-1), of_negatives)


def _differences(scores: Scores) -> Tensor:
    """[R, rows, length, n], the negatives' scores less the positive's, in memory of their own; -inf: not chosen."""
    return (scores.negative - scores.positive[..., None]).masked_fill(~scores.chosen, -torch.inf)


def _n_chosen(scores: Scores) -> Tensor:
    """int64[R, rows, length], 1 where there is none."""
    return scores.chosen.expand_as(scores.negative).sum(-1).clamp(min=1)


class BprSettings(LossSettings):
    """Pairs of the positive with each negative, which it is to beat."""

    name: ClassVar[str] = "bpr"
    label: ClassVar[str] = "BPR"

    def build(self, context: LossContext) -> Loss:
        """The loss."""
        return Bpr()

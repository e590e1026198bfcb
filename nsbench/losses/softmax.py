"""Sampled softmax: cross-entropy of the positive among itself and its negatives.

    L = -log( exp(l+) / (exp(l+) + sum over negatives of exp(l-)) ),    l = s / temperature - correction

Corrections, `log_q`. With Q(j) the expected number of times that item j is proposed to the position, a sum of exp(s_j - log
Q(j)) over the negatives is an unbiased estimate of the sum of exp(s_j) over all items that can be proposed; without it
popular proposals are pushed down. - none: scores as they are. - classic: log Q(j) is subtracted from each negative, and log
Q(+) from the positive where it is in the pool too, which it is where negatives
  are other users' positives. Source: Bengio and Senecal, 2008; Yi et al., "Sampling-bias-corrected neural modeling for large
  corpus item recommendations", RecSys 2019.
- corrected: log Q(j) is subtracted from each negative only. The positive isn't sampled: it is there with probability 1.
Source: Khrylchenko et
  al., "Correcting the LogQ Correction", RecSys 2025. That paper weighs the gradient of log(sum) - s+ by 1 - p(+), estimated
  with the same negatives; this is the gradient of L, since softplus' derivative is the sigmoid.
The two differ where the sampler is an in-batch one or a mixture with one.

Deviation: Q is the expected count under this sampler, its exclusions and groups included (`Sampler.log_q`), not a frequency
in the catalogue. Over the sampler `catalogue`, which proposes every item once, L is exact cross-entropy.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor

from nsbench.losses.loss import Loss, LossContext, LossSettings, Scores, Slopes
from nsbench.search import FloatRange

Correction = Literal["none", "classic", "corrected"]
"""What is made up for of the sampler's preferences."""


@final
@dataclass(frozen=True)
class SampledSoftmax(Loss):
    """Cross-entropy among the positive and its negatives.

    Attributes:
        temperature: What scores are divided by.
        needs_log_q: Whether negatives are corrected.
        corrects_positive: Whether the positive is, too.
    """

    temperature: float = 1.0
    needs_log_q: bool = False
    corrects_positive: bool = False

    def value(self, scores: Scores) -> Tensor:
        """As of `Loss`; 0 where there is no negative."""
        positive, negative = self._logits(scores)
        return torch.logsumexp(torch.cat([positive[..., None], negative], -1), -1) - positive

    def slopes(self, scores: Scores) -> Slopes:
        """Probabilities, and that of the positive less 1; in one pass over the scores."""
        positive, negative = self._logits(scores)
        # Subtracted from all, so that no exponential overflows; it cancels out.
        highest = torch.maximum(positive, negative.amax(-1))  # [R, rows, length]
        negative = negative.sub_(highest[..., None]).exp_()
        own = (positive - highest).exp_()
        total = negative.sum(-1).add_(own)  # [R, rows, length], relative to the highest
        value = total.log().add_(highest).sub_(positive)
        scale = total.mul_(self.temperature).reciprocal_()
        of_negatives = negative.mul_(scale[..., None])
        return Slopes(value, own.mul_(scale).sub_(1 / self.temperature), of_negatives)

    def _logits(self, scores: Scores) -> tuple[Tensor, Tensor]:
        """The positive's [R, rows, length] and the negatives' [R, rows, length, n], in memory of their own; -inf: not chosen."""
        positive, negative = scores.positive / self.temperature, scores.negative / self.temperature
        if self.needs_log_q:
            assert scores.log_q is not None
            negative = negative - scores.log_q
            if self.corrects_positive:
                assert scores.positive_log_q is not None
                positive = positive - scores.positive_log_q
        return positive, torch.where(scores.chosen, negative, -torch.inf)


class SoftmaxSettings(LossSettings):
    """Sampled softmax: cross-entropy among the positive and its negatives, with or without logQ correction."""

    name: ClassVar[str] = "softmax"
    label: ClassVar[str] = "softmax"

    temperature: Annotated[
        float, Field(gt=0, le=100, description="what scores are divided by"), FloatRange(0.1, 2.0, log=True)
    ] = 1.0
    log_q: Annotated[
        Correction,
        Field(
            description="what is made up for of the sampler's preferences. none; classic: log Q leaves the negatives' scores, "
            "and the positive's where other users' positives are negatives; corrected: it leaves the negatives' only, "
            "since the positive isn't sampled"
        ),
    ] = "none"

    @property
    def needs_log_q(self) -> bool:
        """Whether the sampler must know how often it proposes each item."""
        return self.log_q != "none"

    def build(self, context: LossContext) -> Loss:
        """The loss."""
        corrects_positive = self.log_q == "classic" and context.positive_is_proposed
        return SampledSoftmax(self.temperature, self.needs_log_q, corrects_positive)

"""gBCE: binary cross-entropy whose positive weighs what sampling made of it.

Sampling N of |I| - 1 possible negatives makes a positive look too likely: with alpha = N / (|I| - 1), binary cross-entropy learns
scores whose sigmoid is p / (p + alpha (1 - p)) instead of p. With sigmoid(s+) ** beta in place of sigmoid(s+), that is with the
positive's term times

    beta = alpha (t (1 - 1 / alpha) + 1 / alpha)

the estimate is the true one at t = 1, where beta = alpha, and binary cross-entropy's at t = 0, where beta = 1.

Source: Petrov and Macdonald, "gSASRec: reducing overconfidence in sequential recommendation trained with negative sampling",
RecSys 2023, equations 12 and 19; there N = 256 and t = 0.75 are recommended. A power of a sigmoid is a factor of its
logarithm, so the term is exact in float32, where that paper's code transforms scores in float64. Deviation: negatives that an
adaptive sampler selects, or that aren't uniform, count as if they were uniform draws, since the paper knows no others.
"""

from typing import Annotated, ClassVar

from pydantic import Field

from nsbench.losses.binary_cross_entropy import BinaryCrossEntropy
from nsbench.losses.loss import Loss, LossContext, LossSettings
from nsbench.search import FloatRange


class GbceSettings(LossSettings):
    """Binary cross-entropy whose positive weighs less, against the overconfidence that sampling causes."""

    name: ClassVar[str] = "gbce"
    label: ClassVar[str] = "gBCE"
    is_pointwise: ClassVar[bool] = True

    calibration: Annotated[
        float,
        Field(ge=0, le=1, description="gBCE's t: 0 is binary cross-entropy, 1 makes up for all of the sampling"),
        FloatRange(0.0, 1.0),
    ] = 0.75

    def build(self, context: LossContext) -> Loss:
        """The loss; negatives are summed, which its weight is made for."""
        return BinaryCrossEntropy("sum", positive_weight=positive_weight(context, self.calibration))


def positive_weight(context: LossContext, calibration: float) -> float:
    """GBCE's beta.

    Five negatives of 41 items make alpha 1/8, and half the calibration 1/8 (1/2 (1 - 8) + 8) = 9/16:
    >>> positive_weight(LossContext(n_negatives=5, n_candidates=41), 0.5)
    0.5625
    """
    # No more is made up for than all items would need.
    alpha = min(1.0, context.n_negatives / max(1, context.n_candidates - 1))
    return alpha * (calibration * (1 - 1 / alpha) + 1 / alpha)

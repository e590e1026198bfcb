"""What a loss is: a function of the scores of a position's positive and negatives, never of vectors, batches or samplers.

`value` is the definition. `slopes` gives its derivatives by the scores, by autograd unless a loss has them written out; tests
over all of `nsbench.losses.LOSSES` hold them to the definition. Products, shared draws, cache cuts and gradient buffers are
the business of `nsbench.training.steps.scoring`, for all losses alike.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

Select = Callable[[Tensor], Tensor]
"""Takes the negatives' scores [..., positions, n] and gives the mask of those that are trained on."""


@dataclass(frozen=True)
class Scores:
    """The scores of some positions.

    Attributes:
        positive: float32[replicas, rows, length].
        negative: float32[replicas, rows, length, n].
        chosen: bool, broadcastable to `negative`: the negatives that are trained on. The others may have any score.
        log_q: float32, broadcastable to `negative`: log of the expected number of times that each negative is proposed to the
            position; anything where not chosen. None unless the loss needs it.
        positive_log_q: float32, broadcastable to `positive`: the same of the positive, as if it could be proposed.
    """

    positive: Tensor
    negative: Tensor
    chosen: Tensor
    log_q: Tensor | None = None
    positive_log_q: Tensor | None = None


@dataclass(frozen=True)
class Slopes:
    """A loss and its derivatives by the scores, position by position.

    Attributes:
        value: float32[replicas, rows, length].
        positive: float32[replicas, rows, length].
        negative: float32[replicas, rows, length, n]; 0 where not chosen.
    """

    value: Tensor
    positive: Tensor
    negative: Tensor


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
        by_scores = slope.transpose(1, 2)  # [groups, n, positions]
        if self.gradients.is_contiguous():
            gradients = self.gradients.view(len(slope), -1, states.shape[2])  # [groups, n, d]
            # With beta 0 what was there is not read, and may be anything, NaN included.
            torch.baddbmm(gradients, by_scores, states, beta=int(self.adds), out=gradients)
            return
        found = torch.bmm(by_scores, states).view_as(self.gradients)
        self.gradients.add_(found) if self.adds else self.gradients.copy_(found)

    def grouped(self, states: Tensor) -> tuple[Tensor, Tensor]:
        """The states as [groups, positions of the group, d] and the vectors as [groups, n, d]: a group shares its negatives.

        Args:
            states: [replicas, rows, length, hidden_dim].
        """
        replicas, rows, length, d = states.shape
        n = self.values.shape[3]
        is_by_position = self.values.shape[2] == length and length > 1
        groups = replicas * (rows * length if is_by_position else self.values.shape[1])
        return states.reshape(groups, -1, d), self.values.reshape(groups, n, d)


class Pointwise(Protocol):
    """A loss that is a term of the positive plus one of the negatives: they needn't meet, which saves a pass over the scores."""

    def positives(self, scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        """Weighted loss of the positives.

        Args:
            scores: [replicas, positions].
            weights: The same shape.

        Returns:
            [replicas], the loss; and [replicas, positions], its gradient by the scores.
        """

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


class Loss(ABC):
    """A loss of one position; a step's loss is the weighted mean over its positions."""

    needs_log_q: bool = False
    """Whether `Scores` must hold how often items are proposed."""

    @abstractmethod
    def value(self, scores: Scores) -> Tensor:
        """The loss of each position, [replicas, rows, length]; differentiable by the scores."""

    def slopes(self, scores: Scores) -> Slopes:
        """The loss and its derivatives; by autograd unless a loss has them written out."""
        # Out of inference mode, since autograd keeps nothing of what was made there: hence the copies.
        with torch.inference_mode(False), torch.enable_grad():
            own = Scores(
                scores.positive.clone(),
                scores.negative.clone(),
                scores.chosen.clone(),
                None if scores.log_q is None else scores.log_q.clone(),
                None if scores.positive_log_q is None else scores.positive_log_q.clone(),
            )
            leaves = (own.positive.requires_grad_(), own.negative.requires_grad_())
            value = self.value(own)
            by_positive, by_negative = torch.autograd.grad(value.sum(), leaves)
        return Slopes(value.detach(), by_positive, by_negative)

    def pointwise(self) -> Pointwise | None:
        """The loss as two terms; None where it isn't the sum of two."""
        return None


@dataclass(frozen=True)
class LossContext:
    """What a loss may know of the sampler and the log.

    Attributes:
        n_negatives: Negatives of a position that are trained on.
        n_candidates: Items that may be recommended.
        positive_is_proposed: Whether a positive may itself be proposed, as other users' negative: in-batch negatives are
        positives.
    """

    n_negatives: int
    n_candidates: int
    positive_is_proposed: bool = False


class LossSettings(BaseModel):
    """A loss's settings, and with `build` the loss itself.

    A subclass registers under `name`; the command line, YAML, search space, MLflow and report take names, bounds, ranges and
    labels from here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    """The loss's name on the command line and everywhere else."""
    label: ClassVar[str]
    """What tables and figures call it."""
    is_pointwise: ClassVar[bool] = False
    """Whether the loss is a term of the positive plus one of the negatives."""

    @property
    def needs_log_q(self) -> bool:
        """Whether the sampler must know how often it proposes each item."""
        return False

    @abstractmethod
    def build(self, context: LossContext) -> Loss:
        """The loss of a training."""

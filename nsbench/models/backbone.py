"""What a backbone is: it turns a history into a state, from which the next item is scored by a product with item vectors.

One definition, `encode`, which autograd can differentiate, dropout included. Beside it a backbone may have a training pass and a
ranking pass that are written out for speed; tests over all of `nsbench.models.MODELS` hold both to the definition.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Annotated, ClassVar, Protocol

import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor

from nsbench.batching.dropout_masks import ByteDropout, DropoutSites
from nsbench.batching.positions import Positions
from nsbench.batching.step import Step
from nsbench.models.parameter import ParameterSpec, glorot_bound

LookUp = Callable[[Tensor], Tensor]
"""Gives the vectors [n, hidden_dim] of some items, int64[n]."""


class EncoderPass(Protocol):
    """The encoder of one training step: forward once, then back once."""

    def forward(self, x: Tensor) -> Tensor:
        """The state at every position.

        Args:
            x: [replicas, n_positions, hidden_dim], the input items' vectors.

        Returns:
            [replicas, n_positions, hidden_dim]; meaningless where padded.
        """

    def backward(self, grad_states: Tensor, grad_x: Tensor) -> Tensor:
        """The gradient of whatever was computed from the states.

        Args:
            grad_states: [replicas, n_positions, hidden_dim]; 0 where padded.
            grad_x: Of the shape of `x`; overwritten.

        Returns:
            [replicas, n_dense], by all parameters but the item table.
        """


class RankingPass(Protocol):
    """One replica, prepared to encode many histories without dropout."""

    def encode(self, step: Step) -> Tensor:
        """The state after the last item of each row: float32[n_rows, hidden_dim]."""


class Backbone(ABC):
    """An encoder without state of its own: parameters come as arguments. A subclass is final.

    All parameters but the item table lie in one tensor [replicas, n_dense], in the order of `parameters`, so that Adam, copying
    the best epoch and clipping are one operation each.
    """

    packs_rows: ClassVar[bool] = False
    """Whether several users' rows may stand end to end in one lane: attention can mask the others, a recurrence can't."""
    has_written_pass: ClassVar[bool] = False
    """Whether `training_pass` does without autograd: then steps may run in inference mode, and as a CUDA graph."""
    padded_state: ClassVar[str | None] = None
    """The parameter [replicas, 1, hidden_dim] that is the state at padded positions in the published code, which trains them."""

    @abstractmethod
    def parameters(self) -> Mapping[str, ParameterSpec]:
        """Every parameter but the item table, by name."""

    @abstractmethod
    def dropout_sites(self) -> DropoutSites:
        """Where values are dropped in training."""

    @abstractmethod
    def encode(self, p: Mapping[str, Tensor], positions: Positions, x: Tensor, masks: ByteDropout | None) -> Tensor:
        """The state at every position, from which the next item is scored: the definition of the backbone.

        Args:
            p: Parameters by name, each [replicas, *shape].
            positions: Where each position lies; its items are only read through `x`.
            x: [replicas, n_positions, hidden_dim], the input items' vectors; may be overwritten if it needs no gradient.
            masks: Of dropout; None: no dropout.

        Returns:
            [replicas, n_positions, hidden_dim]; meaningless where padded.
        """

    @abstractmethod
    def flops(self, mean_context: float) -> float:
        """Useful floating-point operations of a position, forward.

        Args:
            mean_context: Positions of the history that a position sees, itself included, on average.
        """

    def training_pass(self, dense: Tensor, positions: Positions, masks: ByteDropout | None) -> EncoderPass:
        """The encoder of one step; by autograd unless a backbone has one of its own.

        Args:
            dense: [replicas, n_dense]; read only.
            positions: Of the step.
            masks: Of dropout; None: no dropout.
        """
        from nsbench.models.autograd_pass import AutogradPass

        return AutogradPass(self, dense, positions, masks)

    def ranking_pass(self, dense: Tensor, look_up: LookUp) -> RankingPass:
        """One replica as the ranking needs it; by `encode` unless a backbone has a pass of its own.

        Args:
            dense: [1, n_dense].
            look_up: Gives items' vectors.
        """
        from nsbench.models.encoded_last import EncodedLast

        return EncodedLast(self, dense, look_up)

    @cached_property
    def specs(self) -> Mapping[str, ParameterSpec]:
        """What `parameters` gives."""
        return self.parameters()

    @cached_property
    def n_dense(self) -> int:
        """Numbers of a replica, but for the item table."""
        return sum(spec.n_values for spec in self.specs.values())

    def named(self, dense: Tensor) -> dict[str, Tensor]:
        """Parameters or their gradients by name, each [replicas, *shape]: views, through which gradients flow.

        Args:
            dense: [replicas, n_dense].
        """
        parts = torch.split(dense, [spec.n_values for spec in self.specs.values()], 1)
        return {name: part.view(-1, *spec.shape) for (name, spec), part in zip(self.specs.items(), parts, strict=True)}


class BackboneSettings(BaseModel):
    """A backbone's settings, and with `build` the backbone itself.

    A subclass registers under `name`; the command line, YAML, search space, MLflow and report take names, bounds and labels from
    here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    """The backbone's name on the command line and everywhere else."""
    label: ClassVar[str]
    """What tables and figures call it."""

    hidden_dim: Annotated[int, Field(ge=1, le=4096, description="width of item vectors and states")] = 50
    max_length: Annotated[int, Field(ge=1, le=10_000, description="items of the history that the model sees")] = 50
    dropout_rate: Annotated[
        float, Field(ge=0, le=255 / 256, description="share of values set to 0 in training, to the next 1/256")
    ] = 0.2

    def item_bound(self, n_rows: int) -> float:
        """The bound of the uniform distribution that item vectors have before training; Glorot's unless a backbone says so.

        Args:
            n_rows: Of the table, padding among them.
        """
        return glorot_bound(n_rows, self.hidden_dim)

    @property
    @abstractmethod
    def depth(self) -> int:
        """Layers that a state passes through, for the forecast of a step's memory traffic."""

    @abstractmethod
    def build(self) -> Backbone:
        """The backbone of this size."""

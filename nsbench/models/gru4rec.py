"""GRU4Rec: a recurrent network over the history.

Source: Hidasi et al., "Session-based recommendations with recurrent neural networks", ICLR 2016; one table for input and
output and dropout on inputs and layers' outputs as in Hidasi and Karatzoglou, "Recurrent neural networks with top-k gains",
CIKM 2018, where these are `constrained_embedding`, `dropout_p_embed` and `dropout_p_hidden`. The last layer's states are the
states: item vectors are of its width.

Deviation: item vectors enter times sqrt(hidden_dim), and begin with a standard deviation of .02 whatever the size of the
catalogue. With Adam and Glorot's values, of a hundredth for 10,000 items, the inputs are lost beside the biases for the first
epochs: on RetailRocket's visits the hit rate at 10 in validation was .14 after two epochs, and is .27.
"""

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor

from nsbench.batching.dropout_masks import ByteDropout, DropoutSites
from nsbench.batching.positions import Positions
from nsbench.models.backbone import Backbone, BackboneSettings
from nsbench.models.parameter import NARROW_BOUND, ParameterSpec, uniform

_WEIGHTS = ("input.weight", "hidden.weight", "input.bias", "hidden.bias")
"""A layer's parameters in the order in which torch takes them."""


class Gru4recSettings(BackboneSettings):
    """Gated recurrent units over the history."""

    name: ClassVar[str] = "gru4rec"
    label: ClassVar[str] = "GRU4Rec"

    n_layers: Annotated[int, Field(ge=1, le=16, description="layers of gated recurrent units")] = 1

    def item_bound(self, n_rows: int) -> float:
        """As of `BackboneSettings`."""
        return NARROW_BOUND

    @property
    def depth(self) -> int:
        """The recurrent ones."""
        return self.n_layers

    def build(self) -> "Gru4rec":
        """The backbone."""
        return Gru4rec(self)


@final
class Gru4rec(Backbone):
    """Gated recurrent units by torch's own kernels, trained by autograd."""

    def __init__(self, settings: Gru4recSettings) -> None:
        self.settings = settings

    def parameters(self) -> Mapping[str, ParameterSpec]:
        """Uniform in +-1 / sqrt(hidden_dim), as torch has them; a weight's rows are those of the reset, update and new gates."""
        d = self.settings.hidden_dim
        shapes = {"weight": (3 * d, d), "bias": (3 * d,)}
        initial = uniform(1 / math.sqrt(d))
        return {
            f"layers.{layer}.{name}": ParameterSpec(shapes[name.partition(".")[2]], initial)
            for layer in range(self.settings.n_layers)
            for name in _WEIGHTS
        }

    def dropout_sites(self) -> DropoutSites:
        """The inputs, and what each layer gives."""
        d = self.settings.hidden_dim
        widths = {"embedding": d} | {f"layers.{layer}": d for layer in range(self.settings.n_layers)}
        return DropoutSites(self.settings.dropout_rate, widths, n_heads=1, max_length=self.settings.max_length)

    def encode(self, p: Mapping[str, Tensor], positions: Positions, x: Tensor, masks: ByteDropout | None) -> Tensor:
        """As of `Backbone.encode`."""
        x = x * math.sqrt(self.settings.hidden_dim)
        x = x if masks is None else x * masks.mask("embedding")
        for layer in range(self.settings.n_layers):
            x = torch.cat([self._recurrent(p, f"layers.{layer}", rows) for rows in _rectangles(positions, x)], 1)
            x = x if masks is None else x * masks.mask(f"layers.{layer}")
        return x

    def _recurrent(self, p: Mapping[str, Tensor], name: str, rows: Tensor) -> Tensor:
        """[R, n_rows * length, d], a layer's outputs for a rectangle [R, n_rows, length, d]."""
        found = []
        # Replica by replica, as torch's kernels are; so each is what it is alone.
        for replica, own in enumerate(rows):
            weights = [p[f"{name}.{part}"][replica] for part in _WEIGHTS]
            start = own.new_zeros(1, *own.shape[::2])  # `len` would make a constant of it when the model is exported.
            outputs, _ = torch.gru(
                own,
                start,
                weights,
                has_biases=True,
                num_layers=1,
                dropout=0.0,
                train=False,
                bidirectional=False,
                batch_first=True,
            )
            found.append(outputs.flatten(0, 1))
        return torch.stack(found)

    def flops(self, mean_context: float) -> float:
        """12 d ** 2 for each layer: three gates of two products each; the context is in the state."""
        return self.settings.n_layers * 12.0 * self.settings.hidden_dim**2


def _rectangles(positions: Positions, x: Tensor) -> list[Tensor]:
    """[R, n_rows, length, d] for each rectangle of rows."""
    return [x[:, bucket.positions].reshape(len(x), bucket.n_rows, bucket.length, -1) for bucket in positions.buckets]

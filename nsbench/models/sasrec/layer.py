"""SASRec's layers with their backward passes written out.

Autograd keeps every intermediate, adds up gradients in memory of their own and knows nothing of what may be overwritten;
by hand, a step makes about half as many passes over its positions. `Sasrec.encode` says what is computed, and tests hold
these layers to its gradient.

A layer is made for one step: `forward` keeps what `backward` needs, and `backward` writes the parameters' gradients.
Positions are [replicas, n_positions, hidden_dim].
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from nsbench.models.sasrec.definition import LAYER_NORM_EPS


@dataclass(frozen=True)
class Weights:
    """Parameters and their gradients by name, each [replicas, ...]; gradients are written in place.

    Attributes:
        values: As `Backbone.named` gives them.
        gradients: Views of one tensor, to be written.
    """

    values: Mapping[str, Tensor]
    gradients: Mapping[str, Tensor]


class MatMul:
    """Positions times a weight, plus a bias."""

    def __init__(self, weight: Tensor, bias: Tensor | None) -> None:
        """Takes [replicas, d_in, d_out] and [replicas, 1, d_out]."""
        self._weight = weight
        self._bias = bias
        self._input = torch.empty(0)

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """[replicas, n_positions, d_out], added to `residual` if that is given."""
        self._input = x
        if residual is not None:
            product = torch.baddbmm(residual, x, self._weight)  # [R, P, d_out]
            return product if self._bias is None else product.add_(self._bias)
        return torch.bmm(x, self._weight) if self._bias is None else torch.baddbmm(self._bias, x, self._weight)

    def backward(self, by_output: Tensor, residual: Tensor | None = None) -> Tensor:
        """The gradient by the input, added in place to `residual` if that is given."""
        transposed = self._weight.transpose(1, 2)
        return torch.bmm(by_output, transposed) if residual is None else residual.baddbmm_(by_output, transposed)

    def by_weight(self, by_output: Tensor) -> Tensor:
        """The gradient by the weight."""
        return torch.bmm(self._input.transpose(1, 2), by_output)


class Linear:
    """A product with a weight and, where there is one, a bias of the model."""

    def __init__(self, weights: Weights, name: str) -> None:
        """Takes the parameters of that name."""
        self._weights = weights
        self._name = name
        self._product = MatMul(weights.values[f"{name}.weight"], weights.values.get(f"{name}.bias"))

    def forward(self, x: Tensor, residual: Tensor | None = None) -> Tensor:
        """As of `MatMul`."""
        return self._product.forward(x, residual)

    def backward(self, by_output: Tensor, residual: Tensor | None = None) -> Tensor:
        """As of `MatMul`; writes the parameters' gradients."""
        self._weights.gradients[f"{self._name}.weight"].copy_(self._product.by_weight(by_output))
        by_bias = self._weights.gradients.get(f"{self._name}.bias")
        if by_bias is not None:
            torch.sum(by_output, 1, keepdim=True, out=by_bias)
        return self._product.backward(by_output, residual)


class Norm:
    """LayerNorm of every position."""

    def __init__(self, weights: Weights, name: str) -> None:
        """Takes the scale and shift of that name."""
        self._weights = weights
        self._name = name
        self._kept: tuple[Tensor, Tensor, Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """The normalised positions, scaled and shifted."""
        scale, shift = (self._weights.values[f"{self._name}.{part}"] for part in ("weight", "bias"))
        width = (x.shape[-1],)
        if len(x) == 1:
            # One replica: scale and shift fused into the normalisation.
            y, mean, deviation = torch.native_layer_norm(x, width, scale[0, 0], shift[0, 0], LAYER_NORM_EPS)
            self._kept = (x, mean, deviation)
            return y
        y, mean, deviation = torch.native_layer_norm(x, width, None, None, LAYER_NORM_EPS)
        self._kept = (x, mean, deviation)
        return torch.addcmul(shift, y, scale)

    def backward(self, by_output: Tensor) -> Tensor:
        """The gradient by the input."""
        assert self._kept is not None
        x, mean, deviation = self._kept
        scale, shift = (self._weights.values[f"{self._name}.{part}"] for part in ("weight", "bias"))
        by_scale, by_shift = (self._weights.gradients[f"{self._name}.{part}"] for part in ("weight", "bias"))
        gradient = torch.ops.aten.native_layer_norm_backward
        width = (x.shape[-1],)
        grad_x: Tensor
        if len(x) == 1:
            both = (scale[0, 0], shift[0, 0])
            grad_x, a, b = gradient(by_output, x, width, mean, deviation, *both, [True, True, True])
            by_scale.copy_(a)
            by_shift.copy_(b)
            return grad_x
        # torch keeps the reciprocal of the deviation, [R, P, 1].
        normal = (x - mean).mul_(deviation)  # [R, P, d]
        by_scale.copy_((by_output * normal).sum(1, keepdim=True))
        by_shift.copy_(by_output.sum(1, keepdim=True))
        grad_x, _, _ = gradient(by_output * scale, x, width, mean, deviation, None, None, [True, False, False])
        return grad_x

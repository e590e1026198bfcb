"""Any backbone's training pass, by autograd."""

from typing import final

import torch
from torch import Tensor

from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.positions import Positions
from nsbench.models.backbone import Backbone


@final
class AutogradPass:
    """Keeps the graph of one `Backbone.encode` from forward to backward; must not run in inference mode."""

    def __init__(self, backbone: Backbone, dense: Tensor, positions: Positions, masks: ByteDropout | None) -> None:
        """Arguments as of `Backbone.training_pass`."""
        self._backbone = backbone
        self._dense = dense.detach().requires_grad_()
        self._positions = positions
        self._masks = masks
        self._x = self._states = torch.empty(0)

    @torch.enable_grad()
    def forward(self, x: Tensor) -> Tensor:
        """As of `EncoderPass`."""
        self._x = x.detach().requires_grad_()
        p = self._backbone.named(self._dense)
        self._states = self._backbone.encode(p, self._positions, self._x, self._masks)
        return self._states.detach()

    def backward(self, grad_states: Tensor, grad_x: Tensor) -> Tensor:
        """As of `EncoderPass`."""
        found_x, by_dense = torch.autograd.grad(self._states, (self._x, self._dense), grad_states)
        grad_x.copy_(found_x)
        return by_dense

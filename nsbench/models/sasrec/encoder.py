"""SASRec's pass through its blocks in training, forward and back; `Sasrec.encode` is the definition."""

import math

import torch
from torch import Tensor

from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.positions import Positions
from nsbench.models.attention_masks import AttentionMasks
from nsbench.models.sasrec.attention import attention_of
from nsbench.models.sasrec.definition import Sasrec, SasrecSettings
from nsbench.models.sasrec.layer import Linear, Norm, Weights
from nsbench.tensors.row_ops import sum_into_table


class Encoder:
    """The states of one step, and the gradient of whatever is computed from them."""

    def __init__(self, backbone: Sasrec, dense: Tensor, positions: Positions, masks: ByteDropout | None) -> None:
        """Prepares for one step.

        Args:
            backbone: Whose pass this is.
            dense: float32[replicas, n_dense], the parameters; read only.
            positions: Of the step.
            masks: Of dropout for this step; None: no dropout.
        """
        settings = self._settings = backbone.settings
        self._by_dense = torch.zeros_like(dense)
        self._weights = Weights(backbone.named(dense), backbone.named(self._by_dense))
        names = [f"blocks.{number}" for number in range(settings.n_blocks)]
        lanes = AttentionMasks(positions, len(dense), settings.n_heads)
        self._blocks = [_EncoderBlock(self._weights, settings, lanes, masks, name) for name in names]
        self._norm = Norm(self._weights, "norm")
        # Counted from the end: the last item has the last position, however short the history.
        first = torch.arange(1, len(dense) + 1, device=dense.device)[:, None] * settings.max_length
        self._positions = first - 1 - positions.from_end  # [R, P], rows of the replicas' tables of positions
        self._mask = None if masks is None else masks.mask("embedding")

    def forward(self, vectors: Tensor) -> Tensor:
        """As of `EncoderPass`."""
        table = self._weights.values["positions"].flatten(0, 1)  # [R * max_length, d]
        positions = table.index_select(0, self._positions.flatten()).view_as(vectors)
        x = positions.add_(vectors, alpha=math.sqrt(self._settings.hidden_dim))
        if self._mask is not None:
            x.mul_(self._mask)
        for block in self._blocks:
            x = block.forward(x)
        return self._norm.forward(x)

    def backward(self, by_states: Tensor, by_vectors: Tensor) -> Tensor:
        """As of `EncoderPass`."""
        grad_x = self._norm.backward(by_states)
        for block in reversed(self._blocks):
            grad_x = block.backward(grad_x)
        if self._mask is not None:
            grad_x.mul_(self._mask)
        by_positions = self._weights.gradients["positions"]
        n_rows = by_positions.shape[0] * by_positions.shape[1]
        sums = sum_into_table(self._positions.flatten(), grad_x.flatten(0, 1), n_rows)  # [R * max_length, d]
        by_positions.copy_(sums.view_as(by_positions))
        torch.mul(grad_x, math.sqrt(self._settings.hidden_dim), out=by_vectors)
        return self._by_dense


class _EncoderBlock:
    """Attention and the feed-forward part, each with its residual."""

    def __init__(
        self, weights: Weights, settings: SasrecSettings, lanes: AttentionMasks, dropout: ByteDropout | None, name: str
    ) -> None:
        self._query_norm, self._ffn_norm = (Norm(weights, f"{name}.{part}") for part in ("query_norm", "ffn_norm"))
        self._attention = attention_of(weights, settings, lanes, dropout, name)
        self._ffn_in, self._ffn_out = (Linear(weights, f"{name}.{part}") for part in ("ffn_in", "ffn_out"))
        self._masks = None if dropout is None else (dropout.mask(f"{name}.ffn_in"), dropout.mask(f"{name}.ffn_out"))
        self._hidden = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        x = self._ffn_norm.forward(self._attention.forward(self._query_norm.forward(x), x))
        hidden = self._ffn_in.forward(x)
        if self._masks is None:
            self._hidden = hidden.relu_()
            return self._ffn_out.forward(self._hidden, residual=x)
        self._hidden = hidden.mul_(self._masks[0]).relu_()
        return torch.addcmul(x, self._ffn_out.forward(self._hidden), self._masks[1])

    def backward(self, grad_x: Tensor) -> Tensor:
        if self._masks is None:
            by_hidden = self._ffn_out.backward(grad_x)
        else:
            by_hidden = self._ffn_out.backward(grad_x * self._masks[1]).mul_(self._masks[0])
        by_hidden = torch.ops.aten.threshold_backward(by_hidden, self._hidden, 0)
        grad_x = self._ffn_norm.backward(self._ffn_in.backward(by_hidden, residual=grad_x))
        by_query, grad_x = self._attention.backward(grad_x)
        return grad_x.add_(self._query_norm.backward(by_query))

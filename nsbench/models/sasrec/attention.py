"""SASRec's attention with its backward pass written out; see `nsbench.models.sasrec.layer`."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nsbench.batching.bucket import Bucket
from nsbench.batching.dropout_masks import ByteDropout
from nsbench.models.attention_masks import AttentionMasks, to_heads
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.models.sasrec.layer import Linear, MatMul, Weights


class CausalMix:
    """Values mixed by the softmax of queries times keys, with dropout, bucket by bucket.

    In shapes, G stands for replicas * n_lanes * heads and L for the length of a bucket's lanes.
    """

    def __init__(self, lanes: AttentionMasks, scale: float, masks: list[Tensor] | None) -> None:
        """Prepares for one step.

        Args:
            lanes: Of the step.
            scale: What scores are multiplied by.
            masks: For each bucket [replicas * n_lanes * heads, length, length]; None: no dropout.
        """
        self._lanes = lanes
        self._n_heads = lanes.n_heads
        self._scale = scale
        self._masks: list[Tensor] | list[None] = [None] * len(lanes.buckets) if masks is None else masks
        self._kept: list[tuple[Tensor, ...]] = []

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """[replicas, n_positions, d] of what each position attends to."""
        out = torch.empty_like(value)
        for bucket, unseen, mask in zip(self._lanes.buckets, self._lanes.unseen, self._masks, strict=True):
            # [G, L, d / heads] each
            q, k, v = (to_heads(part, bucket, self._n_heads) for part in (query, key, value))
            weights = torch.baddbmm(unseen, q, k.transpose(1, 2), alpha=self._scale).softmax(-1)  # [G, L, L]
            dropped = weights if mask is None else weights * mask
            self._kept.append((q, k, v, weights, dropped))
            self._write(dropped, v, out, bucket)
        return out

    def backward(self, by_output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients by queries, keys and values."""
        by_query, by_key, by_value = (torch.empty_like(by_output) for _ in range(3))
        for bucket, mask, kept in zip(self._lanes.buckets, self._masks, self._kept, strict=True):
            q, k, v, weights, dropped = kept
            by_mix = to_heads(by_output, bucket, self._n_heads)  # [G, L, d / heads]
            by_weights = torch.bmm(by_mix, v.transpose(1, 2))  # [G, L, L]
            if mask is not None:
                by_weights.mul_(mask)
            # Softmax's derivative needs its result alone, so that scores are never kept.
            by_scores = torch._softmax_backward_data(by_weights, weights, -1, weights.dtype)
            if self._scale != 1:
                by_scores.mul_(self._scale)
            self._write(by_scores, k, by_query, bucket)
            self._write(by_scores.transpose(1, 2), q, by_key, bucket)
            self._write(dropped.transpose(1, 2), by_mix, by_value, bucket)
        return by_query, by_key, by_value

    def _write(self, a: Tensor, b: Tensor, out: Tensor, bucket: Bucket) -> None:
        """Writes the product of a and b, which lie as `to_heads` gives them, to the bucket's positions."""
        here = out[:, bucket.positions]
        # A bucket of one replica and one head is a stretch of memory: the product is written where it belongs.
        if self._n_heads == 1 and len(out) == 1:
            torch.bmm(a, b, out=here.view(bucket.n_rows, bucket.length, -1))
            return
        product = torch.bmm(a, b)  # [G, L, d / heads]
        # [replicas * n_lanes, L, heads, d / heads]
        product = product.view(-1, self._n_heads, bucket.length, product.shape[2]).transpose(1, 2)
        here.copy_(product.reshape(here.shape))


class FusedHeadAttention:
    """Attention with one head, where neighbouring weights have no width between them and are multiplied beforehand.

    (q Wq) (x Wk)' = q (Wq Wk') x' and, where there is an output weight, A (x Wv) Wo = A (x (Wv Wo)): two products a
    position instead of three or four, the same function. The products' gradients are those of all by the chain rule.
    """

    def __init__(self, weights: Weights, settings: SasrecSettings, mix_of: "MixOf", name: str) -> None:
        """Multiplies the weights of a block."""
        self._weights = weights
        self._name = name
        self._scale = 1 / math.sqrt(settings.hidden_dim)
        query, key = (weights.values[f"{name}.{part}.weight"] for part in ("query", "key"))
        key_scaled = key.transpose(1, 2) * self._scale  # [R, d, d]
        self._query_key = MatMul(
            torch.bmm(query, key_scaled), torch.bmm(weights.values[f"{name}.query.bias"], key_scaled)
        )
        self._has_output = settings.attention_output
        self._values = _ValueOutput(weights, name) if self._has_output else Linear(weights, f"{name}.value")
        self._mix = mix_of(1.0)

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        """The query plus what it attends to of x."""
        mixed = self._mix.forward(self._query_key.forward(query), x, self._values.forward(x)).add_(query)
        return mixed.add_(self._value("output.bias")) if self._has_output else mixed

    def backward(self, by_output: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients by query and x; `by_output` is used up."""
        by_query_key, grad_x, by_value = self._mix.backward(by_output)
        self._write_query_key(by_query_key)
        if self._has_output:
            torch.sum(by_output, 1, keepdim=True, out=self._gradient("output.bias"))
        grad_x = self._values.backward(by_value, residual=grad_x)
        return self._query_key.backward(by_query_key, residual=by_output), grad_x

    def _write_query_key(self, by_product: Tensor) -> None:
        by_weight = self._query_key.by_weight(by_product).mul_(self._scale)  # [R, d, d]
        by_bias = by_product.sum(1, keepdim=True).mul_(self._scale)  # [R, 1, d]
        query, bias, key = (self._value(part) for part in ("query.weight", "query.bias", "key.weight"))
        self._gradient("query.weight").copy_(torch.bmm(by_weight, key))
        self._gradient("query.bias").copy_(torch.bmm(by_bias, key))
        by_key = torch.bmm(by_weight.transpose(1, 2), query).baddbmm_(by_bias.transpose(1, 2), bias)  # [R, d, d]
        self._gradient("key.weight").copy_(by_key)

    def _value(self, part: str) -> Tensor:
        return self._weights.values[f"{self._name}.{part}"]

    def _gradient(self, part: str) -> Tensor:
        return self._weights.gradients[f"{self._name}.{part}"]


class _ValueOutput:
    """The values of one head, already multiplied by the output weight."""

    def __init__(self, weights: Weights, name: str) -> None:
        names = (f"{name}.value.weight", f"{name}.value.bias", f"{name}.output.weight")
        self._value, self._bias, self._output = (weights.values[part] for part in names)
        self._gradients = tuple(weights.gradients[part] for part in names)
        self._product = MatMul(torch.bmm(self._value, self._output), torch.bmm(self._bias, self._output))

    def forward(self, x: Tensor) -> Tensor:
        return self._product.forward(x)

    def backward(self, by_product: Tensor, residual: Tensor) -> Tensor:
        """The gradient by x, added in place to `residual`; writes those of the parameters."""
        by_weight = self._product.by_weight(by_product)
        by_bias = by_product.sum(1, keepdim=True)
        by_output = torch.bmm(self._value.transpose(1, 2), by_weight).baddbmm_(self._bias.transpose(1, 2), by_bias)
        transposed = self._output.transpose(1, 2)
        found = (torch.bmm(by_weight, transposed), torch.bmm(by_bias, transposed), by_output)
        for gradient, own in zip(self._gradients, found, strict=True):
            gradient.copy_(own)
        return self._product.backward(by_product, residual)


class ManyHeads:
    """Attention with several heads."""

    def __init__(self, weights: Weights, settings: SasrecSettings, mix_of: "MixOf", name: str) -> None:
        """Takes the weights of a block."""
        self._query, self._key, self._value = (Linear(weights, f"{name}.{part}") for part in ("query", "key", "value"))
        self._output = Linear(weights, f"{name}.output") if settings.attention_output else None
        self._mix = mix_of(1 / math.sqrt(settings.hidden_dim // settings.n_heads))

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        """The query plus what it attends to of x."""
        mixed = self._mix.forward(self._query.forward(query), self._key.forward(x), self._value.forward(x))
        return mixed.add_(query) if self._output is None else self._output.forward(mixed, residual=query)

    def backward(self, by_output: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients by query and x; `by_output` is used up."""
        by_mixed = by_output if self._output is None else self._output.backward(by_output)
        by_query, by_key, by_value = self._mix.backward(by_mixed)
        grad_x = self._value.backward(by_value, residual=self._key.backward(by_key))
        return self._query.backward(by_query, residual=by_output), grad_x


MixOf = Callable[[float], CausalMix]
"""Makes the mix of a block for a scale of its scores."""


def attention_of(
    weights: Weights, settings: SasrecSettings, lanes: AttentionMasks, dropout: ByteDropout | None, name: str
) -> FusedHeadAttention | ManyHeads:
    """The attention of the block of that name, for one step."""
    masks = None
    if dropout is not None:
        masks = [dropout.attention_mask(f"{name}.attention", bucket) for bucket in lanes.buckets]

    def mix_of(scale: float) -> CausalMix:
        return CausalMix(lanes, scale, masks)

    return (FusedHeadAttention if settings.n_heads == 1 else ManyHeads)(weights, settings, mix_of, name)

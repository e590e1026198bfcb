"""SASRec's attention with its backward pass written out; see `nsbench.training.layer`."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from nsbench.data.layout import Block, Step
from nsbench.model import ModelSettings
from nsbench.training.dropout import ByteDropout
from nsbench.training.layer import Linear, Product, Weights


class CausalMix:
    """Values mixed by the softmax of queries times keys, with dropout, rectangle by rectangle of the layout."""

    def __init__(self, n_heads: int, scale: float, step: Step, masks: list[Tensor] | None) -> None:
        """Prepares for one step.

        Args:
            n_heads: Heads that the widths are cut into.
            scale: What scores are multiplied by.
            step: The layout.
            masks: For each block [replicas * n_rows * heads, length, length]; None: no dropout.
        """
        self._n_heads = n_heads
        self._scale = scale
        self._blocks = step.blocks
        self._masks: list[Tensor] | list[None] = [None] * len(step.blocks) if masks is None else masks
        self._kept: list[tuple[Tensor, ...]] = []

    def forward(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """[replicas, n_positions, d] of what each position attends to."""
        out = torch.empty_like(value)
        for block, mask in zip(self._blocks, self._masks, strict=True):
            q, k, v = (self._heads(part, block) for part in (query, key, value))
            future = torch.full((block.length, block.length), -torch.inf, device=q.device).triu_(1)
            weights = torch.baddbmm(future, q, k.transpose(1, 2), alpha=self._scale).softmax(-1)
            dropped = weights if mask is None else weights * mask
            self._kept.append((q, k, v, weights, dropped))
            self._write(dropped, v, out, block)
        return out

    def backward(self, by_output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The gradients by queries, keys and values."""
        by_query, by_key, by_value = (torch.empty_like(by_output) for _ in range(3))
        for block, mask, kept in zip(self._blocks, self._masks, self._kept, strict=True):
            q, k, v, weights, dropped = kept
            by_mix = self._heads(by_output, block)
            by_weights = torch.bmm(by_mix, v.transpose(1, 2))
            if mask is not None:
                by_weights.mul_(mask)
            by_scores = torch._softmax_backward_data(by_weights, weights, -1, weights.dtype)
            if self._scale != 1:
                by_scores.mul_(self._scale)
            self._write(by_scores, k, by_query, block)
            self._write(by_scores.transpose(1, 2), q, by_key, block)
            self._write(dropped.transpose(1, 2), by_mix, by_value, block)
        return by_query, by_key, by_value

    def _heads(self, positions: Tensor, block: Block) -> Tensor:
        """[replicas, n_positions, d] -> [replicas * n_rows * heads, length, d / heads]."""
        rows = positions[:, block.positions].reshape(-1, block.length, positions.shape[2])
        if self._n_heads == 1:
            return rows
        split = rows.view(len(rows), block.length, self._n_heads, -1).transpose(1, 2)
        return split.reshape(len(rows) * self._n_heads, block.length, -1)

    def _write(self, a: Tensor, b: Tensor, out: Tensor, block: Block) -> None:
        """Writes the product of a and b, which lie as `_heads` gives them, to the block's positions."""
        here = out[:, block.positions]
        if self._n_heads == 1 and len(out) == 1:
            torch.bmm(a, b, out=here.view(block.n_rows, block.length, -1))
            return
        product = torch.bmm(a, b)
        product = product.view(-1, self._n_heads, block.length, product.shape[2]).transpose(1, 2)
        here.copy_(product.reshape(here.shape))


class OneHead:
    """Attention with one head, where neighbouring weights have no width between them and are multiplied beforehand.

    (q Wq) (x Wk)' = q (Wq Wk') x' and A (x Wv) Wo = A (x (Wv Wo)): two products a position instead of four, the same
    function. The products' gradients are those of the four by the chain rule.
    """

    def __init__(self, weights: Weights, settings: ModelSettings, mix_of: "MixOf", name: str) -> None:
        """Multiplies the weights of a block."""
        self._weights = weights
        self._name = name
        self._scale = 1 / math.sqrt(settings.hidden_dim)
        query, key, value, output = (weights.values[f"{name}.{part}.weight"] for part in PARTS)
        key_scaled = key.transpose(1, 2) * self._scale
        self._query_key = Product(
            torch.bmm(query, key_scaled), torch.bmm(weights.values[f"{name}.query.bias"], key_scaled)
        )
        self._value_output = Product(torch.bmm(value, output), torch.bmm(weights.values[f"{name}.value.bias"], output))
        self._mix = mix_of(1.0)

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        """The query plus what it attends to of x."""
        mixed = self._mix.forward(self._query_key.forward(query), x, self._value_output.forward(x))
        return mixed.add_(query).add_(self._weights.values[f"{self._name}.output.bias"])

    def backward(self, by_output: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients by query and x; `by_output` is used up."""
        by_query_key, by_x, by_value = self._mix.backward(by_output)
        self._write_query_key(by_query_key)
        self._write_value_output(by_value)
        torch.sum(by_output, 1, keepdim=True, out=self._gradient("output.bias"))
        by_x = self._value_output.backward(by_value, onto=by_x)
        return self._query_key.backward(by_query_key, onto=by_output), by_x

    def _write_query_key(self, by_product: Tensor) -> None:
        by_weight = self._query_key.by_weight(by_product).mul_(self._scale)
        by_bias = by_product.sum(1, keepdim=True).mul_(self._scale)
        query, bias, key = (self._value(part) for part in ("query.weight", "query.bias", "key.weight"))
        self._gradient("query.weight").copy_(torch.bmm(by_weight, key))
        self._gradient("query.bias").copy_(torch.bmm(by_bias, key))
        by_key = torch.bmm(by_weight.transpose(1, 2), query).baddbmm_(by_bias.transpose(1, 2), bias)
        self._gradient("key.weight").copy_(by_key)

    def _write_value_output(self, by_product: Tensor) -> None:
        by_weight = self._value_output.by_weight(by_product)
        by_bias = by_product.sum(1, keepdim=True)
        value, bias, output = (self._value(part) for part in ("value.weight", "value.bias", "output.weight"))
        self._gradient("value.weight").copy_(torch.bmm(by_weight, output.transpose(1, 2)))
        self._gradient("value.bias").copy_(torch.bmm(by_bias, output.transpose(1, 2)))
        by_output = torch.bmm(value.transpose(1, 2), by_weight).baddbmm_(bias.transpose(1, 2), by_bias)
        self._gradient("output.weight").copy_(by_output)

    def _value(self, part: str) -> Tensor:
        return self._weights.values[f"{self._name}.{part}"]

    def _gradient(self, part: str) -> Tensor:
        return self._weights.gradients[f"{self._name}.{part}"]


class ManyHeads:
    """Attention with several heads."""

    def __init__(self, weights: Weights, settings: ModelSettings, mix_of: "MixOf", name: str) -> None:
        """Takes the weights of a block."""
        self._query, self._key, self._value, self._output = (Linear(weights, f"{name}.{part}") for part in PARTS)
        self._mix = mix_of(1 / math.sqrt(settings.hidden_dim // settings.n_heads))

    def forward(self, query: Tensor, x: Tensor) -> Tensor:
        """The query plus what it attends to of x."""
        mixed = self._mix.forward(self._query.forward(query), self._key.forward(x), self._value.forward(x))
        return self._output.forward(mixed, onto=query)

    def backward(self, by_output: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients by query and x; `by_output` is used up."""
        by_query, by_key, by_value = self._mix.backward(self._output.backward(by_output))
        by_x = self._value.backward(by_value, onto=self._key.backward(by_key))
        return self._query.backward(by_query, onto=by_output), by_x


PARTS = ("query", "key", "value", "output")
MixOf = Callable[[float], CausalMix]
"""Makes the mix of a block for a scale of its scores."""


def attention_of(
    weights: Weights, settings: ModelSettings, step: Step, dropout: ByteDropout | None, name: str
) -> OneHead | ManyHeads:
    """The attention of the block of that name, for one step."""
    masks = None
    if dropout is not None:
        masks = [dropout.attention_mask(f"{name}.attention", block) for block in step.blocks]

    def mix_of(scale: float) -> CausalMix:
        return CausalMix(settings.n_heads, scale, step, masks)

    return (OneHead if settings.n_heads == 1 else ManyHeads)(weights, settings, mix_of, name)

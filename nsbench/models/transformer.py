"""What causal self-attention backbones share: their size, embedded positions, attention, and products with named parameters."""

import math
from collections.abc import Mapping
from typing import Annotated, Self

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from nsbench.batching.dropout_masks import ByteDropout
from nsbench.batching.positions import Positions
from nsbench.models.attention_masks import AttentionMasks, from_heads, to_heads
from nsbench.models.backbone import BackboneSettings


class TransformerSettings(BackboneSettings):
    """The size of a backbone of attention blocks."""

    n_blocks: Annotated[int, Field(ge=1, le=64, description="attention blocks")] = 2
    n_heads: Annotated[int, Field(ge=1, le=64, description="attention heads; hidden_dim is a multiple")] = 1

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.hidden_dim % self.n_heads:
            raise ValueError(
                f"hidden_dim {self.hidden_dim} is no multiple of n_heads {self.n_heads}; change one of them"
            )
        return self

    @property
    def depth(self) -> int:
        """Its blocks."""
        return self.n_blocks


def embedded(p: Mapping[str, Tensor], positions: Positions, x: Tensor, masks: ByteDropout | None) -> Tensor:
    """[R, P, d], item vectors times sqrt(d) plus the learned positions, counted from the end of the history.

    Args:
        p: Parameters by name; `positions` is [R, max_length, d].
        positions: Of the step.
        x: [R, P, d], item vectors.
        masks: Of dropout.
    """
    n_replicas, max_length, d = p["positions"].shape
    first = torch.arange(1, n_replicas + 1, device=x.device)[:, None] * max_length
    place = functional.embedding(first - 1 - positions.from_end, p["positions"].flatten(0, 1))  # [R, P, d]
    return dropped(x * math.sqrt(d) + place, masks, "embedding")


def attended(
    unseen: AttentionMasks, query: Tensor, key: Tensor, value: Tensor, masks: ByteDropout | None, name: str
) -> Tensor:
    """[R, P, d], the values of what each position attends to, mixed by the softmax of queries times keys.

    Args:
        unseen: What each position may not attend to.
        query: [R, P, d]; keys and values likewise.
        key: Of what is attended to.
        value: Likewise.
        masks: Of dropout.
        name: Of the dropout's site.
    """
    scale = 1 / math.sqrt(query.shape[2] // unseen.n_heads)
    parts = []
    for bucket, minus_infinity in zip(unseen.buckets, unseen.unseen, strict=True):
        q, k, v = (to_heads(part, bucket, unseen.n_heads) for part in (query, key, value))
        weights = (torch.bmm(q, k.transpose(1, 2)) * scale + minus_infinity).softmax(-1)  # [R rows heads, L, L]
        if masks is not None:
            weights = weights * masks.attention_mask(name, bucket)
        parts.append(from_heads(torch.bmm(weights, v), bucket, len(query), unseen.n_heads))
    return torch.cat(parts, 1)


def dropped(x: Tensor, masks: ByteDropout | None, name: str) -> Tensor:
    """[R, P, d], with dropout at the site of that name."""
    return x if masks is None else x * masks.mask(name)


def linear(x: Tensor, p: Mapping[str, Tensor], name: str) -> Tensor:
    """[R, P, d_out], the product with a weight [R, d_in, d_out], plus a bias [R, 1, d_out]."""
    return torch.baddbmm(p[f"{name}.bias"], x, p[f"{name}.weight"])


def norm(x: Tensor, p: Mapping[str, Tensor], name: str, epsilon: float) -> Tensor:
    """[R, P, d], LayerNorm with scale and shift [R, 1, d]."""
    normal = functional.layer_norm(x, x.shape[-1:], eps=epsilon)
    return torch.addcmul(p[f"{name}.bias"], normal, p[f"{name}.weight"])

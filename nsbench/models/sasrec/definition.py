"""SASRec: causal self-attention over the history, with a leading axis of replicas.

Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018; details as in the paper's published code:
LayerNorm before attention on the queries only, embeddings times sqrt(hidden_dim), learned positions counted from the end
of the history, one table for input and output; a real position never attends to padding, which that code masks. What it
does otherwise is a setting: `attention_output`.
"""

import math
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self, final

import torch
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional

from nsbench.batching.dropout_masks import ByteDropout, DropoutSites
from nsbench.batching.positions import Positions
from nsbench.models.backbone import Backbone, BackboneSettings, EncoderPass, LookUp, RankingPass
from nsbench.models.parameter import ParameterSpec, glorot, ones, zeros
from nsbench.models.sasrec.attention_masks import AttentionMasks, from_heads, to_heads

LAYER_NORM_EPS = 1e-8


class SasrecSettings(BackboneSettings):
    """Causal self-attention over the history."""

    name: ClassVar[str] = "sasrec"
    label: ClassVar[str] = "SASRec"

    n_blocks: Annotated[int, Field(ge=1, le=64, description="attention blocks")] = 2
    n_heads: Annotated[int, Field(ge=1, le=64, description="attention heads; hidden_dim is a multiple")] = 1
    attention_output: Annotated[
        bool,
        Field(
            description="whether what attention mixes is multiplied by an output weight of its own; the published code adds it "
            "to the queries as it is"
        ),
    ] = True

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

    def build(self) -> "Sasrec":
        """The backbone."""
        return Sasrec(self)


@final
class Sasrec(Backbone):
    """SASRec as it is defined; `encoder` and `last_state` in this folder compute the same in less time."""

    packs_rows: ClassVar[bool] = True
    has_written_pass: ClassVar[bool] = True
    padded_state: ClassVar[str | None] = "norm.bias"

    def __init__(self, settings: SasrecSettings) -> None:
        self.settings = settings

    def parameters(self) -> Mapping[str, ParameterSpec]:
        """Weights and positions are Glorot-uniform, LayerNorm scales 1, biases 0."""
        d = self.settings.hidden_dim
        weight, bias, scale = ParameterSpec((d, d), glorot), ParameterSpec((1, d), zeros), ParameterSpec((1, d), ones)
        specs = {"positions": ParameterSpec((self.settings.max_length, d), glorot)}
        for block in range(self.settings.n_blocks):
            specs |= {
                f"blocks.{block}.query_norm.weight": scale,
                f"blocks.{block}.query_norm.bias": bias,
                f"blocks.{block}.query.weight": weight,
                f"blocks.{block}.query.bias": bias,
                # A key's bias would shift all of a query's attention scores alike and change nothing but Adam's noise.
                f"blocks.{block}.key.weight": weight,
                f"blocks.{block}.value.weight": weight,
                f"blocks.{block}.value.bias": bias,
            }
            if self.settings.attention_output:
                specs |= {f"blocks.{block}.output.weight": weight, f"blocks.{block}.output.bias": bias}
            specs |= {
                f"blocks.{block}.ffn_norm.weight": scale,
                f"blocks.{block}.ffn_norm.bias": bias,
                f"blocks.{block}.ffn_in.weight": weight,
                f"blocks.{block}.ffn_in.bias": bias,
                f"blocks.{block}.ffn_out.weight": weight,
                f"blocks.{block}.ffn_out.bias": bias,
            }
        return specs | {"norm.weight": scale, "norm.bias": bias}

    def dropout_sites(self) -> DropoutSites:
        """The inputs, attention weights, and both layers of the feed-forward part."""
        d, n_heads, max_length = self.settings.hidden_dim, self.settings.n_heads, self.settings.max_length
        widths = {"embedding": d}
        for block in range(self.settings.n_blocks):
            widths |= {
                f"blocks.{block}.attention": n_heads * max_length,
                f"blocks.{block}.ffn_in": d,
                f"blocks.{block}.ffn_out": d,
            }
        return DropoutSites(self.settings.dropout_rate, widths, n_heads, max_length)

    def encode(self, p: Mapping[str, Tensor], positions: Positions, x: Tensor, masks: ByteDropout | None) -> Tensor:
        """As of `Backbone.encode`."""
        n_replicas, d = len(x), self.settings.hidden_dim
        unseen = AttentionMasks(positions, n_replicas, self.settings.n_heads)
        first = torch.arange(1, n_replicas + 1, device=x.device)[:, None] * self.settings.max_length
        place = functional.embedding(first - 1 - positions.from_end, p["positions"].flatten(0, 1))  # [R, P, d]
        x = _dropped(x * math.sqrt(d) + place, masks, "embedding")
        for block in range(self.settings.n_blocks):
            name = f"blocks.{block}"
            query = _norm(x, p, f"{name}.query_norm")
            key = torch.bmm(x, p[f"{name}.key.weight"])
            value = _linear(x, p, f"{name}.value")
            mixed = self._mixed(unseen, _linear(query, p, f"{name}.query"), key, value, masks, f"{name}.attention")
            x = query + (_linear(mixed, p, f"{name}.output") if self.settings.attention_output else mixed)
            x = _norm(x, p, f"{name}.ffn_norm")
            hidden = _dropped(_linear(x, p, f"{name}.ffn_in"), masks, f"{name}.ffn_in").relu()
            x = x + _dropped(_linear(hidden, p, f"{name}.ffn_out"), masks, f"{name}.ffn_out")
        return _norm(x, p, "norm")

    def _mixed(
        self, unseen: AttentionMasks, query: Tensor, key: Tensor, value: Tensor, masks: ByteDropout | None, name: str
    ) -> Tensor:
        """[R, P, d], the values of what each position attends to, mixed by the softmax of queries times keys."""
        scale = 1 / math.sqrt(self.settings.hidden_dim // self.settings.n_heads)
        parts = []
        for bucket, minus_infinity in zip(unseen.buckets, unseen.unseen, strict=True):
            q, k, v = (to_heads(part, bucket, self.settings.n_heads) for part in (query, key, value))
            weights = (torch.bmm(q, k.transpose(1, 2)) * scale + minus_infinity).softmax(-1)  # [R lanes heads, L, L]
            if masks is not None:
                weights = weights * masks.attention_mask(name, bucket)
            parts.append(from_heads(torch.bmm(weights, v), bucket, len(query), self.settings.n_heads))
        return torch.cat(parts, 1)

    def flops(self, mean_context: float) -> float:
        """n_blocks (2 n d ** 2 + 4 c d): n products of width d, and attention to c positions twice.

        Of the products four are attention's, or three without an output weight, and two the feed-forward part's.
        """
        d, n_products = self.settings.hidden_dim, 6 if self.settings.attention_output else 5
        return self.settings.n_blocks * (2 * n_products * d**2 + 4 * mean_context * d)

    def training_pass(self, dense: Tensor, positions: Positions, masks: ByteDropout | None) -> EncoderPass:
        """Written out: about half as many passes over the positions as autograd makes."""
        from nsbench.models.sasrec.encoder import Encoder

        return Encoder(self, dense, positions, masks)

    def ranking_pass(self, dense: Tensor, look_up: LookUp) -> RankingPass:
        """Written out: a third of the time that the definition takes."""
        from nsbench.models.sasrec.last_state import LastStateEncoder

        return LastStateEncoder(self, dense, look_up)


def _dropped(x: Tensor, masks: ByteDropout | None, name: str) -> Tensor:
    return x if masks is None else x * masks.mask(name)


def _linear(x: Tensor, p: Mapping[str, Tensor], name: str) -> Tensor:
    return torch.baddbmm(p[f"{name}.bias"], x, p[f"{name}.weight"])


def _norm(x: Tensor, p: Mapping[str, Tensor], name: str) -> Tensor:
    normal = functional.layer_norm(x, x.shape[-1:], eps=LAYER_NORM_EPS)
    return torch.addcmul(p[f"{name}.bias"], normal, p[f"{name}.weight"])

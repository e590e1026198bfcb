"""eSASRec: SASRec whose blocks are LiGR's, which gate what they add.

    x <- x + sigmoid(x Wg + bg) * attention(norm(x));  x <- x + sigmoid(x Wf + bf) * ffn(norm(x));  ffn(y) = (silu(y W1) * (y
    W2)) W3

Source: Borisyuk et al., "From features to transformers: Redefining ranking for scalable impact", arXiv 2502.03417, for the
blocks; the recipe of these blocks in SASRec with sampled softmax (`--loss softmax`, 256 negatives) is that of arXiv
2508.06450. As there, no norm after the last block. Embeddings, positions and one table for input and output are those of
`nsbench.models.sasrec`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nsbench.batching.dropout_masks import ByteDropout, DropoutSites
from nsbench.batching.positions import Positions
from nsbench.models.attention_masks import AttentionMasks
from nsbench.models.backbone import Backbone
from nsbench.models.parameter import ParameterSpec, glorot, ones, zeros
from nsbench.models.transformer import TransformerSettings, attended, dropped, embedded, linear, norm

LAYER_NORM_EPS = 1e-5


class EsasrecSettings(TransformerSettings):
    """Causal self-attention in gated blocks."""

    name: ClassVar[str] = "esasrec"
    label: ClassVar[str] = "eSASRec"

    ffn_factor: Annotated[
        int, Field(ge=1, le=16, description="width of the feed-forward part, in widths of the states")
    ] = 4

    def build(self) -> "Esasrec":
        """The backbone."""
        return Esasrec(self)


@final
class Esasrec(Backbone):
    """Gated blocks, trained by autograd."""

    packs_rows: ClassVar[bool] = True

    def __init__(self, settings: EsasrecSettings) -> None:
        self.settings = settings

    def parameters(self) -> Mapping[str, ParameterSpec]:
        """Weights and positions are Glorot-uniform, LayerNorm scales 1, biases 0."""
        d, wide = self.settings.hidden_dim, self.settings.ffn_factor * self.settings.hidden_dim
        weight, bias, scale = ParameterSpec((d, d), glorot), ParameterSpec((1, d), zeros), ParameterSpec((1, d), ones)
        specs = {"positions": ParameterSpec((self.settings.max_length, d), glorot)}
        for block in range(self.settings.n_blocks):
            name = f"blocks.{block}"
            specs |= {f"{name}.attention_norm.weight": scale, f"{name}.attention_norm.bias": bias}
            specs |= {f"{name}.ffn_norm.weight": scale, f"{name}.ffn_norm.bias": bias}
            # A key's bias would shift all of a query's attention scores alike.
            specs |= {f"{name}.{part}.weight": weight for part in ("query", "key", "value", "output")}
            specs |= {f"{name}.{part}.bias": bias for part in ("query", "value", "output")}
            for gate in ("attention_gate", "ffn_gate"):
                specs |= {f"{name}.{gate}.weight": weight, f"{name}.{gate}.bias": bias}
            specs |= {f"{name}.ffn_{part}.weight": ParameterSpec((d, wide), glorot) for part in ("in", "by")}
            specs |= {f"{name}.ffn_out.weight": ParameterSpec((wide, d), glorot)}
        return specs

    def dropout_sites(self) -> DropoutSites:
        """The inputs, attention weights, what attention gives, and both layers of the feed-forward part."""
        d, n_heads, max_length = self.settings.hidden_dim, self.settings.n_heads, self.settings.max_length
        widths = {"embedding": d}
        for block in range(self.settings.n_blocks):
            widths |= {
                f"blocks.{block}.attention": n_heads * max_length,
                f"blocks.{block}.output": d,
                f"blocks.{block}.ffn_in": self.settings.ffn_factor * d,
                f"blocks.{block}.ffn_out": d,
            }
        return DropoutSites(self.settings.dropout_rate, widths, n_heads, max_length)

    def encode(self, p: Mapping[str, Tensor], positions: Positions, x: Tensor, masks: ByteDropout | None) -> Tensor:
        """As of `Backbone.encode`."""
        unseen = AttentionMasks(positions, len(x), self.settings.n_heads)
        x = embedded(p, positions, x, masks)
        for block in range(self.settings.n_blocks):
            name = f"blocks.{block}"
            y = _norm(x, p, f"{name}.attention_norm")
            key, value = torch.bmm(y, p[f"{name}.key.weight"]), linear(y, p, f"{name}.value")
            mixed = attended(unseen, linear(y, p, f"{name}.query"), key, value, masks, f"{name}.attention")
            gate = linear(x, p, f"{name}.attention_gate").sigmoid()
            x = x + gate * dropped(linear(mixed, p, f"{name}.output"), masks, f"{name}.output")
            y = _norm(x, p, f"{name}.ffn_norm")
            hidden = functional.silu(torch.bmm(y, p[f"{name}.ffn_in.weight"])) * torch.bmm(
                y, p[f"{name}.ffn_by.weight"]
            )
            found = torch.bmm(dropped(hidden, masks, f"{name}.ffn_in"), p[f"{name}.ffn_out.weight"])
            x = x + linear(x, p, f"{name}.ffn_gate").sigmoid() * dropped(found, masks, f"{name}.ffn_out")
        return x

    def flops(self, mean_context: float) -> float:
        """n_blocks ((12 + 6 f) d ** 2 + 4 c d): six products of width d, three of f d, and attention to c positions twice."""
        d = self.settings.hidden_dim
        return self.settings.n_blocks * ((12 + 6 * self.settings.ffn_factor) * d**2 + 4 * mean_context * d)


def _norm(x: Tensor, p: Mapping[str, Tensor], name: str) -> Tensor:
    return norm(x, p, name, LAYER_NORM_EPS)

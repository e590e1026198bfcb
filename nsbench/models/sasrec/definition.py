"""SASRec: causal self-attention over the history, with a leading axis of replicas.

Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018; details as in the paper's published code:
LayerNorm before attention on the queries only, embeddings times sqrt(hidden_dim), learned positions counted from the end
of the history, one table for input and output; a real position never attends to padding, which that code masks. What it
does otherwise is a setting: `attention_output`, `initial_values`.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, final

import torch
from pydantic import Field
from torch import Tensor

from nsbench.batching.dropout_masks import ByteDropout, DropoutSites
from nsbench.batching.positions import Positions
from nsbench.formerly import Formerly
from nsbench.models.attention_masks import AttentionMasks
from nsbench.models.backbone import Backbone, EncoderPass, LookUp, RankingPass
from nsbench.models.parameter import NARROW_BOUND, ParameterSpec, glorot, ones, uniform, zeros
from nsbench.models.transformer import TransformerSettings, attended, dropped, embedded, linear, norm

LAYER_NORM_EPS = 1e-8


class SasrecSettings(TransformerSettings):
    """Causal self-attention over the history."""

    name: ClassVar[str] = "sasrec"
    label: ClassVar[str] = "SASRec"

    attention_output: Annotated[
        bool,
        Field(
            description="whether what attention mixes is multiplied by an output weight of its own; the published code adds it "
            "to the queries as it is"
        ),
    ] = True
    initial_values: Annotated[
        Literal["glorot", "narrow"],
        Field(
            description="what weights, positions and item vectors are before training: Glorot-uniform, as in the published "
            "code, or uniform with a standard deviation of .02, which reaches the same hit rate in fewer epochs"
        ),
        Formerly("glorot"),
    ] = "glorot"

    def item_bound(self, n_rows: int) -> float:
        """As of `BackboneSettings`."""
        return NARROW_BOUND if self.initial_values == "narrow" else super().item_bound(n_rows)

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
        """Weights and positions as `initial_values` says, LayerNorm scales 1, biases 0."""
        d = self.settings.hidden_dim
        fill = uniform(NARROW_BOUND) if self.settings.initial_values == "narrow" else glorot
        weight, bias, scale = ParameterSpec((d, d), fill), ParameterSpec((1, d), zeros), ParameterSpec((1, d), ones)
        specs = {"positions": ParameterSpec((self.settings.max_length, d), fill)}
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
        unseen = AttentionMasks(positions, len(x), self.settings.n_heads)
        x = embedded(p, positions, x, masks)
        for block in range(self.settings.n_blocks):
            name = f"blocks.{block}"
            query = _norm(x, p, f"{name}.query_norm")
            key = torch.bmm(x, p[f"{name}.key.weight"])
            value = linear(x, p, f"{name}.value")
            mixed = attended(unseen, linear(query, p, f"{name}.query"), key, value, masks, f"{name}.attention")
            x = query + (linear(mixed, p, f"{name}.output") if self.settings.attention_output else mixed)
            x = _norm(x, p, f"{name}.ffn_norm")
            hidden = dropped(linear(x, p, f"{name}.ffn_in"), masks, f"{name}.ffn_in").relu()
            x = x + dropped(linear(hidden, p, f"{name}.ffn_out"), masks, f"{name}.ffn_out")
        return _norm(x, p, "norm")

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


def _norm(x: Tensor, p: Mapping[str, Tensor], name: str) -> Tensor:
    return norm(x, p, name, LAYER_NORM_EPS)

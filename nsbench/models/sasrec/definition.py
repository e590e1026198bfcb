"""SASRec with a leading axis of replicas: several models in one set of kernels.

Every parameter is [replicas, ...] and every product a `bmm`; one replica is the ordinary case. All parameters but the
item table lie in one tensor, so that Adam, copying the best epoch and clipping are one operation each.

Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018; details as in the paper's published code:
LayerNorm before attention on the queries only, embeddings times sqrt(hidden_dim), learned positions counted from the end
of the history, one table for input and output; a real position never attends to padding, which that code masks. What it
does otherwise is a setting: `attention_output`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Self

import torch
from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor
from torch.nn import functional

from nsbench.batching.buckets import Block
from nsbench.batching.dropout_masks import DropoutSites
from nsbench.batching.step import Step

LAYER_NORM_EPS = 1e-8


class ModelSettings(BaseModel):
    """The size of SASRec."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    hidden_dim: Annotated[int, Field(ge=1, le=4096, description="width of item vectors and states")] = 50
    n_blocks: Annotated[int, Field(ge=1, le=64, description="attention blocks")] = 2
    n_heads: Annotated[int, Field(ge=1, le=64, description="attention heads; hidden_dim is a multiple")] = 1
    attention_output: Annotated[
        bool,
        Field(
            description="whether what attention mixes is multiplied by an output weight of its own; the published code adds it "
            "to the queries as it is"
        ),
    ] = True
    max_length: Annotated[int, Field(ge=1, le=10_000, description="items of the history that the model sees")] = 50
    dropout_rate: Annotated[
        float, Field(ge=0, le=255 / 256, description="share of values set to 0 in training, to the next 1/256")
    ] = 0.2

    @model_validator(mode="after")
    def _heads_share_the_width(self) -> Self:
        if self.hidden_dim % self.n_heads:
            raise ValueError(
                f"hidden_dim {self.hidden_dim} is no multiple of n_heads {self.n_heads}; change one of them"
            )
        return self


def dropout_sites(settings: ModelSettings) -> DropoutSites:
    """Where SASRec drops values: its inputs, attention weights, and both layers of the feed-forward part."""
    d = settings.hidden_dim
    widths = {"embedding": d}
    for block in range(settings.n_blocks):
        widths |= {
            f"blocks.{block}.attention": settings.n_heads * settings.max_length,
            f"blocks.{block}.feed_in": d,
            f"blocks.{block}.feed_out": d,
        }
    return DropoutSites(settings.dropout_rate, widths, settings.n_heads, settings.max_length)


@dataclass(frozen=True)
class Shapes:
    """Names and shapes of the parameters that lie in one tensor, in its order."""

    names: tuple[str, ...]
    sizes: tuple[tuple[int, ...], ...]

    @property
    def counts(self) -> list[int]:
        """Numbers in each parameter."""
        return [math.prod(size) for size in self.sizes]


def shapes_of(settings: ModelSettings) -> Shapes:
    """The parameters of SASRec, the item table apart; shapes without the replica axis."""
    d = settings.hidden_dim
    shapes: dict[str, tuple[int, ...]] = {"positions": (settings.max_length, d)}
    for block in range(settings.n_blocks):
        shapes |= {
            f"blocks.{block}.query_norm.weight": (1, d),
            f"blocks.{block}.query_norm.bias": (1, d),
            f"blocks.{block}.query.weight": (d, d),
            f"blocks.{block}.query.bias": (1, d),
            # A key's bias would shift all of a query's attention scores alike and change nothing but Adam's noise.
            f"blocks.{block}.key.weight": (d, d),
            f"blocks.{block}.value.weight": (d, d),
            f"blocks.{block}.value.bias": (1, d),
        }
        if settings.attention_output:
            shapes |= {f"blocks.{block}.output.weight": (d, d), f"blocks.{block}.output.bias": (1, d)}
        shapes |= {
            f"blocks.{block}.feed_norm.weight": (1, d),
            f"blocks.{block}.feed_norm.bias": (1, d),
            f"blocks.{block}.feed_in.weight": (d, d),
            f"blocks.{block}.feed_in.bias": (1, d),
            f"blocks.{block}.feed_out.weight": (d, d),
            f"blocks.{block}.feed_out.bias": (1, d),
        }
    shapes |= {"norm.weight": (1, d), "norm.bias": (1, d)}
    return Shapes(tuple(shapes), tuple(shapes.values()))


class Sasrec:
    """The parameters of some replicas, and how they turn histories into states.

    Attributes:
        settings: Its size.
        dense: float32[replicas, n], all parameters but the item table.
        items: float32[replicas, n_items + 1, hidden_dim]; row 0 is zero.
    """

    def __init__(self, settings: ModelSettings, dense: Tensor, items: Tensor) -> None:
        """Wraps existing parameters; `initial_model` makes new ones."""
        self.settings = settings
        self.dense = dense
        self.items = items
        self._shapes = shapes_of(settings)

    @property
    def n_replicas(self) -> int:
        """Models side by side."""
        return self.items.shape[0]

    def named(self) -> dict[str, Tensor]:
        """Every parameter but the item table by name, each [replicas, ...]; views that gradients flow through."""
        parts = torch.split(self.dense, self._shapes.counts, 1)
        return {
            name: part.view(-1, *size)
            for name, part, size in zip(self._shapes.names, parts, self._shapes.sizes, strict=True)
        }

    def replica(self, index: int) -> "Sasrec":
        """One replica as a model of its own, sharing memory."""
        return Sasrec(self.settings, self.dense[index : index + 1], self.items[index : index + 1])

    def copy(self) -> "Sasrec":
        """The same parameters in memory of their own, without gradients."""
        return Sasrec(self.settings, self.dense.detach().clone(), self.items.detach().clone())

    def encode(self, step: Step, vectors: Tensor) -> Tensor:
        """The state at every position, from which the next item is scored; without dropout.

        Args:
            step: The histories; inputs are only read through `vectors`.
            vectors: [replicas, n_positions, hidden_dim], the input items' vectors.

        Returns:
            [replicas, n_positions, hidden_dim]; meaningless where padded.
        """
        p = self.named()
        d = self.settings.hidden_dim
        first = torch.arange(1, self.n_replicas + 1, device=vectors.device)[:, None] * self.settings.max_length
        positions = functional.embedding(first - 1 - step.places.from_end, p["positions"].flatten(0, 1))
        x = vectors * math.sqrt(d) + positions
        for block in range(self.settings.n_blocks):
            name = f"blocks.{block}"
            query = _norm(x, p, f"{name}.query_norm")
            key = torch.bmm(x, p[f"{name}.key.weight"])
            attended = self._attend(step, _linear(query, p, f"{name}.query"), key, _linear(x, p, f"{name}.value"))
            x = query + (_linear(attended, p, f"{name}.output") if self.settings.attention_output else attended)
            x = _norm(x, p, f"{name}.feed_norm")
            hidden = _linear(x, p, f"{name}.feed_in").relu()
            x = x + _linear(hidden, p, f"{name}.feed_out")
        return _norm(x, p, "norm")

    def _attend(self, step: Step, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Causal self-attention, block by block of the layout; shapes as in `encode`."""
        parts = []
        for block, *qkv in zip(step.blocks, *(step.split(part) for part in (query, key, value)), strict=True):
            q, k, v = (_heads(part, block, self.settings.n_heads) for part in qkv)
            attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            parts.append(_flat(attended, block, self.n_replicas))
        return torch.cat(parts, 1)


def _heads(tensor: Tensor, block: Block, n_heads: int) -> Tensor:
    """[replicas, n_rows * length, d] -> [replicas * n_rows, heads, length, d / heads]."""
    replicas, _, d = tensor.shape
    split = tensor.reshape(replicas * block.n_rows, block.length, n_heads, d // n_heads)
    return split.transpose(1, 2)


def _flat(tensor: Tensor, block: Block, replicas: int) -> Tensor:
    """The inverse of `_heads`."""
    return tensor.transpose(1, 2).reshape(replicas, block.n_rows * block.length, -1)


def _linear(x: Tensor, p: dict[str, Tensor], name: str) -> Tensor:
    return torch.baddbmm(p[f"{name}.bias"], x, p[f"{name}.weight"])


def _norm(x: Tensor, p: dict[str, Tensor], name: str) -> Tensor:
    weight, bias = p[f"{name}.weight"], p[f"{name}.bias"]
    if x.shape[0] == 1:
        # One replica: scale and shift fused into the normalisation.
        return functional.layer_norm(x, x.shape[-1:], weight[0, 0], bias[0, 0], LAYER_NORM_EPS)
    return torch.addcmul(bias, functional.layer_norm(x, x.shape[-1:], eps=LAYER_NORM_EPS), weight)


def initial_model(settings: ModelSettings, n_items: int, generators: Sequence[torch.Generator]) -> Sasrec:
    """A new model, one replica for each generator; a replica's parameters depend on its own generator only.

    Weights and tables are Glorot-uniform, LayerNorm scales 1, biases 0, and item 0 is the zero vector.

    Args:
        settings: Its size.
        n_items: Items, padding not counted.
        generators: On the device where the model will live.
    """
    shapes = shapes_of(settings)
    dense = []
    # Filled in place: a table may take most of the memory.
    items = torch.empty(len(generators), n_items + 1, settings.hidden_dim, device=generators[0].device)
    for table, generator in zip(items, generators, strict=True):
        parts = [_initial(name, size, generator) for name, size in zip(shapes.names, shapes.sizes, strict=True)]
        dense.append(torch.cat([part.flatten() for part in parts]))
        _glorot_(table, generator)
        table[0] = 0
    return Sasrec(settings, torch.stack(dense), items)


def _initial(name: str, size: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if name.endswith("bias"):
        return torch.zeros(size, device=generator.device)
    if name.endswith("norm.weight"):
        return torch.ones(size, device=generator.device)
    return _glorot_(torch.empty(size, device=generator.device), generator)


def _glorot_(values: Tensor, generator: torch.Generator) -> Tensor:
    """Fills with uniform values in +-sqrt(6 / (rows + columns))."""
    bound = math.sqrt(6 / (values.shape[0] + values.shape[-1]))
    return values.uniform_(-bound, bound, generator=generator)

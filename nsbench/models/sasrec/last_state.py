"""SASRec's state after the last item of each history: all that ranking needs of it.

The same function as `Sasrec.encode` at the last positions, in a third of its time. The last block asks from one position
a row, so it mixes inputs before it projects them: A (x Wv) = (A x) Wv, and q (x Wk)' = (q Wk') x'. With one head, the
other blocks' neighbouring weights have no width between them and are multiplied beforehand.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

from nsbench.batching.bucket import Bucket
from nsbench.batching.step import Step
from nsbench.models.backbone import LookUp
from nsbench.models.sasrec.definition import LAYER_NORM_EPS, Sasrec


class LastStateEncoder:
    """One replica's parameters, prepared to encode many histories."""

    def __init__(self, backbone: Sasrec, dense: Tensor, look_up: LookUp) -> None:
        """Arguments as of `Backbone.ranking_pass`."""
        settings = self._settings = backbone.settings
        self._look_up = look_up
        p = {name: value[0] for name, value in backbone.named(dense).items()}
        self._positions = p["positions"]
        self._norm = (p["norm.weight"][0], p["norm.bias"][0])
        parts = [_parameters(p, f"blocks.{number}.") for number in range(settings.n_blocks)]
        self._inner = [_InnerBlock(part, settings.n_heads) for part in parts[:-1]]
        self._outer = _LastBlock(parts[-1], settings.n_heads)

    def encode(self, step: Step) -> Tensor:
        """The state after the last item of each row: float32[n_rows, hidden_dim]."""
        settings = self._settings
        x = self._positions.index_select(0, settings.max_length - 1 - step.in_buckets.from_end[0])
        # Not held by name: memory that isn't free for the blocks costs a tenth of the time.
        x.add_(self._look_up(step.in_buckets.inputs[0]), alpha=math.sqrt(settings.hidden_dim))
        for block in self._inner:
            x = block.encode(step, x)
        x = self._outer.encode(step, x)
        return functional.layer_norm(x, x.shape[-1:], *self._norm, LAYER_NORM_EPS)


def _parameters(p: dict[str, Tensor], start: str) -> dict[str, Tensor]:
    return {name.removeprefix(start): value for name, value in p.items() if name.startswith(start)}


def _norm(x: Tensor, p: dict[str, Tensor], name: str) -> Tensor:
    return functional.layer_norm(x, x.shape[-1:], p[f"{name}.weight"][0], p[f"{name}.bias"][0], LAYER_NORM_EPS)


def _linear(x: Tensor, p: dict[str, Tensor], name: str) -> Tensor:
    return torch.addmm(p[f"{name}.bias"], x, p[f"{name}.weight"])


def _output(mixed: Tensor, p: dict[str, Tensor]) -> Tensor:
    """What attention adds to the queries."""
    return _linear(mixed, p, "output") if "output.weight" in p else mixed


def _feed(x: Tensor, p: dict[str, Tensor]) -> Tensor:
    x = _norm(x, p, "ffn_norm")
    return x.add_(_linear(_linear(x, p, "ffn_in").relu_(), p, "ffn_out"))


class _InnerBlock:
    """A block at every position."""

    def __init__(self, p: dict[str, Tensor], n_heads: int) -> None:
        self._p = p
        self._n_heads = n_heads
        self._scale = 1 / math.sqrt(p["query.weight"].shape[1] // n_heads)
        if n_heads == 1:
            key = p["key.weight"].T
            self._query = (p["query.bias"] @ key, p["query.weight"] @ key)
            # Without dropout a row of attention sums to 1, so the value's bias passes through.
            self._value = (_output(p["value.bias"], p), p["value.weight"])
            if "output.weight" in p:
                self._value = (self._value[0], p["value.weight"] @ p["output.weight"])

    def encode(self, step: Step, x: Tensor) -> Tensor:
        """[n_positions, d] from the same."""
        query = _norm(x, self._p, "query_norm")
        if self._n_heads == 1:
            mixed = self._mixed(
                step,
                torch.addmm(self._query[0], query, self._query[1]),
                x,
                torch.addmm(self._value[0], x, self._value[1]),
            )
            return _feed(query.add_(mixed), self._p)
        key = x @ self._p["key.weight"]
        mixed = self._mixed(step, _linear(query, self._p, "query"), key, _linear(x, self._p, "value"))
        return _feed(query.add_(_output(mixed, self._p)), self._p)

    def _mixed(self, step: Step, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        out = torch.empty_like(query)
        for bucket in step.buckets:
            # [rows, heads, length, d / heads] each
            q, k, v = (self._heads(part[bucket.positions], bucket) for part in (query, key, value))
            # No mask of what is padded: it stands at the end of a row, where no real position looks.
            mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, scale=self._scale)
            out[bucket.positions] = mixed.transpose(1, 2).reshape(-1, query.shape[1])
        return out

    def _heads(self, positions: Tensor, bucket: Bucket) -> Tensor:
        return positions.view(bucket.n_rows, bucket.length, self._n_heads, -1).transpose(1, 2)


class _LastBlock:
    """A block at the last position of each row."""

    def __init__(self, p: dict[str, Tensor], n_heads: int) -> None:
        self._p = p
        d = p["query.weight"].shape[0]
        self._scale = 1 / math.sqrt(d // n_heads)
        # [heads, d, d / heads]
        self._key, self._value = (p[f"{name}.weight"].view(d, n_heads, -1).transpose(0, 1) for name in ("key", "value"))

    def encode(self, step: Step, x: Tensor) -> Tensor:
        """[n_rows, d] from [n_positions, d]."""
        lengths = step.lengths[0]
        starts = torch.cat(
            [torch.arange(b.n_rows, device=x.device) * b.length + b.first_position for b in step.buckets]
        )
        query = _norm(x.index_select(0, starts + lengths - 1), self._p, "query_norm")
        heads, d, width = self._key.shape
        q = _linear(query, self._p, "query").mul_(self._scale).view(-1, heads, width)  # [n_rows, heads, width]
        asks = torch.bmm(q.transpose(0, 1), self._key.transpose(1, 2)).transpose(0, 1)  # [n_rows, heads, d]
        seen = torch.empty(len(query), heads, d, device=x.device)
        for bucket in step.buckets:
            rows = slice(bucket.first_row, bucket.end_row)
            histories = x[bucket.positions].view(bucket.n_rows, bucket.length, d)  # [rows, length, d]
            padded = torch.arange(bucket.length, device=x.device) >= lengths[rows, None, None]  # [rows, 1, length]
            # [rows, heads, length]
            scores = torch.bmm(asks[rows], histories.transpose(1, 2)).masked_fill_(padded, -torch.inf)
            torch.bmm(scores.softmax(-1), histories, out=seen[rows])
        values = torch.bmm(seen.transpose(0, 1), self._value).transpose(0, 1).reshape(len(query), d)
        return _feed(query.add_(_output(values.add_(self._p["value.bias"]), self._p)), self._p)

"""What an exported model computes, as modules of fixed shape that torch.export can follow; `Backbone.encode` is the definition.

Only histories of one width are taken, so that a graph has no branch by length: the price is the padding's arithmetic.
"""

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor, nn

from nsbench.batching.bucket import Bucket
from nsbench.batching.positions import Positions
from nsbench.models.backbone import Backbone
from nsbench.models.model import Model


@dataclass(frozen=True)
class Program:
    """A module with what an exporter must know of it.

    Attributes:
        module: What is computed.
        example: Arguments of two or more rows.
        inputs: The arguments' names.
        outputs: The results' names.
        dynamic: For each argument its sizes that are open, by axis.
        n_items: Histories hold items 1..n_items.
    """

    module: nn.Module
    example: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    dynamic: tuple[dict[int, torch.export.Dim], ...]
    n_items: int

    def probe(self) -> tuple[Tensor, ...]:
        """Other arguments than the example's, by which what was written is compared: a history of each length."""
        width = self.example[0].shape[1]
        lengths = torch.arange(1, width + 1)
        generator = torch.Generator().manual_seed(0)
        items = torch.randint(
            1, self.n_items + 1, (width, width), generator=generator
        )  # [a history of each length, width]
        items[torch.arange(width) >= lengths[:, None]] = 0
        return (items, lengths, *(one[:1].expand(width, -1).clone() for one in self.example[2:]))


def top_items_program(model: Model, n_candidates: int, k: int, *, exclude_seen: bool) -> Program:
    """The k items with the highest scores after histories.

    Args:
        model: One replica.
        n_candidates: The items 1..n_candidates may be recommended.
        k: Items of a list; all candidates where there are fewer.
        exclude_seen: Whether the items that the model is shown are left out.
    """
    module = _TopItems(model, n_candidates, min(k, n_candidates), exclude_seen=exclude_seen)
    # Two axes of one example size would be taken for one and the same.
    excluded = torch.zeros(2, 3, dtype=torch.int64)
    rows, columns = torch.export.Dim("n_histories", min=1), torch.export.Dim("n_excluded", min=1)
    dynamic = ({0: rows}, {0: rows}, {0: rows, 1: columns})
    example = (*_example(model.settings.max_length), excluded)
    return Program(module, example, ("items", "lengths", "excluded"), ("ids", "scores"), dynamic, n_candidates)


def state_program(model: Model) -> Program:
    """The states of histories: an item's score is the product of its vector with the state."""
    rows = torch.export.Dim("n_histories", min=1)
    dynamic = ({0: rows}, {0: rows})
    example = _example(model.settings.max_length)
    return Program(_States(model), example, ("items", "lengths"), ("states",), dynamic, model.items.shape[1] - 1)


def _example(max_length: int) -> tuple[Tensor, Tensor]:
    return torch.ones(2, max_length, dtype=torch.int64), torch.full((2,), max_length)


@final
class _States(nn.Module):
    """The state after the last item of each history."""

    dense: Tensor
    vectors: Tensor

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._backbone: Backbone = model.backbone
        self.register_buffer("dense", model.dense.detach().clone())
        self.register_buffer("vectors", model.items[0].detach().clone())

    def forward(self, items: Tensor, lengths: Tensor) -> Tensor:
        """float32[n, hidden_dim].

        Args:
            items: int64[n, max_length], the last items of each history, oldest first, then 0.
            lengths: int64[n], how many there are; 0: none is known.
        """
        n_rows, width = items.shape
        # Item 0 is the zero vector, so that an empty history is a position of its own.
        lengths = lengths.clamp(min=1)
        places = torch.arange(n_rows * width)
        bucket = Bucket(n_rows=n_rows, length=width, first_position=0)
        rows = items[None]
        positions = Positions((bucket,), places // width, places % width, lengths[None], rows, rows)
        x = self.vectors[items.flatten()][None]  # [1, n * max_length, d]
        states = self._backbone.encode(self._backbone.named(self.dense), positions, x, None)
        return states.view(n_rows, width, -1)[torch.arange(n_rows), lengths - 1]


@final
class _TopItems(nn.Module):
    """The highest-scored candidates of each history."""

    def __init__(self, model: Model, n_candidates: int, k: int, *, exclude_seen: bool) -> None:
        super().__init__()
        self._states = _States(model)
        self._n_candidates = n_candidates
        self._k = k
        self._exclude_seen = exclude_seen

    def forward(self, items: Tensor, lengths: Tensor, excluded: Tensor) -> tuple[Tensor, Tensor]:
        """int64[n, k], item numbers, best first, 0 where a list has ended; float32[n, k], their scores.

        Args:
            items: As of `_States`.
            lengths: As of `_States`.
            excluded: int64[n, n_excluded], more items that are not recommended; 0 fills up.
        """
        states = self._states(items, lengths)
        scores = states @ self._states.vectors[: self._n_candidates + 1].T  # [n, n_candidates + 1]
        hidden = torch.cat([torch.zeros_like(lengths)[:, None], excluded, *([items] if self._exclude_seen else [])], 1)
        hidden = torch.where(hidden <= self._n_candidates, hidden, 0)
        scores = scores.scatter(1, hidden, -torch.inf)
        best, ids = scores.topk(self._k, dim=1)
        return torch.where(best == -torch.inf, 0, ids), best

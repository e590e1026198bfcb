"""The k items with the highest scores, selected while they are computed, so that the product takes most of the time.

Selecting from every score would take longer than the product. So the scores of a block are looked at through tiles of TILE
columns each: the k highest of a row lie in at most k tiles, and those are among the k tiles with the highest maxima. Maxima of
all tiles are one pass over the block while it is in cache; what is selected from is k times TILE scores a row.
"""

from typing import final

import torch
from torch import Tensor

TILE = 16
"""Columns of a tile."""

HOST_ROWS, HOST_COLUMNS = 64, 1 << 16
"""Histories and items that are scored at once on a CPU: a block stays in cache, whatever the size of the catalogue."""

DEVICE_ROWS, DEVICE_COLUMNS = 4096, 1 << 16


@final
class TopItems:
    """Scores item vectors for states and selects the k highest of each.

    Args:
        vectors: float32[n_items, hidden_dim], of the items that may be selected.
        k: How many are selected; all of them where there are fewer.
    """

    def __init__(self, vectors: Tensor, k: int) -> None:
        self.k = min(k, len(vectors))
        self._vectors = vectors
        on_host = vectors.device.type == "cpu"
        self.n_rows = HOST_ROWS if on_host else DEVICE_ROWS
        self._n_columns = min(HOST_COLUMNS if on_host else DEVICE_COLUMNS, -(-len(vectors) // TILE) * TILE)
        self._block = torch.empty(self.n_rows, self._n_columns, device=vectors.device)

    @torch.inference_mode()
    def of(self, states: Tensor, hidden_rows: Tensor, hidden_columns: Tensor) -> tuple[Tensor, Tensor]:
        """The k highest scores of each state, and the columns of their items.

        Args:
            states: float32[n, hidden_dim], of `n_rows` at most.
            hidden_rows: int64[n_hidden], rows of scores that are left out.
            hidden_columns: int64[n_hidden], their columns.

        Returns:
            float32[n, k], falling, minus infinity where too few items are left; int64[n, k]. Of equal scores the smaller column
            comes first; which of equal scores are among the k at its end is up to the device.
        """
        scores = torch.empty(len(states), 0, device=states.device)
        columns = torch.empty(len(states), 0, dtype=torch.int64, device=states.device)
        for first in range(0, len(self._vectors), self._n_columns):
            part = self._scored(states, first)
            inside = (hidden_columns >= first) & (hidden_columns < first + part.shape[1])
            part[hidden_rows[inside], hidden_columns[inside] - first] = -torch.inf
            best, where = _highest(part, self.k)
            scores, columns = torch.cat([scores, best], 1), torch.cat([columns, where + first], 1)  # [n, up to 2 k]
            if scores.shape[1] > self.k:
                scores, kept = scores.topk(self.k, dim=1)
                columns = columns.gather(1, kept)
        columns, order = columns.sort(dim=1)
        scores, order = scores.gather(1, order).sort(dim=1, descending=True, stable=True)
        return scores, columns.gather(1, order)

    def _scored(self, states: Tensor, first: int) -> Tensor:
        """Scores of the columns from `first` on: [n, a multiple of TILE], minus infinity behind the last item."""
        vectors = self._vectors[first : first + self._n_columns]
        block = self._block[: len(states), : -(-len(vectors) // TILE) * TILE]
        torch.mm(states, vectors.T, out=block[:, : len(vectors)])
        block[:, len(vectors) :] = -torch.inf
        return block


def _highest(scores: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The k highest of each row, or all where there are fewer, and their columns.

    Args:
        scores: [n, a multiple of TILE].
        k: How many.
    """
    n_tiles = scores.shape[1] // TILE
    if n_tiles <= 2 * k:
        return scores.topk(min(k, scores.shape[1]), dim=1)
    # A tile is every n_tiles-th column, so that maxima are taken of whole vectors of the processor.
    maxima = scores.unflatten(1, (TILE, n_tiles)).amax(1)  # [n, n_tiles]
    tiles = maxima.topk(k, dim=1, sorted=False).indices
    columns = (tiles[:, :, None] + torch.arange(TILE, device=scores.device) * n_tiles).flatten(1)  # [n, k * TILE]
    best, where = scores.gather(1, columns).topk(k, dim=1)
    return best, columns.gather(1, where)

"""The k items with the highest scores, selected while they are computed, so that the product takes most of the time.

Selecting from every score would take longer than the product. So scores are looked at through tiles of TILE columns each: the
k highest of a row lie in at most k tiles, and those are among the k tiles with the highest maxima. The maxima of a stretch of
columns are one pass over it while it is in cache. What is selected from are the maxima, once for all stretches, and then k
times TILE scores.
"""

from typing import final

import torch
from torch import Tensor

TILE = 16
"""Columns of a tile."""

HOST_ROWS, DEVICE_ROWS = 256, 4096
"""Histories that are scored at once on a CPU and on a GPU; with fewer, the product reads the vectors more often than it pays."""

STRETCH_COLUMNS = 4608
"""Items that are scored at once, about: with HOST_ROWS rows the scores stay in cache while their maxima are taken."""

BLOCK_COLUMNS = 1 << 16
"""Items whose scores are held, at most: a larger catalogue is gone through in as many parts as it takes."""


@final
class TopItems:
    """Scores item vectors for states and selects the k highest of each.

    Args:
        vectors: float32[n_items, hidden_dim], of the items that may be selected.
        k: How many are selected; all of them where there are fewer.
    """

    def __init__(self, vectors: Tensor, k: int) -> None:
        self.k = min(k, len(vectors))
        self.n_rows = HOST_ROWS if vectors.device.type == "cpu" else DEVICE_ROWS
        self._vectors = vectors
        # Stretches of one width: the last one would leave much of its own empty otherwise.
        n_stretches = max(1, round(len(vectors) / STRETCH_COLUMNS))
        self._n_tiles = -(-len(vectors) // (n_stretches * TILE))  # Of a stretch.
        self._width = self._n_tiles * TILE
        self._n_at_once = max(1, min(n_stretches, BLOCK_COLUMNS // self._width))
        self._scores = torch.empty(self.n_rows, self._n_at_once * self._width, device=vectors.device)
        self._maxima = torch.empty(self.n_rows, self._n_at_once * self._n_tiles, device=vectors.device)
        self._in_tile = torch.arange(TILE, device=vectors.device) * self._n_tiles

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
        for first in range(0, len(self._vectors), self._scores.shape[1]):
            best, where = self._highest(states, first, hidden_rows, hidden_columns)
            scores, columns = torch.cat([scores, best], 1), torch.cat([columns, where + first], 1)  # [n, up to 2 k]
            if scores.shape[1] > self.k:
                scores, kept = scores.topk(self.k, dim=1)
                columns = columns.gather(1, kept)
        columns, order = columns.sort(dim=1)
        scores, order = scores.gather(1, order).sort(dim=1, descending=True, stable=True)
        return scores, columns.gather(1, order)

    def _highest(
        self, states: Tensor, first: int, hidden_rows: Tensor, hidden_columns: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The highest scores of the columns from `first` on that are held at once, and their places among these columns."""
        n, width = len(states), self._width
        n_stretches = min(self._n_at_once, -(-(len(self._vectors) - first) // width))
        for number in range(n_stretches):
            begin = first + number * width
            stretch = self._scores[:n, number * width : (number + 1) * width]
            vectors = self._vectors[begin : begin + width]
            torch.mm(states, vectors.T, out=stretch[:, : len(vectors)])
            stretch[:, len(vectors) :] = -torch.inf
            inside = (hidden_columns >= begin) & (hidden_columns < begin + width)
            stretch[hidden_rows[inside], hidden_columns[inside] - begin] = -torch.inf
            # A tile is every n_tiles-th column of its stretch, so that maxima are taken of whole vectors of the processor.
            tiles = stretch.unflatten(1, (TILE, self._n_tiles))
            torch.amax(tiles, 1, out=self._maxima[:n, number * self._n_tiles : (number + 1) * self._n_tiles])
        scores, maxima = self._scores[:n, : n_stretches * width], self._maxima[:n, : n_stretches * self._n_tiles]
        if maxima.shape[1] <= self.k:
            return scores.topk(min(self.k, scores.shape[1]), dim=1)
        chosen = maxima.topk(self.k, dim=1, sorted=False).indices  # [n, k]
        begins = chosen // self._n_tiles * width + chosen % self._n_tiles
        columns = (begins[:, :, None] + self._in_tile).flatten(1)  # [n, k * TILE]
        best, where = scores.gather(1, columns).topk(self.k, dim=1)
        return best, columns.gather(1, where)

"""A scorer whose scores a test writes down."""

from collections.abc import Sequence

import torch
from torch import Tensor

from nsbench.data.dataset import Histories
from nsbench.evaluation.shard import WHOLE


class WrittenScorer:
    """Gives the n-th history the n-th row of `scores`, whose entry j is item j + 1's; the last row serves all further ones.

    Attributes:
        n_encoded: Histories encoded so far.
        n_scored: Scores given so far.
    """

    shard = WHOLE

    def __init__(self, scores: Sequence[Sequence[float]]) -> None:
        self._scores = torch.tensor(scores, dtype=torch.float32)
        self.n_encoded = 0
        self.n_scored = 0

    def encode(self, histories: Histories) -> Tensor:
        self.n_encoded += len(histories)
        return torch.arange(len(histories)).clamp(max=len(self._scores) - 1)[:, None]

    def score(self, states: Tensor, first: int, end: int) -> Tensor:
        block = self._scores[states[:, 0], first - 1 : end - 1]
        self.n_scored += block.numel()
        return block.clone()

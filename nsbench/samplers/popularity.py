"""Negatives by popularity ** gamma: popular items more often (gamma 1) or rare items more often (gamma -1)."""

from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor

from nsbench.data.batch import UserBatch
from nsbench.samplers.draw import draw_unseen, shape_of, tries
from nsbench.samplers.history import UserHistory
from nsbench.samplers.sampler import NegativeCount, Negatives, Sampler, SamplerContext, SamplerSettings, Sharing


class Popularity(Sampler):
    """Independent draws from a fixed distribution over items, the user's history left out.

    Draws by the inverse of the cumulative distribution in float64: exact for any catalogue, where `torch.multinomial`
    stops at 2 ** 24 items.
    """

    def __init__(
        self, probabilities: Tensor, n_negatives: int, history: UserHistory, sharing: Sharing = "user"
    ) -> None:
        """Prepares the cumulative distribution.

        Args:
            probabilities: float64[n_items + 1], summing to 1; 0 for items that are never drawn.
            n_negatives: Draws for each position.
            history: What each user has had.
            sharing: Who shares a draw.
        """
        self.n_negatives = n_negatives
        self._history = history
        self._sharing = sharing
        self._cumulative = torch.cumsum(probabilities, 0)
        self._last = int(probabilities.nonzero().max())
        self._log_probabilities = probabilities.log()
        self._tries = tries(history.mass(probabilities))

    def propose(self, batch: UserBatch, generator: torch.Generator) -> Negatives:
        """Draws for each position, user or batch."""

        def draw(shape: torch.Size) -> Tensor:
            uniform = torch.rand(shape, generator=generator, dtype=torch.float64, device=batch.users.device)
            # The last cumulative value may fall short of 1 by rounding.
            return torch.searchsorted(self._cumulative, uniform, right=True).clamp_(max=self._last)

        return draw_unseen(draw, shape_of(batch, self._sharing, self.n_negatives), batch, self._history)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """N * q_j, times the draws that leaving out the history takes."""
        log_q = self._log_probabilities[item_ids] + torch.tensor(self.n_negatives, dtype=torch.float64).log()
        if self._sharing != "batch":
            log_q = log_q + self._tries[batch.users].log()[:, None, None]
        return log_q.float()


class PopularitySettings(SamplerSettings):
    """Negatives drawn by their popularity in training."""

    name: ClassVar[str] = "popularity"
    label: ClassVar[str] = "Popularity"
    paper_name: ClassVar[str | None] = "PNS"
    traits: ClassVar[frozenset[Literal["in-batch", "global", "model-based"]]] = frozenset({"global"})

    n_negatives: NegativeCount = 100
    gamma: Annotated[
        float, Field(ge=-2, le=2, description="exponent of the popularity; 0 is uniform over items seen in training")
    ] = 1.0
    popularity_counts: Annotated[
        Literal["interactions", "users"],
        Field(description="popularity is the number of training interactions, or of users (the published code)"),
    ] = "interactions"
    negative_sharing: Annotated[
        Sharing, Field(description="who shares a draw: each position its own, all positions of a user, or the batch")
    ] = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """Draws by popularity ** gamma."""
        probabilities = context.popularity(self.popularity_counts, self.gamma)
        return Popularity(probabilities, self.n_negatives, context.history(self.exclude_history), self.negative_sharing)


class InversePopularitySettings(PopularitySettings):
    """Negatives drawn by the inverse of their popularity: rare items more often."""

    name: ClassVar[str] = "inverse-popularity"
    label: ClassVar[str] = "Inverse popularity"
    paper_name: ClassVar[str | None] = "IPNS"

    gamma: Annotated[
        float, Field(ge=-2, le=2, description="exponent of the popularity; 0 is uniform over items seen in training")
    ] = -1.0

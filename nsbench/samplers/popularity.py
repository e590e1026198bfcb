"""Negatives by popularity ** gamma: popular items more often (gamma 1) or rare items more often (gamma -1)."""

from typing import Annotated, ClassVar, Literal, final

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.independent import Independent
from nsbench.samplers.drawing.sharing import NegativeSharing
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import NegativeCount, Sampler, SamplerSettings
from nsbench.terms import Trait


@final
class Alias:
    """A fixed distribution over items, drawn from an alias table in float64.

    Two lookups per draw whatever the catalogue's size, exact for any, where `torch.multinomial` stops at 2 ** 24 items.
    """

    def __init__(self, probabilities: Tensor) -> None:
        """Prepares the table.

        Args:
            probabilities: float64[n_items + 1], summing to 1; 0 for items that are never drawn.
        """
        self._probabilities = probabilities
        self._keep, self._alias = alias_table(probabilities)

    def draw(self, shape: torch.Size, streams: Streams) -> Tensor:
        """As of `Proposal`."""
        drawn = streams.uniform(shape).view(-1)
        # The whole part is a place, the fraction a draw of its own; 53 bits are enough for both.
        place = drawn.mul_(len(self._keep)).long()  # [draws]
        kept = drawn.sub_(place) < self._keep.index_select(0, place)
        return torch.where(kept, place, self._alias.index_select(0, place)).view(shape)

    def log_prob(self, item_ids: Tensor) -> Tensor:
        """As of `Proposal`."""
        return self._probabilities[item_ids].log()

    def mass(self, history: UserHistory) -> Tensor:
        """As of `Proposal`."""
        return history.mass(self._probabilities)


def alias_table(probabilities: Tensor) -> tuple[Tensor, Tensor]:
    """A table that draws from a distribution: a place at random is kept with its probability, or its alias is taken.

    Args:
        probabilities: float64[n], summing to 1.

    Returns:
        float64[n], how likely each place is kept; and int64[n], what is taken instead.

    Source: Walker 1977, built as by Vose 1991: a place with less than its share is filled up by one with more, which may
    itself lack something afterwards and is then filled up by the next. With lacks and surpluses laid end to end, the filler
    of a lack is the surplus in which it begins, so all are found at once.

    >>> keep, alias = alias_table(torch.tensor([0.0, 0.75, 0.25], dtype=torch.float64))
    >>> keep.tolist(), alias.tolist()
    ([0.0, 1.0, 0.75], [1, 1, 1])
    """
    keep = (probabilities * len(probabilities)).cpu().numpy()
    alias = np.arange(len(keep))
    poor, rich = np.flatnonzero(keep < 1), np.flatnonzero(keep >= 1)
    lack_end, surplus_end = np.cumsum(1 - keep[poor]), np.cumsum(keep[rich] - 1)
    lack_begin = lack_end - (1 - keep[poor])
    last = len(rich) - 1
    alias[poor] = rich[np.minimum(np.searchsorted(surplus_end, lack_begin, side="right"), last)]
    # How far the lacks that begin in a surplus reach beyond it.
    n_begun = np.searchsorted(lack_begin, surplus_end[:last], side="left")
    beyond = np.append(0.0, lack_end)[n_begun] - surplus_end[:last]
    keep[rich[:last]], alias[rich[:last]] = 1 - np.clip(beyond, 0, 1), rich[1:]
    keep[rich[last]] = 1
    return torch.from_numpy(keep).to(probabilities.device), torch.from_numpy(alias).to(probabilities.device)


class PopularitySettings(SamplerSettings):
    """Negatives drawn by their popularity in training."""

    name: ClassVar[str] = "popularity"
    label: ClassVar[str] = "Popularity"
    paper_name: ClassVar[str | None] = "PNS"
    traits: ClassVar[frozenset[Trait]] = frozenset({"global"})

    n_negatives: NegativeCount = 100
    gamma: Annotated[
        float, Field(ge=-2, le=2, description="exponent of the popularity; 0 is uniform over items seen in training")
    ] = 1.0
    popularity_counts: Annotated[
        Literal["interactions", "users"],
        Field(description="popularity is the number of training interactions, or of users (the published code)"),
    ] = "interactions"
    negative_sharing: NegativeSharing = "user"

    def build(self, context: SamplerContext) -> Sampler:
        """Draws by popularity ** gamma."""
        probabilities = context.popularity(self.popularity_counts, self.gamma)
        history, sharing = context.history(self.excluded), context.sharing(self.negative_sharing)
        return Independent.of(Alias(probabilities), self.n_negatives, history, sharing)


class InversePopularitySettings(PopularitySettings):
    """Negatives drawn by the inverse of their popularity: rare items more often."""

    name: ClassVar[str] = "inverse-popularity"
    label: ClassVar[str] = "Inverse popularity"
    paper_name: ClassVar[str | None] = "IPNS"

    gamma: Annotated[
        float, Field(ge=-2, le=2, description="exponent of the popularity; 0 is uniform over items seen in training")
    ] = -1.0

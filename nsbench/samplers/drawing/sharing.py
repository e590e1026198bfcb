"""Who shares a draw of negatives, as a setting and in numbers.

On a sparse log most of a step goes to the rows of its negatives: users of a few positions each have as many of them as one
of fifty. Where such users share a draw, as many positions read a row as on a dense log.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import torch
from pydantic import Field

from nsbench.batching.batch import UserBatch
from nsbench.batching.window import Windows

SharedBy = Literal["position", "user", "group", "batch"]
"""Who shares a draw of negatives: nobody, the positions of a user (the paper), some users, or the whole batch."""

SharedByUsers = Literal["user", "group"]
"""What every sampler of this package leaves to choose."""

NegativeSharing = Annotated[
    SharedBy,
    Field(
        description="who shares a draw: each position its own, all positions of a user (the paper), a few users of similar "
        "length (quicker where histories are short and items many), or the batch (a step then sees few different "
        "negatives, and learns less)"
    ),
]
UserOrGroup = Annotated[
    SharedByUsers,
    Field(
        description="who shares a draw: all positions of a user (the paper), or a few users of similar length (quicker "
        "where histories are short and items many)"
    ),
]


@dataclass(frozen=True)
class Sharing:
    """Who shares a draw, in numbers.

    Attributes:
        by_position: Whether each position has draws of its own.
        n_users: Neighbouring users of the batch, which comes longest first, that share a draw; None: all.
    """

    by_position: bool = False
    n_users: int | None = 1

    @property
    def users_per_draw(self) -> int:
        """As `Negatives.users_per_draw`; what the whole batch shares is broadcast."""
        return self.n_users or 1

    def shape(self, batch: UserBatch, n: int) -> torch.Size:
        """[draws, length | 1, n], the shape of what is drawn for a batch."""
        n_users, length = len(batch.users) // batch.n_replicas, batch.inputs.shape[1]
        n_draws = 1 if self.n_users is None else -(-n_users // self.n_users)
        return torch.Size((batch.n_replicas * n_draws, length if self.by_position else 1, n))


LEAST_DRAWS = 16
"""Draws of a full batch, at the least: groups are no larger than that, however long the longest user."""


def users_per_group(windows: Windows, batch_size: int) -> int:
    """Users that share a draw where groups do: so many have together about as many targets as the longest.

    Args:
        windows: What is trained on.
        batch_size: Users of a step.
    """
    return max(1, min(windows.n_to_longest, batch_size // LEAST_DRAWS))


BY_USER = Sharing()
"""Each user's positions share: the paper's way."""

"""Independent draws from a proposal, for whoever shares them: history, sharing, replicas and device, once for all proposals."""

from dataclasses import dataclass
from typing import Protocol, final

import torch
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.drawing.draw import draw_unseen, tries
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.sharing import BY_USER, Sharing
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Negatives, Sampler


class Proposal(Protocol):
    """A distribution over items."""

    def draw(self, shape: torch.Size, streams: Streams) -> Tensor:
        """int64 item ids of a shape, each drawn by itself."""

    def log_prob(self, item_ids: Tensor) -> Tensor:
        """float64 of the ids' shape, log of each one's probability; -inf where it is never drawn."""

    def mass(self, history: UserHistory) -> Tensor:
        """float64[n_users], the probability that a draw is in the user's history."""


@final
@dataclass(frozen=True)
class Independent(Sampler):
    """Draws from a proposal, the user's history left out.

    Attributes:
        proposal: What is drawn.
        n_negatives: Draws for each position.
        history: What each user has had.
        log_tries: float64[n_users], log of the draws that a place takes until one is not in the history (`tries`).
        sharing: Who shares a draw.
    """

    proposal: Proposal
    n_negatives: int
    history: UserHistory
    log_tries: Tensor
    sharing: Sharing = BY_USER

    @classmethod
    def of(
        cls, proposal: Proposal, n_negatives: int, history: UserHistory, sharing: Sharing = BY_USER
    ) -> "Independent":
        """The sampler of a proposal."""
        return cls(proposal, n_negatives, history, tries(proposal.mass(history)).log(), sharing)

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Draws for each position, user, group or batch."""

        def draw(shape: torch.Size, _: Tensor) -> Tensor:
            return self.proposal.draw(shape, streams)

        return draw_unseen(draw, batch, self.n_negatives, self.history, self.sharing)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """N q_j, times the draws that leaving out the history takes where it is left out by drawing again."""
        log_q = self.proposal.log_prob(item_ids) + torch.tensor(self.n_negatives, dtype=torch.float64).log()
        if self.sharing.n_users == 1:
            log_q = log_q + self.log_tries[batch.users][:, None, None]
        return log_q.float()

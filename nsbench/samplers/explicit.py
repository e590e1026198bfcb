"""Explicit negatives: what the user skipped or disliked during the time of training.

They tell what a user turned down, of what was shown: few, and harder than random ones. Most users of most logs have none or
few, so that they are best mixed with others: `mixed(random(90),explicit(10))`.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, final

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.negative_count import Proposed
from nsbench.samplers.context import Exclusion, SamplerContext
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import Negatives, Sampler, SamplerSettings
from nsbench.search import IntRange
from nsbench.terms import Trait

ORIGIN = "explicit"
"""What tables call negatives of this kind."""

ExplicitCount = Annotated[
    int,
    Field(ge=1, le=100_000, description="draws from the user's own explicit negatives for each positive"),
    IntRange(1, 50, log=True),
    Proposed(ORIGIN),
]


@final
@dataclass(frozen=True)
class Explicit(Sampler):
    """Uniform draws, with replacement, from the user's own explicit negatives; of a user without any, nothing.

    An item counts once for a user, however often it was skipped. Items of the user's history are no negatives.

    Attributes:
        n_negatives: Draws for each user, shared by all positions.
        item_ids: int64[n_pairs + 1], the distinct negatives of user 0, of user 1 and so on; the last entry belongs to nobody.
        pairs: int64[n_pairs + 1], user * stride + item, rising; the last entry is a guard above them all.
        offsets: int64[n_users + 1]; user u's are item_ids[offsets[u]:offsets[u + 1]].
        stride: n_items + 1.
    """

    n_negatives: int
    item_ids: Tensor
    pairs: Tensor
    offsets: Tensor
    stride: int

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Draws for each user."""
        start, count = self._own(batch.users)
        drawn = streams.uniform((len(batch.users), 1, self.n_negatives))
        places = drawn.mul_(count).long().add_(start)  # [batch, 1, n]
        mask = (count > 0).expand_as(places)
        # The place of a user without any is the next user's first, or nobody's.
        return Negatives(self.item_ids[places], mask)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The draws over the user's number of negatives, for these; minus infinity for all other items."""
        _, count = self._own(batch.users)
        wanted = batch.users[:, None, None] * self.stride + item_ids
        is_own = self.pairs[torch.searchsorted(self.pairs, wanted)] == wanted
        log_count = (self.n_negatives / count.clamp(min=1)).log().expand_as(is_own)
        return torch.where(is_own, log_count, -torch.inf).float()

    def _own(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """int64[batch, 1, 1] twice: where each user's negatives begin, and how many there are."""
        start = self.offsets[users][:, None, None]
        return start, self.offsets[users + 1][:, None, None] - start


def explicit(n_negatives: int, context: SamplerContext, exclude: Exclusion) -> Explicit:
    """Draws from the explicit negatives of the time of training that are candidates.

    Raises:
        SettingsError: The dataset has none.
    """
    check_explicit_negatives(context.dataset)
    found = context.dataset.explicit_negatives
    assert found is not None
    users, items = torch.from_numpy(found.users), torch.from_numpy(np.asarray(found.item_ids, dtype=np.int64))
    kept = torch.from_numpy(found.is_for_training) & (items <= context.n_candidates)
    users, items = users[kept].to(context.device), items[kept].to(context.device)
    unseen = ~context.history(exclude).contains(users, items)
    stride = context.dataset.n_items + 1
    pairs = (users[unseen] * stride + items[unseen]).unique()
    firsts = torch.arange(context.dataset.n_users + 1, device=context.device) * stride
    offsets = torch.searchsorted(pairs, firsts)
    guard = pairs.new_full((1,), torch.iinfo(torch.int64).max)
    return Explicit(
        n_negatives, torch.cat([pairs % stride, pairs.new_ones(1)]), torch.cat([pairs, guard]), offsets, stride
    )


def needs_explicit_negatives(settings: SamplerSettings | type[SamplerSettings]) -> bool:
    """Whether a sampler, or a part of one, draws from explicit negatives."""
    return ORIGIN in settings.count_fields().proposed.values()


def check_explicit_negatives(dataset: Dataset) -> None:
    """Checks that a dataset has explicit negatives to train on.

    Raises:
        SettingsError: It hasn't.
    """
    card, found = dataset.card, dataset.explicit_negatives
    if found is not None and bool(found.is_for_training.any()):
        return
    without = (
        f"the {len(found.item_ids):,} of dataset {card.name!r} all come after the first validation interaction"
        if found is not None and len(found.item_ids)
        else f"dataset {card.name!r} has none"
    )
    raise SettingsError(
        f"the sampler explicit draws from what users skipped or disliked during the time of training, and {without}; prepare the "
        "log with --negative-events (its events that say so, as skip,dislike) or --negative-max-rating (its low ratings), or "
        "take another sampler"
    )


class ExplicitSettings(SamplerSettings):
    """What the user skipped or disliked; nothing for users who never did. Needs a dataset with explicit negatives."""

    name: ClassVar[str] = "explicit"
    label: ClassVar[str] = "Explicit"
    traits: ClassVar[frozenset[Trait]] = frozenset()

    n_negatives: ExplicitCount = 10

    def build(self, context: SamplerContext) -> Sampler:
        """Draws from the users' own explicit negatives."""
        return explicit(self.n_negatives, context, self.excluded)

    def explain_shortage(self, batch_size: int) -> str:
        """Users who never skipped or disliked anything have none."""
        return explain_few_explicit(self.excluded_in_words)


def explain_few_explicit(excluded: str) -> str:
    """Why positions are without a negative where all are explicit ones.

    Args:
        excluded: What of a user's items is never a negative.
    """
    return (
        f"their users skipped or disliked nothing before validation, or only what is in their {excluded}; mix others in, as "
        '--sampler "mixed(random(90), explicit(10))"'
    )

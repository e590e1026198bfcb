"""Cohort negatives: how many come from head, mid and tail depends on the positive's own cohort."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.samplers.context import SamplerContext
from nsbench.samplers.drawing.draw import draw_unseen, tries
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.sharing import BY_USER, Sharing, UserOrGroup
from nsbench.samplers.drawing.stream import Streams
from nsbench.samplers.sampler import NegativeCount, Negatives, Sampler, SamplerSettings
from nsbench.search import FloatRange
from nsbench.terms import BALANCED_COHORTS, Trait


@dataclass(frozen=True)
class CohortItems:
    """The items of head, mid and tail, cohort by cohort.

    Attributes:
        cohorts: int64[n_items + 1] of `Cohort` values.
        members: int64[n_items + 1], item ids cohort by cohort; the first one is padding.
        first: int64[3], where the ids of head, mid and tail begin in it; 0 for an empty cohort.
        sizes: int64[3], items in each.
        seen_share: float64[n_users, 3], share of each cohort's items that is in the user's history.
    """

    cohorts: Tensor
    members: Tensor
    first: Tensor
    sizes: Tensor
    seen_share: Tensor

    @classmethod
    def of(cls, context: SamplerContext, history: UserHistory) -> "CohortItems":
        """Those of the log, seen by users as their history says."""
        inside = [context.cohorts == cohort for cohort in BALANCED_COHORTS]
        sizes = torch.stack([one.sum() for one in inside])
        # Padding's cohort is the lowest number, so its place is the first.
        first = torch.where(sizes > 0, 1 + sizes.cumsum(0) - sizes, 0)
        shares = [history.mass(one.double() / one.sum().clamp(min=1)) for one in inside]
        return cls(context.cohorts, context.cohorts.argsort(stable=True), first, sizes, torch.stack(shares, 1))


@dataclass(frozen=True)
class CohortStratified(Sampler):
    """Uniform draws within each cohort; each position takes its share of each.

    The positions of a user, or of a group of users, share one pool for each cohort; a position takes the first `n_own` of
    its positive's own cohort and the first `n_other` of each other one, so the numbers are exact instead of random, but for
    what is masked since a user of the group has had it.

    Attributes:
        n_own: Negatives from the positive's cohort.
        n_other: Negatives from each of the two other cohorts.
        items: Of each cohort.
        history: What each user has had.
        sharing: Who shares a pool.
    """

    n_own: int
    n_other: int
    items: CohortItems
    history: UserHistory
    sharing: Sharing = BY_USER

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Draws a pool of each cohort for each user or group, and masks what a position doesn't take of it."""
        n_pool = max(self.n_own, self.n_other)
        device = batch.users.device
        cohort = torch.arange(len(self.items.first), device=device).repeat_interleave(n_pool)  # [3 * n_pool]
        first, sizes = self.items.first[cohort], self.items.sizes[cohort]

        def draw(shape: torch.Size, places: Tensor) -> Tensor:
            return self.items.members[streams.uniform(shape).mul_(sizes[places]).long().add_(first[places])]

        proposal = draw_unseen(draw, batch, len(cohort), self.history, self.sharing)
        place = torch.arange(n_pool, device=device).repeat(len(self.items.first))
        own = torch.arange(len(self.items.first), device=device)[:, None] == cohort  # [3, 3 * n_pool]
        # One row for each cohort of a positive; what a position takes of the pool is one of these rows.
        taken = (place < torch.where(own, self.n_own, self.n_other)) & (sizes > 0)
        # Padded positions have no cohort: any row will do, since they weigh nothing.
        of_target = self.items.cohorts.index_select(0, batch.targets.flatten()).clamp_(min=0)
        mask = taken.index_select(0, of_target).view(*batch.targets.shape, -1)  # [batch, length, 3 * n_pool]
        return replace(proposal, mask=mask.logical_and_(proposal.mask))

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """The position's number from the item's cohort over the cohort's size.

        Times the draws that the history takes where it is left out by drawing again.
        """
        cohort = self.items.cohorts[item_ids]
        own = self.items.cohorts[batch.targets][..., None] == cohort
        number = torch.where(own, self.n_own, self.n_other).double()
        expected = number / self.items.sizes[cohort]
        if self.sharing.n_users == 1:
            expected = expected * tries(self.items.seen_share)[batch.users[:, None, None], cohort]
        return expected.log().float()


class CohortSettings(SamplerSettings):
    """Negatives by the popularity cohort of the positive."""

    name: ClassVar[str] = "cohort"
    label: ClassVar[str] = "Cohort"
    paper_name: ClassVar[str | None] = "PCNS"
    uses_cohorts: ClassVar[bool] = True
    traits: ClassVar[frozenset[Trait]] = frozenset({"global"})

    n_negatives: NegativeCount = 100
    own_cohort_share: Annotated[
        float,
        Field(
            ge=0, le=1, description="share of negatives from the positive's own cohort; the two others share the rest"
        ),
        FloatRange(0.1, 0.9),
    ] = 0.5
    negative_sharing: UserOrGroup = "user"

    def explain_shortage(self, batch_size: int) -> str:
        """A cohort may hold no item at all."""
        return (
            f"all that is proposed for them is in the user's {self.excluded_in_words}, or was to come from a cohort without "
            f"items (own_cohort_share={self.own_cohort_share:g}); {self.shorter_history}, or a larger own_cohort_share"
        )

    def build(self, context: SamplerContext) -> Sampler:
        """Stratified draws by cohort."""
        n_other = int(self.n_negatives * (1 - self.own_cohort_share)) // 2
        history = context.history(self.excluded)
        n_own, sharing = self.n_negatives - 2 * n_other, context.sharing(self.negative_sharing)
        return CohortStratified(n_own, n_other, CohortItems.of(context, history), history, sharing)

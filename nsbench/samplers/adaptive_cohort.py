"""Adaptive cohort negatives: cohorts whose positives do badly are pushed down less, as negatives, from step to step.

A negative comes from cohort z with probability p_z, and is any of its items alike. After each step, where L_z is the mean of
-log sigmoid(s+) over the step's positives in cohort z, and v_z and p_z are 0 and the cohort's share of the items at first:

    g_z = L_z - the mean of L over the cohorts
    v_z <- momentum v_z + (1 - momentum) g_z
    p_z <- p_z - step_size v_z, at least a tenth of what it was at first, and scaled to sum 1

Source: FairNeg of Chen et al., "Fairly adaptive negative sampling for recommendations", WWW 2023, whose groups are genres or
categories; weights of v_z and g_z as in the published code. Deviations: the published code moves p once an epoch, by all
positives, here each step does by its own, so steps are smaller; a cohort without a positive in a step keeps its probability's
course (g_z = 0); and p_z has a floor, since at 0, where the code cuts it off, log q would be infinite. The paper mixes these
probabilities with those of hard negatives; to select the hardest among these is not offered.
"""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, final

import torch
from pydantic import Field
from torch import Tensor
from torch.nn import functional

from nsbench.batching.batch import UserBatch
from nsbench.samplers.cohort import CohortItems
from nsbench.samplers.context import SamplerContext, StateSize
from nsbench.samplers.drawing.draw import draw_unseen, tries
from nsbench.samplers.drawing.history import UserHistory
from nsbench.samplers.drawing.sharing import BY_USER, NegativeSharing, Sharing
from nsbench.samplers.drawing.stream import SamplerState, StateSpec, Streams, TensorSpec
from nsbench.samplers.sampler import NegativeCount, Negatives, Sampler, SamplerSettings
from nsbench.search import FloatRange
from nsbench.terms import BALANCED_COHORTS, Trait

LEAST_OF_FIRST = 0.1
"""A cohort's probability never falls below this part of what it was at first."""

N_COHORTS = len(BALANCED_COHORTS)


@final
@dataclass(frozen=True)
class AdaptiveCohort(Sampler):
    """Draws of a cohort and of one of its items, with cohorts' probabilities that follow the losses of their positives.

    The state of a replica is `cohort_probabilities` and `cohort_velocities`, float64[3] each, of head, mid and tail. Observed
    are the losses' sum of each cohort, then the number of its positives.

    Attributes:
        n_negatives: Draws for each position.
        items: Of each cohort.
        step_size: How far probabilities move.
        momentum: What stays of the velocities.
        history: What each user has had.
        probabilities: float64[3], those of `log_q`; at first, those of uniform draws.
        sharing: Who shares a draw.
    """

    n_negatives: int
    items: CohortItems
    step_size: float
    momentum: float
    history: UserHistory
    probabilities: Tensor
    sharing: Sharing = BY_USER

    def initial_state(self) -> SamplerState:
        """Probabilities of uniform draws, at rest."""
        first = self._first_probabilities()
        return {"cohort_probabilities": first, "cohort_velocities": torch.zeros_like(first)}

    def in_state(self, state: SamplerState) -> Sampler:
        """With the state's probabilities."""
        return replace(self, probabilities=state["cohort_probabilities"])

    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Draws for each position, user, group or batch."""
        probabilities = torch.stack([own["cohort_probabilities"] for own in streams.states])  # [R, 3]
        ends, sizes = probabilities.cumsum(1), self.items.sizes
        # Rounding at the end of the last cohort must not lead into an empty one behind it.
        last = (sizes > 0).cumsum(0).argmax()

        def draw(shape: torch.Size, _: Tensor) -> Tensor:
            place = streams.uniform(shape).view(len(ends), -1).mul_(ends[:, -1:])
            cohort = torch.searchsorted(ends, place, right=True).minimum(last)
            width = probabilities.gather(1, cohort)
            # One number chooses the cohort, and how far into the cohort it lies the item.
            share = place.sub_(ends.gather(1, cohort)).add_(width).div_(width)
            within = share.mul_(sizes[cohort]).long().clamp_(min=0).minimum(sizes[cohort] - 1)
            return self.items.members[within.add_(self.items.first[cohort])].view(shape)

        return draw_unseen(draw, batch, self.n_negatives, self.history, self.sharing)

    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """N p_z over the size of the item's cohort z, times the draws that leaving out the history takes by drawing again."""
        cohort = self.items.cohorts[item_ids]
        expected = self.n_negatives * self.probabilities[cohort] / self.items.sizes[cohort]
        if self.sharing.n_users == 1:
            seen_mass = (self.items.seen_share[batch.users] * self.probabilities).sum(1)
            expected = expected * tries(seen_mass)[:, None, None]
        return expected.log().float()

    @property
    def n_observed(self) -> int:
        """A sum and a number for each cohort."""
        return 2 * N_COHORTS

    def observe(self, selected: Negatives, positive_scores: Tensor, targets: Tensor, observed: Tensor) -> None:
        """Adds the losses of the positions' positives to their cohorts."""
        losses, cohorts = functional.softplus(-positive_scores), self.items.cohorts[targets]
        # One cohort after the other: a scattered sum would be another one each time on a GPU.
        for cohort in range(N_COHORTS):
            inside = (cohorts == cohort).to(observed.dtype)
            observed[:, cohort].add_((losses * inside).flatten(1).sum(1))
            observed[:, N_COHORTS + cohort].add_(inside.flatten(1).sum(1))

    def learn(self, state: SamplerState, observed: Tensor) -> None:
        """Moves the probabilities away from cohorts whose positives have a higher loss than those of others."""
        sums, counts = observed.double().view(2, N_COHORTS)
        has_any = counts > 0
        means = sums / counts.clamp(min=1)
        excess = (means - means.sum() / has_any.sum().clamp(min=1)) * has_any
        velocities = state["cohort_velocities"].mul_(self.momentum).add_(excess, alpha=1 - self.momentum)
        moved = state["cohort_probabilities"] - self.step_size * velocities
        moved = moved.maximum(LEAST_OF_FIRST * self._first_probabilities())
        state["cohort_probabilities"].copy_(moved / moved.sum())

    def _first_probabilities(self) -> Tensor:
        return self.items.sizes.double() / self.items.sizes.sum()


class AdaptiveCohortSettings(SamplerSettings):
    """Negatives by cohort, fewer from cohorts whose positives have a high loss."""

    name: ClassVar[str] = "adaptive-cohort"
    label: ClassVar[str] = "Adaptive cohort"
    traits: ClassVar[frozenset[Trait]] = frozenset({"global"})
    learns: ClassVar[bool] = True
    uses_cohorts: ClassVar[bool] = True

    n_negatives: NegativeCount = 100
    cohort_step_size: Annotated[
        float,
        Field(gt=0, le=1, description="how far a step moves the cohorts' probabilities, for each unit of excess loss"),
        FloatRange(1e-4, 1e-1, log=True),
    ] = 2e-3
    cohort_momentum: Annotated[
        float,
        Field(ge=0, lt=1, description="how much of their velocity the cohorts' probabilities keep at each step"),
        FloatRange(0.5, 0.99),
    ] = 0.9
    negative_sharing: NegativeSharing = "user"

    def state_spec(self, size: StateSize) -> StateSpec:
        """Three numbers each."""
        return {name: TensorSpec((N_COHORTS,), torch.float64) for name in ("cohort_probabilities", "cohort_velocities")}

    def build(self, context: SamplerContext) -> Sampler:
        """Draws by cohort, at first uniform ones."""
        history = context.history(self.excluded)
        items = CohortItems.of(context, history)
        return AdaptiveCohort(
            self.n_negatives,
            items,
            self.cohort_step_size,
            self.cohort_momentum,
            history,
            items.sizes.double() / items.sizes.sum(),
            context.sharing(self.negative_sharing),
        )

"""What a negative sampler is: it proposes item ids for a batch, and may then select among them by score.

Sharing is a shape: ids of [batch, 1, n] are shared by all positions of a user, of [1, 1, n] by the whole batch, of
[batch, length, n] by nobody, of [draws, 1, n] by as many users as `Negatives.users_per_draw` says.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from torch import Tensor

from nsbench.batching.batch import UserBatch
from nsbench.negative_count import CountFields, Proposed
from nsbench.samplers.context import Exclusion, SamplerContext, StateSize
from nsbench.samplers.drawing.stream import SamplerState, StateSpec, Streams
from nsbench.search import IntRange
from nsbench.terms import Trait

NegativeCount = Annotated[
    int, Field(ge=1, le=100_000, description="negatives for each positive"), IntRange(5, 500, log=True), Proposed()
]
"""How many negatives an atom draws; one bound, default range and search scale for all of them."""


@dataclass(frozen=True)
class Negatives:
    """Proposed negatives, which broadcast to [batch, length, n] where users don't share draws.

    Attributes:
        item_ids: int64, in 1..n_items; [draws, length | 1, n], draw i for the users i * users_per_draw and after, or one
            for all; of a batch of several replicas, as many draws for each, one replica after the other.
        mask: bool, broadcastable to [batch, length, n]; False where the id must not be trained on (it is in the user's
            history, or was not selected).
        users_per_draw: Neighbouring users that share a draw.
        offsets: float32, broadcastable to [batch, length, n], what a sampler that selects at random adds to the scores; drawn
            with the ids, so that what is selected for a position doesn't depend on what it is scored beside. None: nothing.
    """

    item_ids: Tensor
    mask: Tensor
    users_per_draw: int = 1
    offsets: Tensor | None = None

    def rows(self, first: int, end: int, length: int) -> "Negatives":
        """The negatives of the users first..end - 1, at most `length` positions each.

        The users are all those of some draws, or some of one.
        """
        first_draw, end_draw = first // self.users_per_draw, -(-end // self.users_per_draw)
        item_ids = _rows(self.item_ids, first_draw, end_draw, length)
        offsets = None if self.offsets is None else _rows(self.offsets, first, end, length)
        return Negatives(item_ids, _rows(self.mask, first, end, length), self.users_per_draw, offsets)

    def by_user(self) -> "Negatives":
        """The same with each user's ids in a row of the user's own."""
        if self.users_per_draw == 1:
            return self
        n_rows = self.users_per_draw * self.item_ids.shape[-3]
        repeated = self.item_ids.repeat_interleave(self.users_per_draw, -3, output_size=n_rows)
        return Negatives(repeated[..., : self.mask.shape[-3], :, :], self.mask, offsets=self.offsets)


def _rows(tensor: Tensor, first: int, end: int, length: int) -> Tensor:
    """The part of [batch | 1, length | 1, n] that belongs to some users; shared axes stay shared."""
    return (tensor if tensor.shape[-3] == 1 else tensor[..., first:end, :, :])[..., :length, :]


class Sampler(ABC):
    """Proposes negatives for the positives of a batch."""

    proposes_positive: ClassVar[bool] = False
    """Whether a position's own positive is among what it is proposed; scoring then takes it out."""

    def initial_state(self) -> SamplerState:
        """What the sampler remembers of a replica before its first step; most remember nothing.

        Replicas share the sampler, which therefore never changes. The caller keeps a state for each replica, gives all
        of them to `propose` with the streams, and puts them into checkpoints.
        """
        return {}

    def in_state(self, state: SamplerState) -> "Sampler":
        """The sampler whose `log_q` is that of a replica in this state; of most, it is the same in all of them."""
        return self

    @abstractmethod
    def propose(self, batch: UserBatch, streams: Streams) -> Negatives:
        """Draws negatives for every position of the batch.

        Args:
            batch: The users of one step, on the sampler's device; on a GPU of several replicas, one after the other.
            streams: The only source of randomness, on the same device, with a stream for each replica; and the replicas'
                states, which are changed.
        """

    @abstractmethod
    def log_q(self, batch: UserBatch, item_ids: Tensor) -> Tensor:
        """Log of the expected number of times that `propose` gives each item to each position.

        A method rather than a field of Negatives: a mixture needs every part's count for every id, and a loss that
        makes no correction pays nothing.

        Args:
            batch: The users of the step, of one replica.
            item_ids: int64, broadcastable to [batch, length, n], none of them in its user's history.

        Returns:
            float32, broadcastable to [batch, length, n].
        """

    def select(self, negatives: Negatives, scores: Tensor, positive_scores: Tensor) -> Negatives:
        """Chooses among proposed negatives by the model's scores; most samplers keep them all.

        Args:
            negatives: What `propose` returned, or its part for some users.
            scores: float32[..., batch, length, n], the model's scores of the negatives; not differentiated.
            positive_scores: float32[..., batch, length], those of the positions' positives.
        """
        return negatives

    @property
    def n_observed(self) -> int:
        """How many numbers a step tells the sampler of each replica; most learn nothing from the model."""
        return 0

    def observe(self, selected: Negatives, positive_scores: Tensor, targets: Tensor, observed: Tensor) -> None:  # noqa: B027
        """Adds what some positions of a step tell the sampler; the sums over all of them, and all processes, go to `learn`.

        Args:
            selected: What `select` returned, of these positions.
            positive_scores: float32[replicas, rows, length].
            targets: int64[replicas, rows, length]; 0 where padded.
            observed: float32[replicas, n_observed]; changed in place.
        """

    def learn(self, state: SamplerState, observed: Tensor) -> None:  # noqa: B027
        """Takes what a step has told into a replica's state, after the step and before the next draw.

        Args:
            state: The replica's; changed in place.
            observed: float32[n_observed].
        """


class SamplerSettings(BaseModel):
    """A sampler's settings, and with `build` the sampler itself.

    A subclass registers under `name`; command line, YAML, search space, MLflow and report take names, bounds and labels from it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: ClassVar[str]
    """The sampler's name on the command line and everywhere else."""
    label: ClassVar[str]
    """What tables and figures call it."""
    proposes_positive: ClassVar[bool] = False
    """As of the sampler."""
    learns: ClassVar[bool] = False
    """Whether what is drawn depends on what the model made of earlier draws, so that no draw follows from the seed alone."""
    uses_cohorts: ClassVar[bool] = False
    """Whether what is drawn goes by the items' cohorts, whose borders are a setting of the evaluation."""
    paper_name: ClassVar[str | None] = None
    """Its abbreviation in the paper, if the paper has it; runs bring it to the report as a tag."""
    traits: ClassVar[frozenset[Trait]] = frozenset()
    """Its row in the paper's Table 1; runs bring them to the report as a tag."""

    exclude_history: Annotated[
        Literal["whole", "window", "published"],
        Field(
            description="which items of the user are never negatives: the whole training history; the last max_length targets "
            "only; or as the published code, whose samplers that draw from the catalogue alone leave out the whole history, "
            "and the in-batch, mixed and adaptive ones the last targets only"
        ),
    ] = "whole"

    @model_validator(mode="after")
    def _keeps_of_more(self) -> Self:
        kept = self.count_fields().kept
        if kept is not None and int(getattr(self, kept)) > self.n_proposed:
            found = f"{kept} is {getattr(self, kept)}, but only {self.n_proposed} negatives are proposed"
            raise ValueError(f"{found}; choose {kept} <= {self.n_proposed} or propose more")
        return self

    @classmethod
    def count_fields(cls) -> CountFields:
        """The fields that count negatives, as `Proposed` and `Kept` mark them."""
        return CountFields.of(cls)

    @property
    def n_proposed(self) -> int:
        """Negatives proposed for each positive: the sum of the fields that are marked `Proposed`."""
        return sum(int(getattr(self, name)) for name in self.count_fields().proposed)

    def n_scored(self, n_candidates: int) -> int:
        """Negatives that are scored for each positive.

        Args:
            n_candidates: Items that may be recommended.
        """
        return self.n_proposed

    def n_trained_on(self, n_candidates: int) -> int:
        """Negatives of each positive that are trained on: those proposed, or as many of them as the `Kept` field says.

        Args:
            n_candidates: Items that may be recommended.
        """
        kept = self.count_fields().kept
        return self.n_proposed if kept is None else min(self.n_proposed, int(getattr(self, kept)))

    @property
    def excluded(self) -> Exclusion:
        """What `exclude_history` comes to for this sampler: which items of the user are never negatives.

        What is ranked is another matter: `EvaluationSettings.seen_items_of` says which of them are candidates.
        """
        if self.exclude_history != "published":
            return self.exclude_history
        return "whole" if self.traits == {"global"} else "window"

    def state_spec(self, size: StateSize) -> StateSpec:
        """The tensors of a replica's state, for what they take to be known before there is a sampler; most have none."""
        return {}

    @abstractmethod
    def build(self, context: SamplerContext) -> Sampler:
        """The sampler over these training interactions."""

    def explain_shortage(self, batch_size: int) -> str:
        """Why positions may be without a negative, and what to do about it, for a message.

        Args:
            batch_size: Users in a step.
        """
        return f"all that is proposed for them is in the user's {self.excluded_in_words}; {self.shorter_history}"

    @property
    def excluded_in_words(self) -> str:
        """What of a user's items is never a negative, and the setting that says so."""
        own = "training history" if self.excluded == "whole" else "last max_length targets"
        return f"{own} (exclude_history={self.exclude_history})"

    @property
    def shorter_history(self) -> str:
        """How more items can become negatives, in words."""
        smaller = "a smaller max_length" if self.excluded == "window" else "exclude_history=window"
        return f"take a log with more items than its users have had, or {smaller} where that leaves some out"

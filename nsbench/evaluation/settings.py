"""How a model is evaluated; part of what makes two runs comparable."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from nsbench.data.cohort import CohortRule, PopularityCounts
from nsbench.data.cohort_cut import DEFAULT_CUT, CohortCut
from nsbench.data.dataset import DatasetCard
from nsbench.formerly import Formerly


class EvaluationSettings(BaseModel):
    """The evaluation protocol; runs of different protocols are never averaged together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: Annotated[
        Literal["rolling", "frozen", "last", "first", "random"],
        Field(
            description="rolling: each test item after all that came before it; frozen: every test item of a user after "
            "the user's training and validation (the published code); last: the user's last test item (the paper's text); first: "
            "the first one that has a history; random: one of them, drawn once for all runs"
        ),
    ] = "rolling"
    seen_items: Annotated[
        Literal["dataset", "exclude", "keep"],
        Field(description="whether items of the user's history leave the ranking; dataset: as its card says"),
    ] = "dataset"
    cold_items: Annotated[
        Literal["separate", "tail"],
        Field(
            description="separate: items without a training interaction are a cohort of their own and no candidates; "
            "tail: they stay in the catalogue and count as tail (the published code)"
        ),
    ] = "separate"
    unseen_in_history: Annotated[
        Literal["leave_out", "keep"],
        Field(
            description="items without a training interaction in the history that a model sees. leave_out: it doesn't see "
            "them; keep: it sees the vectors that they began with (the published code)"
        ),
    ] = "leave_out"
    ties: Annotated[
        Literal["mean", "optimistic"],
        Field(
            description="a target among equal scores. mean: every metric is its mean over the orders of the tied items; "
            "optimistic: the target comes first (the published code)"
        ),
    ] = "mean"
    cohort_counts: Annotated[
        PopularityCounts,
        Field(
            description="what cohorts go by. interactions: an item's training interactions; users: how many users have it "
            "in training (the published code)"
        ),
    ] = "interactions"
    cohort_rule: Annotated[
        CohortRule,
        Field(
            description="where an item crosses the border of a cohort that is empty. filled: it belongs to that cohort; "
            "published: it belongs to the next one, and the cohort stays empty (the published code)"
        ),
    ] = "filled"
    cohort_cut: Annotated[
        str,
        Field(
            description="where head, mid and tail are cut: interactions:A,B at shares of the training interactions, items:A,B at "
            "shares of the items from the most popular on, counts:H,M at training interactions of an item; samplers that go by "
            "cohorts keep to thirds of the interactions"
        ),
        Formerly(DEFAULT_CUT),
    ] = DEFAULT_CUT
    cutoffs: Annotated[
        tuple[Annotated[int, Field(ge=1)], ...],
        Field(min_length=1, description="the k of hit rate and NDCG at k, each at least 1 and given once"),
    ] = (
        1,
        5,
        10,
        20,
        50,
    )
    validation_users: Annotated[
        int, Field(ge=0, description="how many users validation looks at, a seeded sample; 0: all of them")
    ] = 0

    def seen_items_of(self, card: DatasetCard) -> Literal["exclude", "keep"]:
        """Whether items of the user's history leave the ranking of a dataset.

        What trains is another matter: `SamplerSettings.excluded` says which of them are never negatives.
        """
        return card.seen_items if self.seen_items == "dataset" else self.seen_items

    @field_validator("cohort_cut")
    @classmethod
    def _one_text_a_cut(cls, cut: str) -> str:
        return CohortCut.read(cut).text

    @field_validator("cutoffs", mode="before")
    @classmethod
    def _from_text(cls, cutoffs: object) -> object:
        """MLflow and `--set` hold the cut-offs as "1,5,10", and a single one is a number to YAML."""
        if isinstance(cutoffs, bool):
            raise ValueError("cut-offs are whole numbers, such as 1,5,10")
        if isinstance(cutoffs, int | float):
            return (cutoffs,)
        return tuple(cutoffs.split(",")) if isinstance(cutoffs, str) else cutoffs

    @field_validator("cutoffs")
    @classmethod
    def _once_each(cls, cutoffs: tuple[int, ...]) -> tuple[int, ...]:
        if len(set(cutoffs)) < len(cutoffs):
            raise ValueError("a cut-off is given twice; give each once, such as 1,5,10")
        return cutoffs

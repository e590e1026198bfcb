"""How a model is evaluated; part of what makes two runs comparable."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class EvaluationSettings(BaseModel):
    """The evaluation protocol; runs of different protocols are never averaged together."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: Annotated[
        Literal["rolling", "frozen", "last"],
        Field(
            description="rolling: each test item after all that came before it; frozen: every test item of a user after "
            "the user's training and validation (the published code); last: the user's last test item (the paper's text)"
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
    ties: Annotated[
        Literal["mean", "optimistic"],
        Field(description="rank of a target among equal scores: the mean, or the best (the published code)"),
    ] = "mean"
    cutoffs: Annotated[tuple[int, ...], Field(min_length=1, description="the k of hit rate and NDCG at k")] = (
        1,
        5,
        10,
        20,
        50,
    )
    validation_users: Annotated[
        int, Field(ge=0, description="validation looks at a seeded sample of so many users; 0: all of them")
    ] = 0

    @field_validator("cutoffs", mode="before")
    @classmethod
    def _from_text(cls, cutoffs: object) -> object:
        """MLflow and `--set` hold the cut-offs as "1,5,10"."""
        return tuple(cutoffs.split(",")) if isinstance(cutoffs, str) else cutoffs

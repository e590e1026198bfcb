"""Which interactions of a log make a dataset, and how it is cut."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nsbench.data.log.option_value import Duplicates, Repeats, SeenItemsRule, SplitRule


class PrepareOptions(BaseModel):
    """Which interactions of a log make the dataset, and how it is cut in time."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    session_gap_s: int | None = Field(default=None, ge=1, le=10**11)
    """Cut each user's interactions into sessions after a gap longer than this many seconds; a session becomes the user."""
    repeats: Repeats = "keep"
    duplicates: Duplicates = "auto"
    min_user_interactions: int = Field(default=1, ge=1)
    min_item_interactions: int = Field(default=1, ge=1)
    split_by: SplitRule = "timestamp"
    valid_share: float = Field(default=0.05, gt=0, lt=1)
    test_share: float = Field(default=0.05, gt=0, lt=1)
    seen_items: SeenItemsRule = "auto"

    @model_validator(mode="after")
    def _leave_training(self) -> "PrepareOptions":
        if self.valid_share + self.test_share >= 1:
            raise ValueError("valid_share and test_share leave nothing to train on: their sum must be below 1")
        return self

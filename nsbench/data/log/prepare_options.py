"""Which interactions of a log make a dataset, and how it is cut."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nsbench.data.log.option_value import Duplicates, Repeats, SeenItemsRule, SplitKind, SplitRule, TieOrder

SHARES = ("valid_share", "test_share", "split_by")
"""What cuts globally in time by shares, and means nothing where the log is cut otherwise."""

LATER = ("split", "valid_from", "test_from", "ties", "tie_seed")
"""What came after the first cards: these hold it only where it is not the default, as they always did."""

FILTERS = ("session_gap_s", "min_user_interactions", "min_item_interactions", "repeats")
"""What would leave interactions out of parts that came as files."""


class PrepareOptions(BaseModel):
    """Which interactions of a log make the dataset, and how it is cut."""

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
    split: SplitKind = "time"
    valid_from: str | None = None
    """When validation begins, as the log writes its times or in ISO form."""
    test_from: str | None = None
    ties: TieOrder = "log"
    tie_seed: int = Field(default=0, ge=0, lt=2**63)
    """Of the order of equal times where it is random."""

    @model_validator(mode="after")
    def _leave_training(self) -> Self:
        if self.valid_share + self.test_share >= 1:
            raise ValueError("valid_share and test_share leave nothing to train on: their sum must be below 1")
        return self

    @model_validator(mode="after")
    def _cut_in_one_way(self) -> Self:
        dates = [name for name in ("valid_from", "test_from") if getattr(self, name) is not None]
        if len(dates) == 1:
            (other,) = {"valid_from", "test_from"} - set(dates)
            raise ValueError(f"{option(dates[0])} needs {option(other)} beside it: give both, or shares in their place")
        if dates and (shares := self.given(*SHARES)):
            raise ValueError(
                f"{option(dates[0])} and {option(dates[1])} say where the log is cut, and {', '.join(shares)} where else: leave "
                "one of the two out"
            )
        if self.split != "time" and (others := self.given(*SHARES, *dates)):
            raise ValueError(
                f"--split {self.split} takes each user's last two interactions, and {', '.join(others)} cuts in time: leave one "
                "of the two out"
            )
        return self

    @model_validator(mode="after")
    def _order_ties_in_one_way(self) -> Self:
        if self.ties != "random" and self.given("tie_seed"):
            raise ValueError(
                f"--tie-seed draws the order of equal times, and --ties {self.ties} doesn't: add --ties random"
            )
        if self.ties != "log" and self.split_by == "rows":
            raise ValueError(
                f"--split-by rows cuts through equal times in the log's order, and --ties {self.ties} orders them otherwise: "
                "leave one of the two out"
            )
        return self

    def given(self, *names: str) -> list[str]:
        """Those of some options that were given, as they are written on the command line."""
        return [option(name) for name in names if name in self.model_fields_set]

    def on_card(
        self, *, of_own_files: bool = False, has_valid: bool = True
    ) -> dict[str, str | int | float | bool | None]:
        """What a dataset's card says: what decided on it, and nothing else.

        Args:
            of_own_files: Whether its parts came as files.
            has_valid: Whether validation was among them.
        """
        values = self.model_dump()
        unused = set()
        if of_own_files:
            unused = {*SHARES} - (set() if has_valid else {"valid_share"})
        elif self.split != "time" or self.valid_from is not None:
            unused = {*SHARES}
        defaults = type(self).model_fields
        unused |= {name for name in LATER if values[name] == defaults[name].default}
        shown = {name: value for name, value in values.items() if name not in unused}
        if self.ties == "random":
            shown["tie_seed"] = self.tie_seed
        return shown | ({"split": "files"} if of_own_files else {})


def option(name: str) -> str:
    """A field as an option of the command line.

    >>> option("valid_share"), option("session_gap_s"), option("repeats")
    ('--valid-share', '--session-gap', '--drop-repeats')
    """
    others = {"session_gap_s": "--session-gap", "repeats": "--drop-repeats"}
    return others.get(name, f"--{name.replace('_', '-')}")

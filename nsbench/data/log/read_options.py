"""How a log file is read: which columns, which of its rows are interactions, and which of them are explicit negatives."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from nsbench.data.log.columns.column import Columns
from nsbench.data.log.option_value import NO_TIME, TimeUnit


class ReadOptions(BaseModel):
    """How a log file is read, and which of its rows are taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    columns: Columns = Columns()
    events: tuple[str, ...] = ()
    """Which events are taken; empty: all but the negative ones."""
    min_rating: float | None = Field(default=None, allow_inf_nan=False)
    """Rows with a lower rating or none are left out."""
    time_unit: TimeUnit = "auto"
    skip_bad_rows: bool = False
    """Leave rows out that lack a user, an item or a time, or whose rating is not a number, rather than refuse the log."""
    negative_events: tuple[str, ...] = ()
    """Which events are explicit negatives: kept beside the log, and no interactions."""
    negative_max_rating: float | None = Field(default=None, allow_inf_nan=False)
    """Rows with a rating of at most this are explicit negatives."""

    @model_validator(mode="after")
    def _no_unit_without_times(self) -> "ReadOptions":
        if self.columns.time == NO_TIME and self.time_unit not in {"auto", "order"}:
            raise ValueError(
                f"--time-unit {self.time_unit} says what the numbers of the time column count, and --time-column {NO_TIME} that "
                "there is no such column: leave one of the two out"
            )
        return self

    @model_validator(mode="after")
    def _positive_or_negative(self) -> "ReadOptions":
        both = [event for event in self.events if event in self.negative_events]
        if both:
            raise ValueError(
                f"--events and --negative-events both name {', '.join(both)}: an event is an interaction or an explicit "
                "negative, so leave it out of one of the two"
            )
        least, most = self.min_rating, self.negative_max_rating
        if least is not None and most is not None and most >= least:
            raise ValueError(
                f"--negative-max-rating {most:g} and --min-rating {least:g} overlap: rows with a rating from {least:g} to "
                f"{most:g} would be interactions and explicit negatives; choose a --negative-max-rating below --min-rating"
            )
        return self

    @property
    def has_no_times(self) -> bool:
        """Whether there is no column of times."""
        return self.columns.time == NO_TIME

    @property
    def is_order(self) -> bool:
        """Whether nothing but the order of the rows is known of their times."""
        return self.time_unit == "order" or self.has_no_times

    @property
    def has_negatives(self) -> bool:
        """Whether some rows are explicit negatives."""
        return bool(self.negative_events) or self.negative_max_rating is not None

    @property
    def of_negatives(self) -> "ReadOptions":
        """How the rows are read that are explicit negatives, once they are apart from the others."""
        apart = {"events": (), "min_rating": None, "negative_events": (), "negative_max_rating": None}
        return self.model_copy(update=apart)

    def as_given(self) -> dict[str, str | int | float | bool | None]:
        """The options, columns apart, as a card holds them; those of explicit negatives only where they are used."""
        taken = self.model_dump(exclude={"columns", "negative_events", "negative_max_rating"})
        taken["events"] = ",".join(self.events) or None
        negative = {"negative_events": ",".join(self.negative_events), "negative_max_rating": self.negative_max_rating}
        return taken | {name: value for name, value in negative.items() if value not in ("", None)}

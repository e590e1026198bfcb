"""Divides a log's rows into interactions and explicit negatives, by their event or their rating."""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import polars as pl

from nsbench.data.log.columns.column import Columns
from nsbench.data.log.columns.rating import ACCEPTED, low_rating
from nsbench.data.log.formats.excerpt import excerpt, listing
from nsbench.data.log.formats.log import ROW, Log
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.log.row_check import values_at
from nsbench.errors import LogError
from nsbench.suggestion import did_you_mean

_EVENT, _RATING = "__event", "__rating"

MOST_EVENTS = 10
"""Events that a message names."""

logger = logging.getLogger(__name__)


@final
@dataclass(frozen=True)
class NegativeRule:
    """Which rows are explicit negatives.

    Attributes:
        columns: The log's columns of events and ratings, as far as they are asked for, by what they are called in frames.
        events: Negative events.
        max_rating: The highest rating that is negative; None: ratings don't decide.
    """

    columns: Mapping[str, str]
    events: tuple[str, ...]
    max_rating: float | None

    def is_negative(self, schema: pl.Schema) -> pl.Expr:
        """Whether a row is one, of a frame that has these columns."""
        found = pl.lit(value=False)
        if self.events:
            found |= event_text().is_in(list(self.events)).fill_null(value=False)
        if self.max_rating is not None:
            found |= low_rating(_RATING, schema[_RATING], self.max_rating)[0].fill_null(value=False)
        return found

    def has_bad_rating(self, schema: pl.Schema) -> pl.Expr:
        """Whether a row's rating is asked for and is not a number."""
        if self.max_rating is None:
            return pl.lit(value=False)
        return low_rating(_RATING, schema[_RATING], self.max_rating)[1]

    def is_interaction(self, schema: pl.Schema) -> pl.Expr:
        """Whether a row is neither one nor has a rating that is not a number."""
        return ~self.is_negative(schema) & ~self.has_bad_rating(schema)


@final
@dataclass(frozen=True)
class ChosenRows:
    """A log as if it held some of its rows only; these keep their numbers. What it says of itself is as of `Log`.

    Attributes:
        log: The whole log.
        rule: Which rows are explicit negatives.
        of_negatives: Whether those are held; else the interactions.
    """

    log: Log
    rule: NegativeRule
    of_negatives: bool

    @property
    def path(self) -> Path:
        """The whole log's."""
        return self.log.path

    @property
    def has_header(self) -> bool:
        """As the whole log."""
        return self.log.has_header

    @property
    def columns(self) -> tuple[str, ...]:
        """The whole log's."""
        return self.log.columns

    @property
    def header_is_line(self) -> bool:
        """As the whole log."""
        return self.log.header_is_line

    def frames(self, roles: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        """The rows that are held."""
        return (frame for _, frame in self.frames_by_file(roles))

    def frames_by_file(self, roles: Mapping[str, str]) -> Iterator[tuple[int, pl.DataFrame]]:
        """The rows that are held, of each file of the log."""
        held = self.rule.is_negative if self.of_negatives else self.rule.is_interaction
        for number, frame in self.log.frames_by_file({**roles, **self.rule.columns}):
            rows = frame.filter(held(frame.schema))
            if len(rows):
                yield number, rows.drop(self.rule.columns)

    def head(self, roles: Mapping[str, str], n_rows: int) -> pl.DataFrame:
        """The first rows that are held."""
        for frame in self.frames(roles):
            return frame.head(n_rows)
        raise LogError(f"{self.path} holds no such row.")

    def with_quoting(self) -> "ChosenRows":
        """With quotes read as the whole log's lines ask for."""
        return replace(self, log=self.log.with_quoting())

    def line_of(self, row: int) -> str:
        """Where a row stands in the whole log."""
        return self.log.line_of(row)


def event_text() -> pl.Expr:
    """The event of a row as its name is given."""
    return pl.col(_EVENT).cast(pl.String).str.strip_chars()


def divided(log: Log, columns: Columns, options: ReadOptions) -> tuple[Log, Log]:
    """The log as if it held its interactions only, and as if it held its explicit negatives only.

    Both keep the numbers of the file's rows.

    Args:
        log: The log.
        columns: Its columns; those of events and ratings are there as far as they are asked for.
        options: Which rows are negatives.

    Raises:
        LogError: An event is in no row, no row has so low a rating, a rating is no number, or no interaction is left.
    """
    named = ((_EVENT, columns.event, options.negative_events), (_RATING, columns.rating, options.negative_max_rating))
    roles = {role: str(name) for role, name, asked in named if asked not in ((), None)}
    rule = NegativeRule(roles, options.negative_events, options.negative_max_rating)
    _check(log, rule, skip=options.skip_bad_rows)
    return ChosenRows(log, rule, of_negatives=False), ChosenRows(log, rule, of_negatives=True)


@dataclass
class _Found:
    """What a pass over a log's events and ratings counts."""

    events: Counter[str]
    n_rows: int = 0
    n_negative: int = 0
    n_bad: int = 0
    n_low: int = 0
    first_bad: int | None = None


def _check(log: Log, rule: NegativeRule, *, skip: bool) -> None:
    found = _counted(log, rule)
    missing = next((event for event in rule.events if not found.events[event]), None)
    if missing is not None:
        common = found.events.most_common(MOST_EVENTS)
        held = ", ".join(f"{excerpt(event)} ({count:,} rows)" for event, count in common)
        more = f" and {len(found.events) - len(common):,} others" if len(found.events) > len(common) else ""
        raise LogError(
            f"--negative-events: no row of {log.path} has the event {missing!r}{did_you_mean(missing, found.events)}: column "
            f"{rule.columns[_EVENT]!r} holds {held or 'nothing'}{more}. Name events of these, or leave the option out."
        )
    column = rule.columns.get(_RATING)
    if found.n_bad and not skip:
        value = excerpt(values_at(log, [str(column)], int(found.first_bad or 0))[0])
        raise LogError(
            f"{log.path}, {log.line_of(int(found.first_bad or 0))}: the rating {column}={value} is not a number; {found.n_bad:,} "
            f"rows have such a one: {ACCEPTED}. Correct them, or leave them out with --skip-bad-rows."
        )
    if rule.max_rating is not None and not found.n_low:
        raise LogError(
            f"--negative-max-rating: no row of {log.path} has a rating of at most {rule.max_rating:g} in {column!r}. Use a "
            "higher one, or leave the option out."
        )
    if found.n_negative + found.n_bad == found.n_rows:
        what = listing(rule.events) if rule.events else f"ratings of at most {rule.max_rating:g}"
        raise LogError(
            f"All {found.n_rows:,} rows of {log.path} are explicit negatives ({what}), and none is an interaction: name fewer "
            "events with --negative-events, or a lower --negative-max-rating."
        )
    if found.n_bad:
        logger.warning("%s: left out %s rows whose rating is not a number", log.path, f"{found.n_bad:,}")


def _counted(log: Log, rule: NegativeRule) -> _Found:
    found = _Found(Counter())
    for frame in log.frames(rule.columns):
        negative, bad = rule.is_negative(frame.schema), rule.has_bad_rating(frame.schema)
        found.n_rows += len(frame)
        found.n_negative += frame.filter(negative).height
        if rule.events:
            found.events.update(dict(frame.select(event_text().drop_nulls().value_counts()).unnest(_EVENT).iter_rows()))
        if rule.max_rating is not None:
            found.n_low += frame.filter(low_rating(_RATING, frame.schema[_RATING], rule.max_rating)[0]).height
            rows = frame.filter(bad)[ROW]
            found.n_bad += len(rows)
            if len(rows) and found.first_bad is None:
                found.first_bad = int(rows[0])
    return found

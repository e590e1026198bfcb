"""Which column of a log holds the users, the items, the times, the events and the ratings.

Named by the caller, or recognised by the names that public logs use. Without a header the place is taken by what stands
there: see `nsbench.data.log.columns.column_place`.
"""

import logging
import re
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from nsbench.data.log.columns.column_form import read_sample, time_form
from nsbench.data.log.columns.column_name import (
    EVENT_NAMES,
    ITEM_NAMES,
    RATING_NAMES,
    TIME_NAMES,
    USER_NAMES,
    plain_name,
)
from nsbench.data.log.columns.column_place import find_places
from nsbench.data.log.formats.excerpt import excerpt, listing
from nsbench.data.log.formats.log import ROW, Log
from nsbench.data.log.option_value import NO_TIME
from nsbench.errors import LogError
from nsbench.suggestion import did_you_mean

WITHOUT_TIME = f" If the log has no times and its rows stand in order of time, say --time-column {NO_TIME}."
_COUNTS = {2: "two", 3: "three"}

logger = logging.getLogger(__name__)


class Columns(BaseModel):
    """The columns of a log by role; None where the log has none, or where it is to be recognised."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    user: str | None = None
    item: str | None = None
    time: str | None = None
    """To be read, also NO_TIME: the log has none."""
    event: str | None = None
    rating: str | None = None


def find_columns(log: Log, wanted: Columns) -> Columns:
    """Completes the columns that the caller named with those that are recognised.

    Args:
        log: The recognised log.
        wanted: What the caller named: a column by its name or, where none is called so, by its place: "1", "2", ...

    Returns:
        Columns with user, item and time present in the log, time None where it is wanted as NO_TIME; event and rating where
        there are any.

    Raises:
        LogError: A named column isn't there, or user, item or time isn't recognised.
    """
    has_time = wanted.time != NO_TIME
    named = {
        role: _named_column(log, role, name)
        for role, name in wanted
        if name is not None and (has_time or role != "time")
    }
    places = {} if log.has_header else find_places(log, named, has_time=has_time)
    found = _by_header(log, wanted.time) if log.has_header else Columns(**places)
    merged = found.model_copy(update=named)
    if not has_time:
        _say_unread(log, merged.time)
        merged = merged.model_copy(update={"time": None})
    roles = ("user", "item", "time") if has_time else ("user", "item")
    for role in roles:
        if getattr(merged, role) is None:
            raise LogError(
                f"No column of {log.path} is recognised as the {role}: there are {listing(log.columns)}. "
                f"Name it with --{role}-column{_without_header(log)}.{WITHOUT_TIME if role == 'time' else ''}"
                f"{_sequences(log) or _first_line_taken(log)}"
            )
    chosen = [getattr(merged, role) for role in roles]
    if len(set(chosen)) < len(roles):
        raise LogError(
            f"Of {log.path}, {', '.join(roles[:-1])} and {roles[-1]} must be {_COUNTS[len(roles)]} columns; received "
            f"{listing(chosen)}. There are {listing(log.columns)}."
        )
    return merged


def _named_column(log: Log, role: str, name: str) -> str:
    """A column by its name; by its place from 1 where none is called so."""
    if name in log.columns:
        return name
    place = int(name) if re.fullmatch(r"[0-9]{1,6}", name) else 0
    if not 1 <= place <= len(log.columns):
        raise LogError(_missing(log, role, name))
    return log.columns[place - 1]


def _say_unread(log: Log, recognised: str | None) -> None:
    """Warns of a column that could have been meant where the log is said to have no times."""
    if NO_TIME in log.columns:
        place = log.columns.index(NO_TIME) + 1
        logger.warning(
            "%s has a column called %r, and --time-column %s means that there is no column of times; to read that one, say "
            "--time-column %d",
            log.path,
            NO_TIME,
            NO_TIME,
            place,
        )
    elif recognised is not None:
        logger.warning(
            "%s has a column %s that is called like times; with --time-column %s it isn't read, and the order of the rows counts",
            log.path,
            excerpt(recognised),
            NO_TIME,
        )


def _by_header(log: Log, wanted_time: str | None) -> Columns:
    """By name, but of several columns of times one that tells more than the day, where the preferred one doesn't."""
    found = _by_name(log.columns)
    names = _named(log.columns)
    candidates = [names[name] for name in TIME_NAMES if name in names]
    if wanted_time is not None or len(candidates) < 2:
        return found
    sample = read_sample(log, candidates)
    forms = {name: time_form(sample[name]) for name in candidates}
    finer = (name for name, form in forms.items() if form is not None and not form.is_days)
    return found.model_copy(update={"time": next(finer, found.time)})


def _by_name(columns: Sequence[str]) -> Columns:
    """Recognises names as `user_id`, `SessionId` or RecBole's `item_id:token`.

    >>> _by_name(["visitorid", "itemid", "timestamp", "event"]).user
    'visitorid'
    """
    names = _named(columns)

    def first(known: Sequence[str]) -> str | None:
        return next((names[name] for name in known if name in names), None)

    return Columns(
        user=first(USER_NAMES),
        item=first(ITEM_NAMES),
        time=first(TIME_NAMES),
        event=first(EVENT_NAMES),
        rating=first(RATING_NAMES),
    )


def _named(columns: Sequence[str]) -> dict[str, str]:
    """The columns by their plain names; of equal ones the first."""
    return {plain_name(name): name for name in reversed(columns)}


def _missing(log: Log, role: str, name: str) -> str:
    place = "" if log.has_header else " (it has no header: columns are named by their place)"
    return (
        f"{log.path} has no column {excerpt(name)}{did_you_mean(name, log.columns)} for the {role}{place}: "
        f"there are {listing(log.columns)}."
        f"{WITHOUT_TIME if role == 'time' else ''}"
    )


def _sequences(log: Log) -> str:
    """That the rows may be histories, for messages; RecBole's names say so."""
    found = next((name for name in log.columns if name.endswith("_seq")), None)
    return (
        ""
        if found is None
        else f" {excerpt(found)} holds sequences: give rows of one interaction each, as before they were joined."
    )


def _first_line_taken(log: Log) -> str:
    """That the names may be a row's fields, for messages."""
    if not log.header_is_line:
        return ""
    return (
        " These stand in the first line, which is taken for a header, since no number or date stands in it: "
        "if it is a row, correct it or put a header above it; if it is a comment, take it out."
    )


def _without_header(log: Log) -> str:
    """What stands in the first row of a log without a header, for messages."""
    if log.has_header:
        return ""
    first = log.head({str(place): name for place, name in enumerate(log.columns)}, 1).drop(ROW)
    held = f"; the first row holds {listing(first.row(0))}" if len(first) else ""
    return f" by its place from 1: without a header it can't be told{held}"

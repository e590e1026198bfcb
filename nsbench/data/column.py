"""Which column of a log holds the users, the items, the times, the events and the ratings.

Named by the caller, or recognised by the names that public logs use. Without a header the place is taken by what stands
there: see `nsbench.data.column_place`.
"""

import difflib
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from nsbench.data.column_form import read_sample, time_form
from nsbench.data.column_name import EVENT_NAMES, ITEM_NAMES, RATING_NAMES, TIME_NAMES, USER_NAMES, plain_name
from nsbench.data.column_place import find_places
from nsbench.data.excerpt import excerpt, listing
from nsbench.data.source import ROW, LogFormat, LogSource
from nsbench.errors import LogError


class Columns(BaseModel):
    """The columns of a log by role; None where the log has none, or where it is to be recognised."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    user: str | None = None
    item: str | None = None
    time: str | None = None
    event: str | None = None
    rating: str | None = None


def find_columns(source: LogSource, wanted: Columns) -> Columns:
    """Completes the columns that the caller named with those that are recognised.

    Args:
        source: The recognised log.
        wanted: What the caller named; columns of a log without a header are named by their place: "1", "2", ...

    Returns:
        Columns with user, item and time present in the log; event and rating where there are any.

    Raises:
        LogError: A named column isn't there, or user, item or time isn't recognised.
    """
    for role, name in wanted:
        if name is not None and name not in source.columns:
            raise LogError(_missing(source, role, name))
    named = {role: name for role, name in wanted if name is not None}
    found = _by_header(source, wanted.time) if source.has_header else Columns(**find_places(source, named))
    merged = found.model_copy(update=named)
    for role in ("user", "item", "time"):
        if getattr(merged, role) is None:
            raise LogError(
                f"No column of {source.path} is recognised as the {role}: there are {listing(source.columns)}. "
                f"Name it with --{role}-column{_without_header(source)}.{_first_line_taken(source)}"
            )
    if len({merged.user, merged.item, merged.time}) < 3:
        raise LogError(
            f"Of {source.path}, user, item and time must be three columns; received "
            f"{listing((merged.user, merged.item, merged.time))}. There are {listing(source.columns)}."
        )
    return merged


def _by_header(source: LogSource, wanted_time: str | None) -> Columns:
    """By name, but of several columns of times one that tells more than the day, where the preferred one doesn't."""
    found = _by_name(source.columns)
    names = _named(source.columns)
    candidates = [names[name] for name in TIME_NAMES if name in names]
    if wanted_time is not None or len(candidates) < 2:
        return found
    sample = read_sample(source, candidates)
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


def _missing(source: LogSource, role: str, name: str) -> str:
    close = difflib.get_close_matches(name, source.columns, n=1)
    hint = f" Did you mean {excerpt(close[0])}?" if close else ""
    place = "" if source.has_header else " (it has no header: columns are named by their place)"
    return (
        f"{source.path} has no column {excerpt(name)} for the {role}{place}: there are {listing(source.columns)}.{hint}"
    )


def _first_line_taken(source: LogSource) -> str:
    """That the names may be a row's fields, for messages."""
    if not source.has_header or source.format not in {LogFormat.SEPARATED, LogFormat.DOUBLE_COLON}:
        return ""
    return (
        " These stand in the first line, which is taken for a header, since no number or date stands in it: "
        "if it is a row, correct it or put a header above it; if it is a comment, take it out."
    )


def _without_header(source: LogSource) -> str:
    """What stands in the first row of a log without a header, for messages."""
    if source.has_header:
        return ""
    first = source.head({str(place): name for place, name in enumerate(source.columns)}, 1).drop(ROW)
    held = f"; the first row holds {listing(first.row(0))}" if len(first) else ""
    return f" by its place from 1: without a header it can't be told{held}"

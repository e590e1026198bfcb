"""Which column of a log holds the users, the items, the times, the events and the ratings.

Named by the caller, or recognised: by the names that public logs use, or, without a header, by the usual order.
"""

import difflib
import re
from collections.abc import Sequence

import polars as pl
from pydantic import BaseModel, ConfigDict

from nsbench.data.source import LogSource
from nsbench.errors import LogError

USER_NAMES = (
    "userid",
    "user",
    "uid",
    "visitorid",
    "visitor",
    "customerid",
    "customer",
    "reviewerid",
    "useridx",
    "useridentifier",
    "sessionid",
    "session",
)
ITEM_NAMES = (
    "itemid",
    "item",
    "iid",
    "movieid",
    "productid",
    "product",
    "parentasin",
    "asin",
    "articleid",
    "aid",
    "trackid",
    "songid",
    "sku",
)
TIME_NAMES = (
    "timestamp",
    "time",
    "ts",
    "unixtimestamp",
    "unixreviewtime",
    "unixtime",
    "eventtime",
    "datetime",
    "date",
    "createdat",
)
EVENT_NAMES = ("event", "eventtype", "type", "behavior", "behaviour", "behaviortype", "action")
RATING_NAMES = ("rating", "overall", "score", "stars")
"""Names by falling preference, in small letters without anything but letters and digits."""

LARGEST_RATING = 1000.0
"""A column without a header whose values all lie below this is taken for a rating, never for a time."""


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
    found = _by_name(source.columns) if source.has_header else _by_place(source)
    merged = found.model_copy(update={role: name for role, name in wanted if name is not None})
    for role in ("user", "item", "time"):
        if getattr(merged, role) is None:
            raise LogError(
                f"No column of {source.path} is recognised as the {role}: there are {_list(source.columns)}. "
                f"Name it with --{role}-column."
            )
    if len({merged.user, merged.item, merged.time}) < 3:
        raise LogError(
            f"Of {source.path}, user, item and time must be three columns; received {merged.user}, {merged.item} and "
            f"{merged.time}. There are {_list(source.columns)}."
        )
    return merged


def _by_name(columns: Sequence[str]) -> Columns:
    """Recognises names as `user_id`, `SessionId` or RecBole's `item_id:token`.

    >>> _by_name(["visitorid", "itemid", "timestamp", "event"]).user
    'visitorid'
    """
    plain = {re.sub(r"[^a-z0-9]", "", name.split(":")[0].lower()): name for name in reversed(columns)}

    def first(names: Sequence[str]) -> str | None:
        return next((plain[name] for name in names if name in plain), None)

    return Columns(
        user=first(USER_NAMES),
        item=first(ITEM_NAMES),
        time=first(TIME_NAMES),
        event=first(EVENT_NAMES),
        rating=first(RATING_NAMES),
    )


def _by_place(source: LogSource) -> Columns:
    """The usual order: user, item, time, or user, item, rating, time as MovieLens and Amazon write it."""
    if len(source.columns) == 3:
        return Columns(user="1", item="2", time=None if _is_rating(source, "3") else "3")
    if len(source.columns) == 4 and _is_rating(source, "3") and not _is_rating(source, "4"):
        return Columns(user="1", item="2", rating="3", time="4")
    return Columns()


def _is_rating(source: LogSource, column: str) -> bool:
    values = source.head({"value": column}, 100)["value"]
    numbers = values.drop_nulls().str.strip_chars().cast(pl.Float64, strict=False)
    return bool((numbers.abs() < LARGEST_RATING).all(ignore_nulls=False))


def _missing(source: LogSource, role: str, name: str) -> str:
    close = difflib.get_close_matches(name, source.columns, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    place = "" if source.has_header else " (it has no header: columns are named by their place)"
    return f"{source.path} has no column {name!r} for the {role}{place}: there are {_list(source.columns)}.{hint}"


def _list(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)

"""The names that public logs give to the columns of users, items, times, events and ratings."""

import re

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
    "createdat",
    "timems",
    "timestampms",
    "unixtimems",
    "date",
)
EVENT_NAMES = ("event", "eventtype", "type", "behavior", "behaviour", "behaviortype", "action")
RATING_NAMES = ("rating", "overall", "score", "stars")
"""Names by falling preference, in small letters without anything but letters and digits."""


def plain_name(name: str) -> str:
    """A column's name in small letters and digits alone, without the type that RecBole puts after it.

    >>> plain_name("item_id:token"), plain_name("SessionId")
    ('itemid', 'sessionid')
    """
    return re.sub(r"[^a-z0-9]", "", name.split(":", maxsplit=1)[0].lower())


def are_names(fields: list[str], *, has_time: bool = True) -> bool:
    """Whether fields name a user, an item and a time: then they are a header, whatever else stands among them.

    Args:
        fields: Of the first line.
        has_time: Whether there is a column of times; without, a user and an item are enough.

    >>> are_names(["user", "item", "time", "0"]), are_names(["user", "item", "5.0", "1369699200"])
    (True, False)
    """
    plain = set(map(plain_name, fields))
    return all(not plain.isdisjoint(names) for names in (USER_NAMES, ITEM_NAMES, *((TIME_NAMES,) if has_time else ())))

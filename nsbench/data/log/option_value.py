"""The closed choices of preparing a log, apart from what they need, so that the command line can list them at no cost."""

from typing import Literal

TimeUnit = Literal["auto", "seconds", "milliseconds", "microseconds", "nanoseconds", "minutes", "order"]
"""What a number in the time column counts; auto: by its size; order: nothing, it only says what comes before what."""

TimeUnitWord = Literal[
    "auto", "s", "ms", "us", "ns", "min", "order", "seconds", "milliseconds", "microseconds", "nanoseconds", "minutes"
]
"""How a time unit may be written."""

TIME_UNITS: dict[TimeUnitWord, TimeUnit] = {
    "auto": "auto",
    "order": "order",
    "s": "seconds",
    "ms": "milliseconds",
    "us": "microseconds",
    "ns": "nanoseconds",
    "min": "minutes",
    "seconds": "seconds",
    "milliseconds": "milliseconds",
    "microseconds": "microseconds",
    "nanoseconds": "nanoseconds",
    "minutes": "minutes",
}

NO_TIME = "none"
"""Said for the time column of a log that has none: the order of its rows is the order of time."""

FIRST_SEEN = "first-seen"
"""Said in place of a file of items' dates: an item is available from its first interaction on."""

Repeats = Literal["keep", "drop", "drop-immediate"]
"""What happens to a user's further interactions with an item: all stay; only the first stays; those right after one with
the same item go, so that A A B A becomes A B A."""

Duplicates = Literal["auto", "drop", "keep"]
"""What happens to rows with the user, item and time of an earlier row that the choice about repeats leaves; auto: kept
with a warning below 1 % of the rows, refused above, since such a log was most likely joined to itself."""

SplitRule = Literal["timestamp", "rows"]
"""timestamp: interactions of one second stay together, at the cut nearest to the wanted share; rows: exactly the wanted
number of interactions, rounded up, in (time, row) order, as the paper's code cuts."""

SplitKind = Literal["time", "leave-one-out"]
"""time: globally in time; leave-one-out: each user's last interaction is test and the one before it validation."""

PartName = Literal["train", "valid", "test"]
"""What a file of a log is, that came cut into parts."""

TieOrder = Literal["log", "random", "by-user-order"]
"""In which order a user's interactions of one time stand. log: that of the log's rows; random: drawn with a seed; by-user-order:
the direction in which the user's rows stand, so that where a log has the newest first, equal times are read backwards too."""

SeenItemsRule = Literal["auto", "exclude", "keep"]
"""Whether items of the user's history leave the ranking; auto: as `seen_items_by` decides."""

SEEN_ITEMS_REPEAT_SHARE = 0.01
"""Share of the interactions that repeat an item from which seen items stay in the ranking."""


def seen_items_by(rule: SeenItemsRule, repeat_share: float) -> Literal["exclude", "keep"]:
    """Whether items of the user's history leave the ranking of a log.

    Args:
        rule: What was asked for.
        repeat_share: Share of the interactions whose user had the item before.

    >>> seen_items_by("auto", 0.009), seen_items_by("auto", 0.01), seen_items_by("exclude", 0.5)
    ('exclude', 'keep', 'exclude')
    """
    if rule == "auto":
        return "exclude" if repeat_share < SEEN_ITEMS_REPEAT_SHARE else "keep"
    return rule

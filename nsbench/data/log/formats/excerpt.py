"""What a message quotes of a log: short, whatever the log holds, and with control codes spelled out."""

from collections.abc import Iterable

LONGEST_VALUE = 60
LONGEST_LIST = 180


def excerpt(value: object) -> str:
    """A value as Python would write it, cut after LONGEST_VALUE characters.

    >>> excerpt("bob")
    "'bob'"
    """
    written = repr(value)
    return written if len(written) <= LONGEST_VALUE else f"{written[:LONGEST_VALUE]}..."


def listing(values: Iterable[object]) -> str:
    """Values between commas; of a long list the first ones, and how many there are more.

    >>> listing(["user", "item"])
    "'user', 'item'"
    """
    written = [excerpt(value) for value in values]
    shown = 0
    length = 0
    while shown < len(written) and (not shown or length + len(written[shown]) <= LONGEST_LIST):
        length += len(written[shown]) + 2
        shown += 1
    more = len(written) - shown
    return ", ".join(written[:shown]) + (f" and {more:,} more" if more else "")

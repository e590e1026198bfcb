"""What a message adds to a name that isn't known: the known one that was probably meant."""

import difflib
from collections.abc import Iterable, Mapping


def did_you_mean(name: str, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """The closest known name, to be put right after the unknown one; empty where none is close.

    Args:
        name: What was asked for.
        known: What there is.
        aliases: What others call a known name, in lower case; goes before likeness.

    >>> did_you_mean("mxied", ["random", "mixed"]), did_you_mean("lr", ["learning_rate"], {"lr": "learning_rate"})
    (" (did you mean 'mixed'?)", " (did you mean 'learning_rate'?)")
    >>> did_you_mean("bert", ["random", "mixed"])
    ''
    """
    names = list(known)
    alias = (aliases or {}).get(name.lower())
    close = [alias] if alias in names else difflib.get_close_matches(name, names, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""

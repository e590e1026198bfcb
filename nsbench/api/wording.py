"""Errors in Python's words: messages are written for the command line, where an argument is an option."""

import functools
import re
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from nsbench.errors import NsbenchError

P = ParamSpec("P")
R = TypeVar("R")

_WORDS = re.compile(r"(?P<command>`[^`]*`|nsbench [a-z]+ .*)|(?<![\w-])--(?P<option>[a-z][a-z-]*)")
_ARGUMENTS = {
    "set": "settings",
    "engine": "engine",
    "drop-repeats": 'repeats="drop"',
    "keep-repeats": 'repeats="keep"',
    "drop-immediate-repeats": 'repeats="drop-immediate"',
}


def in_python(message: str) -> str:
    """A message with options as arguments; commands to type stay as they are.

    >>> in_python("Name it with --user-column, or run `nsbench tune --sampler mixed`; replace it with --replace")
    'Name it with user_column, or run `nsbench tune --sampler mixed`; replace it with replace'
    """
    return _WORDS.sub(
        lambda match: (
            match["command"] or _ARGUMENTS.get(match["option"]) or match["option"].rstrip("-").replace("-", "_")
        ),
        message,
    )


def worded(function: Callable[P, R]) -> Callable[P, R]:
    """The function, whose errors name its arguments and not the command line's options."""

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except NsbenchError as error:
            error.args = (in_python(str(error)), *error.args[1:])
            raise

    return call

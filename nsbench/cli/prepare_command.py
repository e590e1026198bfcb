"""The command that prepares a dataset as another machine has it, from what its card says of its origin."""

import re
import shlex
from collections.abc import Mapping

from nsbench.cli.program import program

Options = Mapping[str, str | int | float | bool | None]

_SYNTHETIC = re.compile(
    r"synthetic like (?P<like>\S+): (?P<users>\d+) users, (?P<items>\d+) items, (?P<interactions>\d+) interactions, "
    r"skew (?P<skew>\S+), seed (?P<seed>\d+)"
)
_FLAGS = {
    "user_column": "--user-column",
    "item_column": "--item-column",
    "time_column": "--time-column",
    "event_column": "--event-column",
    "rating_column": "--rating-column",
    "events": "--events",
    "min_rating": "--min-rating",
    "time_unit": "--time-unit",
    "session_gap_s": "--session-gap",
    "duplicates": "--duplicates",
    "min_user_interactions": "--min-user-interactions",
    "min_item_interactions": "--min-item-interactions",
    "split_by": "--split-by",
    "valid_share": "--valid-share",
    "test_share": "--test-share",
    "seen_items": "--seen-items",
}
_SWITCHES = {
    ("skip_bad_rows", True): "--skip-bad-rows",
    ("repeats", "drop"): "--drop-repeats",
    ("repeats", "drop-immediate"): "--drop-immediate-repeats",
}


def prepare_command(name: str, source: str, options: Options) -> str:
    """What to type to prepare a dataset of the same content.

    Args:
        name: The dataset's name.
        source: The card's source: the log's file name, or the synthetic generator's settings.
        options: The card's options.

    >>> print(prepare_command("tiny", "synthetic like demo: 20 users, 10 items, 90 interactions, skew 1, seed 3", {}))
    nsbench data synthetic --name tiny --like demo --users 20 --items 10 --interactions 90 --skew 1 --seed 3
    >>> print(prepare_command("mine", "log.csv", {"user_column": "who", "min_rating": None, "repeats": "drop"}))
    nsbench data prepare log.csv --name mine --user-column who --drop-repeats
    """
    synthetic = _SYNTHETIC.fullmatch(source)
    if synthetic:
        words = ["data", "synthetic", "--name", name]
        words += [word for field, value in synthetic.groupdict().items() for word in (f"--{field}", value)]
    else:
        words = ["data", "prepare", source, "--name", name]
        for field, value in options.items():
            if field in _FLAGS and value is not None:
                words += [_FLAGS[field], str(value)]
            switch = _SWITCHES.get((field, value))
            if switch is not None:
                words.append(switch)
    return f"{program()} {shlex.join(words)}"

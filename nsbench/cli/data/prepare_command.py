"""The command that prepares a dataset as another machine has it, from what its card says of its origin."""

import shlex
from collections.abc import Mapping

from nsbench.cli.program import program
from nsbench.data.origin import Origin, SyntheticOrigin

Options = Mapping[str, str | int | float | bool | None]

_FLAGS = {
    "user_column": "--user-column",
    "item_column": "--item-column",
    "time_column": "--time-column",
    "event_column": "--event-column",
    "rating_column": "--rating-column",
    "events": "--events",
    "min_rating": "--min-rating",
    "negative_events": "--negative-events",
    "negative_max_rating": "--negative-max-rating",
    "time_unit": "--time-unit",
    "session_gap_s": "--session-gap",
    "duplicates": "--duplicates",
    "min_user_interactions": "--min-user-interactions",
    "min_item_interactions": "--min-item-interactions",
    "split_by": "--split-by",
    "valid_share": "--valid-share",
    "test_share": "--test-share",
    "seen_items": "--seen-items",
    "available": "--available",
}
_SWITCHES = {
    ("skip_bad_rows", True): "--skip-bad-rows",
    ("repeats", "drop"): "--drop-repeats",
    ("repeats", "drop-immediate"): "--drop-immediate-repeats",
}


def prepare_command(name: str, origin: Origin, options: Options) -> str:
    """What to type to prepare a dataset of the same content.

    Args:
        name: The dataset's name.
        origin: The card's origin.
        options: The card's options.

    >>> from nsbench.data.origin import LogOrigin
    >>> tiny = SyntheticOrigin(like="demo", n_users=20, n_items=10, n_interactions=90, skew=1, seed=3)
    >>> print(prepare_command("tiny", tiny, {}))
    nsbench data synthetic --name tiny --like demo --users 20 --items 10 --interactions 90 --skew 1 --seed 3
    >>> options = {"user_column": "who", "min_rating": None, "repeats": "drop"}
    >>> print(prepare_command("mine", LogOrigin(file="log.csv"), options))
    nsbench data prepare log.csv --name mine --user-column who --drop-repeats
    """
    if isinstance(origin, SyntheticOrigin):
        words = ["data", "synthetic", "--name", name, "--like", origin.like]
        words += ["--users", str(origin.n_users), "--items", str(origin.n_items)]
        words += [
            "--interactions",
            str(origin.n_interactions),
            "--skew",
            f"{origin.skew:g}",
            "--seed",
            str(origin.seed),
        ]
    else:
        words = ["data", "prepare", origin.text, "--name", name]
        for field, value in options.items():
            if field in _FLAGS and value is not None:
                words += [_FLAGS[field], str(value)]
            switch = _SWITCHES.get((field, value))
            if switch is not None:
                words.append(switch)
    return f"{program()} {shlex.join(words)}"

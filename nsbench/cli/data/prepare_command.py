"""The command that prepares a dataset as another machine has it, from what its card says of its origin."""

import shlex
from collections.abc import Mapping

from nsbench.cli.program import program
from nsbench.data.origin import FilesOrigin, Origin, PartsOrigin, SyntheticOrigin

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
    "valid_from": "--valid-from",
    "test_from": "--test-from",
    "ties": "--ties",
    "tie_seed": "--tie-seed",
    "available": "--available",
}
_SWITCHES = {
    ("skip_bad_rows", True): "--skip-bad-rows",
    ("repeats", "drop"): "--drop-repeats",
    ("repeats", "drop-immediate"): "--drop-immediate-repeats",
    ("split", "leave-one-out"): "--split leave-one-out",
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
    >>> biased = tiny.model_copy(update={"popularity_bias": 0.5})
    >>> print(prepare_command("tiny", biased, {}).partition("--seed ")[2])
    3 --popularity-bias 0.5
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
        if origin.popularity_bias is not None:
            words += ["--popularity-bias", f"{origin.popularity_bias:g}"]
    else:
        words = ["data", "prepare", *_log_words(origin), "--name", name]
        for field, value in options.items():
            if field in _FLAGS and value is not None:
                words += [_FLAGS[field], str(value)]
            switch = _SWITCHES.get((field, value))
            if switch is not None:
                words += switch.split()
    return f"{program()} {shlex.join(words)}"


def _log_words(origin: Origin) -> list[str]:
    """The log as it is named on the command line."""
    match origin:
        case FilesOrigin():
            return list(origin.files)
        case PartsOrigin():
            return [word for part, name in origin.parts.items() for word in (f"--{part}", name)]
    return [origin.text]

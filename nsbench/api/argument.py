"""Arguments that several calls take, checked before anything is opened or made."""

from collections.abc import Sequence
from numbers import Integral
from typing import get_args

from nsbench.errors import SettingsError
from nsbench.suggestion import did_you_mean
from nsbench.terms import KeepModels

Samplers = str | Sequence[str]
"""One sampler or method by name, or several."""


def names_of(sampler: Samplers) -> list[str]:
    """The names of samplers, one or several.

    Raises:
        SettingsError: There is none.

    >>> names_of("mixed"), names_of(["random", "mixed"])
    (['mixed'], ['random', 'mixed'])
    """
    names = [sampler] if isinstance(sampler, str) else list(sampler)
    if not names:
        raise SettingsError("no sampler is given; name one, such as 'random', or several in a list")
    return names


def check_keep_models(keep_models: str) -> None:
    """Checks whose models are to be kept.

    Raises:
        SettingsError: There is no such choice.
    """
    if keep_models not in get_args(KeepModels):
        accepted = get_args(KeepModels)
        raise SettingsError(
            f"keep_models = {keep_models!r}{did_you_mean(str(keep_models), accepted)}: accepted are {', '.join(accepted)}"
        )


def check_least(least: int, **numbers: float | None) -> None:
    """Checks that numbers are not too small; None stands for a default.

    Raises:
        SettingsError: One is.

    >>> check_least(1, trials=20, epochs=None)
    """
    for name, number in numbers.items():
        if number is not None and number < least:
            raise SettingsError(f"{name} = {number}: accepted are {least} or more")


def check_top(top: object) -> None:
    """Checks how many items a list has.

    Raises:
        SettingsError: It is no whole number from 1 on.

    >>> check_top(10)
    """
    if not isinstance(top, Integral) or top < 1:
        raise SettingsError(f"top = {top!r}: accepted are whole numbers from 1 on")

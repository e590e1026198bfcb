"""Search ranges that a settings field carries in its annotation; the study turns them into an Optuna space.

`learning_rate: Annotated[float, Field(gt=0), FloatRange(1e-4, 1e-2, log=True)] = 1e-3` holds bound, default and range in
one place; nothing here knows Optuna.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class IntRange:
    """Whole numbers from `low` to `high`, both included; `log` searches by factors rather than by steps."""

    low: int
    high: int
    log: bool = False

    def __str__(self) -> str:
        return _range_text(self.low, self.high, self.log)


@dataclass(frozen=True)
class FloatRange:
    """Numbers from `low` to `high`; `log` searches by factors rather than by steps."""

    low: float
    high: float
    log: bool = False

    def __str__(self) -> str:
        return _range_text(self.low, self.high, self.log)


@dataclass(frozen=True)
class Choices:
    """A closed list of values."""

    values: tuple[int | float | str | bool, ...]

    def __str__(self) -> str:
        return ", ".join(map(str, self.values))


def _range_text(low: float, high: float, log: bool) -> str:
    return f"{low:g} to {high:g}" + (" (log)" if log else "")


SearchRange = IntRange | FloatRange | Choices


def range_in(metadata: Iterable[object]) -> SearchRange | None:
    """The search range among what a settings field carries; None where it isn't searched by default."""
    return next((part for part in metadata if isinstance(part, IntRange | FloatRange | Choices)), None)

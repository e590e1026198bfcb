"""Settings that came after the first runs, and what was in force before there was a choice.

A run recorded by an older version doesn't say such a setting. It is the same as one that says the old value today, and goes on as
that; so a default may change without old runs passing for new ones.

Free of torch and mlflow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel


@dataclass(frozen=True)
class Formerly:
    """Marks a field that did not exist in the first version of its settings.

    Attributes:
        value: What everything was computed with before it did.
    """

    value: str | int | float | bool


def former_values(*settings: type[BaseModel]) -> Mapping[str, str | int | float | bool]:
    """The old values by field, of the fields of some settings classes that are marked."""
    return {
        name: mark.value
        for section in settings
        for name, field in section.model_fields.items()
        for mark in field.metadata
        if isinstance(mark, Formerly)
    }

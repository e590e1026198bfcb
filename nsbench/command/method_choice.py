"""Which methods are asked for, where a sampler, a loss and a backbone may each be named apart."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nsbench.config import Value


def chosen_methods(
    samplers: Sequence[str], loss: str | None, model: str | None, values: "Mapping[str, Value]"
) -> "tuple[list[str], dict[str, Value]]":
    """The names of the methods that are asked for, each once, and the values that are left.

    Args:
        samplers: Names of samplers, or of whole methods such as mixed+gbce.
        loss: The loss that is named apart.
        model: The backbone that is named apart.
        values: Settings by flat name, which may choose a loss or a backbone too.

    Raises:
        SettingsError: There is no such method, or two of these choose differently.
    """
    from nsbench.method import Method

    options: dict[str, Value] = {"loss": loss, "model": model}
    given = {part: value for part, value in options.items() if value is not None}
    names = [Method.of(Method.of(sampler, given).name, values).name for sampler in samplers]
    return list(dict.fromkeys(names)), {name: value for name, value in values.items() if name not in options}


def budget_values(epochs: int | None) -> "dict[str, Value]":
    """The settings that a number of epochs stands for; None stands for none."""
    return {} if epochs is None else {"max_epochs": epochs}

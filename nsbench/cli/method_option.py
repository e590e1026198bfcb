"""The options that choose a method: a sampler, a loss and a backbone."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nsbench.cli.completion import complete_loss, complete_model, complete_sampler

if TYPE_CHECKING:
    from nsbench.config import Value

_SAMPLER_HELP = (
    "Negative sampler (`nsbench samplers`), a composition such as mixed(batch, random), or a method: mixed+softmax"
)

SamplerOption = Annotated[str, typer.Option(help=f"{_SAMPLER_HELP}.", autocompletion=complete_sampler)]
SamplersOption = Annotated[
    list[str], typer.Option("--sampler", help=f"{_SAMPLER_HELP}; may be repeated.", autocompletion=complete_sampler)
]
LossOption = Annotated[
    str | None,
    typer.Option(
        help="Loss; `nsbench losses` lists them. Default: bce.", autocompletion=complete_loss, show_default=False
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        help="Backbone; `nsbench backbones` lists them. Default: sasrec.",
        autocompletion=complete_model,
        show_default=False,
    ),
]


def chosen_methods(
    samplers: Sequence[str], loss: str | None, model: str | None, values: "Mapping[str, Value]"
) -> "tuple[list[str], dict[str, Value]]":
    """The names of the methods that are asked for, each once, and the values that are left.

    Args:
        samplers: Names of samplers, or of whole methods such as mixed+gbce.
        loss: What `--loss` says.
        model: What `--model` says.
        values: What `--set` says, which may choose a loss or a backbone too.

    Raises:
        SettingsError: There is no such method, or two options choose differently.
    """
    from nsbench.method import Method

    options: dict[str, Value] = {"loss": loss, "model": model}
    given = {part: value for part, value in options.items() if value is not None}
    names = [Method.of(Method.of(sampler, given).name, values).name for sampler in samplers]
    return list(dict.fromkeys(names)), {name: value for name, value in values.items() if name not in options}

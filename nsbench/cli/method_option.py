"""The options that choose a method: a sampler, a loss and a backbone."""

from typing import Annotated

import typer

from nsbench.cli.completion import complete_loss, complete_model, complete_sampler

_SAMPLER_HELP = (
    "Negative sampler (`nsbench samplers`), a composition such as mixed(batch, random), or a method: mixed+softmax"
)

SamplerOption = Annotated[str, typer.Option(help=f"{_SAMPLER_HELP}.", autocompletion=complete_sampler)]
OptionalSamplerOption = Annotated[
    str | None,
    typer.Option(
        help=f"{_SAMPLER_HELP}. With --from it may be left out.", autocompletion=complete_sampler, show_default=False
    ),
]
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

"""What the commands share that make models or ask them."""

from typing import Annotated

import typer

from nsbench.cli.completion import complete_model_reference
from nsbench.terms import KeepModels

ModelArgument = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        autocompletion=complete_model_reference,
        help="A folder, a run's id or how it begins, DATASET/METHOD (its best), NAME@ALIAS or NAME/VERSION.",
    ),
]

OptionalModelArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[MODEL]",
        autocompletion=complete_model_reference,
        help="A folder, a run's id or how it begins, DATASET/METHOD (its best), NAME@ALIAS or NAME/VERSION.",
    ),
]

KeepModelsOption = Annotated[
    KeepModels,
    typer.Option(
        metavar="[best|all|none]",
        help="Which trained models are kept: of each method's runs the best by the validation objective, all, or none.",
    ),
]

"""`nsbench export`: a model as files that other programs run."""

from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import typer

from nsbench.cli.models.option import ModelArgument
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.files.home import current_home
from nsbench.view.console import Console


def export(
    model: ModelArgument,
    kind: Annotated[
        Literal["pyfunc", "torch-export", "onnx", "vectors"],
        typer.Option(
            "--format",
            help="pyfunc: for `mlflow models serve`; torch-export or onnx: a graph that gives the top items; vectors: for an "
            "index of nearest vectors.",
        ),
    ],
    output: Annotated[Path, typer.Option(help="A folder that doesn't exist yet, or is empty.")],
    top: Annotated[
        int, typer.Option(help="Items of each list; a pyfunc gives fewer where it is asked to.", min=1, max=10_000)
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """Export a model to be served or built in elsewhere: no pickle, and nothing that needs nsbench."""
    with json_output(wanted=as_json) as shown:
        from nsbench.trained.export.export import export_model
        from nsbench.trained.folder import open_model
        from nsbench.trained.reference import find_model

        trained = open_model(find_model(model, current_home()).folder)
        files = export_model(trained, kind, output, top)
        shown.document = {"format": kind, "folder": output.absolute(), "files": [str(path) for path in files]}
        console = Console()
        console.print(
            f"{trained.card.dataset}/{trained.card.method} as {kind} in {output}: {', '.join(map(str, files))}",
            soft_wrap=True,
            highlight=False,
        )
        if kind == "pyfunc":
            console.print(
                f"serve it with: mlflow models serve -m {quote(str(output))} --env-manager local --port 5001",
                soft_wrap=True,
                highlight=False,
            )

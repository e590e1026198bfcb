"""`nsbench data histories`: the histories that an evaluation asks a model for, as a table."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nsbench.cli.completion import complete_dataset
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.errors import LogError
from nsbench.files.home import current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    import polars as pl


def histories(
    name: Annotated[str, typer.Argument(help="A prepared dataset, or `demo`.", autocompletion=complete_dataset)],
    output: Annotated[Path, typer.Option(help="Where they go: .parquet, .csv or .jsonl.")],
    targets: Annotated[
        Literal["rolling", "frozen", "last", "first", "random"],
        typer.Option(help="What is to be predicted after what, as the setting `targets` of an evaluation."),
    ] = "rolling",
    split: Annotated[Literal["valid", "test"], typer.Option(help="The part of the log that is predicted.")] = "test",
    as_json: JsonOption = False,
) -> None:
    """Write the histories that a split is predicted from, each with what came next, as `nsbench recommend` reads them.

    Columns: id (a number per target), user, items (oldest first; in CSV between commas), target.
    """
    from nsbench.data.opening import open_dataset
    from nsbench.trained.dataset_histories import target_frames
    from nsbench.trained.recommendation_file import check_table_place, write_frames

    home = current_home()
    with json_output(wanted=as_json) as document:
        kind = check_table_place(output, "the histories")
        frames = target_frames(open_dataset(name, home), split, targets, home)
        n_rows = write_frames(output, "the histories", _joined(frames, output) if kind == "csv" else frames)
        Console().print(f"{n_rows:,} histories: {output}", soft_wrap=True, highlight=False)
        document.document = {
            "dataset": name,
            "split": split,
            "targets": targets,
            "n_histories": n_rows,
            "output": output,
        }


def _joined(frames: "Iterator[pl.DataFrame]", output: Path) -> "Iterator[pl.DataFrame]":
    """Histories as texts: CSV has no lists."""
    import polars as pl

    for frame in frames:
        texts = frame["items"].cast(pl.List(pl.String))
        if texts.explode().str.contains(",", literal=True).any():
            raise LogError(
                f"can't write {output}: an item's id holds a comma, which stands between ids there; give a name that ends in "
                ".parquet or .jsonl"
            )
        yield frame.with_columns(texts.list.join(",").alias("items"))

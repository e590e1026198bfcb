"""`nsbench recommend`: the top k of a model for a history, for those of a file, or for the users of a dataset."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from nsbench.cli.completion import complete_dataset
from nsbench.cli.models.asked import Asked
from nsbench.cli.models.option import ModelArgument
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.errors import SettingsError
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    import polars as pl

    from nsbench.trained.folder import TrainedModel
    from nsbench.trained.history_table import HistoryBatch
    from nsbench.trained.recommender import Choice, Recommender


def recommend(  # noqa: PLR0913, PLR0917 - Typer takes options as arguments.
    model: ModelArgument,
    history: Annotated[
        str | None, typer.Option(help="Item ids of one user, oldest first: 12,7,99; empty: a user without a history.")
    ] = None,
    histories: Annotated[
        Path | None,
        typer.Option(
            help="CSV, TSV, JSON lines or Parquet: a row per interaction (user, item, timestamp) or per history (user or id, and "
            "items: a list, or ids between commas)."
        ),
    ] = None,
    users: Annotated[
        Literal["all", "test"] | None,
        typer.Option(
            help="Users of the model's dataset with all of their history: all, or those with a test interaction."
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="What the model's dataset is called here, for --users.", autocompletion=complete_dataset),
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Where the lists go: .parquet, .csv or .jsonl.")] = None,
    top: Annotated[int, typer.Option(help="Items of each list.", min=1, max=10_000)] = 10,
    seen: Annotated[
        Literal["dataset", "keep", "exclude"],
        typer.Option(
            help="Items of the history in the list: keep or exclude them; dataset: as the model was evaluated."
        ),
    ] = "dataset",
    allow: Annotated[
        Path | None, typer.Option(help="Only these items: a table, or a .txt file of an id per line.")
    ] = None,
    deny: Annotated[Path | None, typer.Option(help="None of these items: a file like that of --allow.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Recommend items after histories: ids as in the log, with ranks and scores, and titles where the dataset has some."""
    asked = Asked(history, histories, users, dataset, output)
    asked.check()
    with json_output(wanted=as_json) as shown:
        import torch

        from nsbench.trained.folder import open_model
        from nsbench.trained.reference import find_model

        # More threads wait for each other where a core is busy: measured, they made lists at a tenth of one thread's rate.
        torch.set_num_threads(1)
        home, console = current_home(), Console()
        trained = open_model(find_model(model, home).folder)
        choice = _choice(trained, top, seen, allow, deny, console)
        shown.document = _recommended(trained, choice, asked, home, console)


@dataclass
class _Counts:
    """What was read of the histories."""

    n_histories: int = 0
    n_ids: int = 0
    n_unknown: int = 0
    n_fallback: int = 0

    def add(self, batch: "HistoryBatch") -> None:
        self.n_histories += len(batch.keys)
        self.n_ids += batch.n_given
        self.n_unknown += batch.n_unknown
        self.n_fallback += int((batch.histories.end == batch.histories.start).sum())


def _recommended(
    trained: "TrainedModel", choice: "Choice", asked: Asked, home: Home, console: Console
) -> dict[str, object]:
    """Makes the lists, writes or shows them, and gives what was done as a document."""
    from nsbench.trained.recommendation_file import write_frames
    from nsbench.trained.recommender import Recommender

    counts, began = _Counts(), time.perf_counter()
    recommender = Recommender(trained, choice)
    batches = asked.batches(trained, home)
    frames = _frames(recommender, trained, batches, counts)
    document: dict[str, object] = {
        "model": trained.folder,
        "run_id": trained.card.run_id,
        "method": trained.card.method,
    }
    if asked.output is None:
        import polars as pl

        found = pl.concat(frames)
        _say_counts(counts, console, trained)
        _print_list(found, console)
        document |= {"recommendations": found.drop("user").to_dicts()}
    else:
        n_rows = write_frames(asked.output, "the recommendations", frames)
        seconds = time.perf_counter() - began
        _say_counts(counts, console, trained)
        console.print(
            f"{n_rows:,} items for {counts.n_histories:,} histories in {seconds:.1f} s ({counts.n_histories / seconds:,.0f}/s): "
            f"{asked.output}",
            soft_wrap=True,
            highlight=False,
        )
        document |= {"output": asked.output, "n_rows": n_rows, "seconds": seconds}
    return document | {
        "n_histories": counts.n_histories,
        "n_ids": counts.n_ids,
        "n_unknown_ids": counts.n_unknown,
        "n_fallback": counts.n_fallback,
        "fallback": trained.card.fallback,
    }


def _frames(
    recommender: "Recommender", trained: "TrainedModel", batches: "Iterator[HistoryBatch]", counts: _Counts
) -> "Iterator[pl.DataFrame]":
    from nsbench.trained.recommendation_file import recommendation_frame

    for batch in batches:
        counts.add(batch)
        yield recommendation_frame(batch.keys, recommender.recommend(batch.histories), trained.items)
    if not counts.n_histories:
        raise SettingsError("there is no history to recommend after; nothing was written")
    if counts.n_ids and counts.n_unknown == counts.n_ids:
        raise SettingsError(
            f"none of the {counts.n_ids:,} ids is an item of the model, which was trained on {trained.card.dataset}, whose items "
            f"are called such as {', '.join(map(str, trained.items.labels.head(3)))}; nothing was written: give that log's ids, "
            "or the model of another dataset"
        )


def _choice(
    trained: "TrainedModel",
    top: int,
    seen: Literal["dataset", "keep", "exclude"],
    allow: Path | None,
    deny: Path | None,
    console: Console,
) -> "Choice":
    from nsbench.trained.item_list import read_item_list
    from nsbench.trained.recommender import Choice

    lists = []
    for option, path in (("--allow", allow), ("--deny", deny)):
        found = None if path is None else read_item_list(path, trained.items)
        if found is not None and found.n_unknown:
            console.print(
                f"{option} {path}: {found.n_unknown:,} of {found.n_given:,} ids are no items of the model",
                highlight=False,
            )
        lists.append(None if found is None else found.numbers)
    return Choice(top, seen, *lists)


def _say_counts(counts: _Counts, console: Console, trained: "TrainedModel") -> None:
    if counts.n_unknown:
        console.print(
            f"{counts.n_unknown:,} of {counts.n_ids:,} ids are no items of the model ({trained.card.dataset}) and were "
            "passed over",
            soft_wrap=True,
            highlight=False,
        )
    if counts.n_fallback:
        console.print(
            f"{counts.n_fallback:,} of {counts.n_histories:,} histories hold no known item: they get the most popular items in "
            "training, without scores",
            soft_wrap=True,
            highlight=False,
        )


def _print_list(found: "pl.DataFrame", console: Console) -> None:
    from rich.table import Table

    table = Table()
    names = [name for name in ("rank", "item", "title", "score") if name in found.columns]
    for name in names:
        table.add_column(name, justify="right" if name in ("rank", "score") else "left")
    for row in found.select(names).iter_rows():
        table.add_row(
            *("" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value) for value in row)
        )
    console.print(table)

"""`nsbench data`: lists and describes what is prepared; preparing and fetching stand in files of their own."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from nsbench.cli.completion import complete_dataset
from nsbench.cli.data.fetch import fetch, synthetic, verify
from nsbench.cli.data.histories import histories
from nsbench.cli.data.prepare import prepare
from nsbench.cli.data.sequentiality import sequentiality_document, sequentiality_table
from nsbench.cli.output.json_output import JsonOption, print_json
from nsbench.command.prepare_notice import availability_text, left_out_text, negative_text, order_text
from nsbench.data.split_note import leak_text, split_text, tie_text
from nsbench.errors import DatasetError
from nsbench.files.home import Home, current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.data.dataset import Dataset
    from nsbench.data.description import Description
    from nsbench.evaluation.sequentiality import Sequentiality

data_app = typer.Typer(help="Prepare, fetch, list and describe interaction logs.", no_args_is_help=True)
data_app.command("prepare")(prepare)


@data_app.command("list")
def list_datasets(as_json: JsonOption = False) -> None:
    """List the prepared datasets."""
    from nsbench.data.store import dataset_names, read_card

    console, home = Console(), current_home()
    names = dataset_names(home)
    if as_json:
        print_json([_entry(name, home) for name in names])
        return
    if not names:
        console.print(f"No dataset under {home.datasets} yet. Make one with: nsbench data prepare LOG --name NAME")
        return
    table = Table(box=SIMPLE_HEAD, title=str(home.datasets), title_justify="left")
    table.add_column("dataset", no_wrap=True)
    for column in ("users", "items", "interactions"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("source", overflow="fold")
    for name in names:
        try:
            card = read_card(name, home)
        except DatasetError as error:
            table.add_row(name, *[""] * 3, Text(str(error), style="red"))
            continue
        counts = (card.n_users, card.n_items, card.n_interactions)
        table.add_row(name, *(f"{count:,}" for count in counts), card.source)
    console.print(table)


def _entry(name: str, home: Home) -> dict[str, object]:
    """A dataset's counts and origin, or why it can't be read."""
    from nsbench.data.store import read_card

    try:
        card = read_card(name, home)
    except DatasetError as error:
        return {"name": name, "error": str(error)}
    counts = {field: value for field, value in card.model_dump().items() if field.startswith("n_")}
    beside = card.model_dump(include={"explicit_negatives", "availability"}, exclude_none=True)
    return {"name": name, **counts, **beside, "source": card.source, "content_hash": card.content_hash}


@data_app.command("describe")
def describe_dataset(
    name: Annotated[str, typer.Argument(help="A prepared dataset, or `demo`.", autocompletion=complete_dataset)],
    sequential: Annotated[
        bool,
        typer.Option(
            "--sequential", help="Test whether the order of the interactions says anything: seconds to minutes."
        ),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Show a dataset's sizes, lengths, cohorts and test coverage."""
    from nsbench.data.description import describe
    from nsbench.data.opening import open_dataset

    dataset = open_dataset(name, current_home())
    description = describe(dataset)
    order = _sequentiality(dataset) if sequential else None
    if as_json:
        print_json({**description.model_dump(mode="json"), **({} if order is None else sequentiality_document(order))})
        return
    console = Console()
    console.print(_sizes(description))
    console.print(_cohorts(description))
    for note in (description.cohort_note, description.order_note):
        if note:
            console.print(note, highlight=False)
    if order is not None:
        console.print(sequentiality_table(order))
        console.print(order.verdict, highlight=False)


def _sequentiality(dataset: "Dataset") -> "Sequentiality":
    import torch

    from nsbench.evaluation.sequentiality import sequentiality_of

    torch.set_num_threads(1)
    with Console(stderr=True).status("Shuffling ..."):
        return sequentiality_of(dataset)


def _sizes(description: "Description") -> Table:
    card, lengths = description.card, description.lengths
    table = Table(title=card.name, title_justify="left", show_header=False)
    options = ", ".join(f"{key} {value}" for key, value in card.options.items() if value not in (None, False))
    span = f"{description.first_day} to {description.last_day}, {description.span_days or 0:,.0f} days"
    tied = "with the same number" if card.times_are_order else "at the same time"
    counts = f"{card.n_train:,} training, {card.n_valid:,} validation, {card.n_test:,} test"
    rows = [
        ("users", f"{card.n_users:,}"),
        ("items", f"{card.n_items:,}, {card.n_cold_items:,} of them without a training interaction"),
        ("interactions", f"{card.n_interactions:,}"),
        ("history length", f"median {lengths.median:g}, mean {lengths.mean:.1f}, max {lengths.max:,}"),
        ("time span", order_text(card) if card.times_are_order else span),
        ("split", "; ".join(filter(None, (counts, split_text(card), leak_text(card))))),
        ("repeats", f"{card.repeat_share:.1%} of the interactions; seen items: {card.seen_items}"),
        ("ties", f"{card.n_ties:,} interactions {tied} as another of the user; {card.n_ties_cut:,} cut"),
        ("ties in test", tie_text(card)),
        ("new in test", f"{card.n_new_test_users:,} users, {card.n_cold_test_items:,} items"),
        ("source", card.source),
        ("options", options),
        ("hash", card.content_hash),
    ]
    for what, best in (("hit rate", card.best_reachable), ("hit rate if users took what they want,", card.most_wanted)):
        if best is not None:
            rates = ", ".join(f"{group} {rate:.3f}" for group, rate in best.hit_rate.items())
            rows.append((f"best reachable {what} at {best.k}", rates))
    beside = (("explicit negatives", negative_text(card)), ("availability", availability_text(card)))
    for what, text in (("left out", left_out_text(card)), *beside):
        if text:
            rows.append((what, text))
    for row in rows:
        if row[1]:
            table.add_row(*row)
    return table


def _cohorts(description: "Description") -> Table:
    table = Table("cohort", title="cohorts of items by training popularity", title_justify="left")
    for column in ("items", "share", "training", "median % of users", "test", "with a history"):
        table.add_column(column, justify="right")
    for label, cohort in description.cohorts.items():
        percentage = cohort.median_user_percentage
        table.add_row(
            label,
            f"{cohort.n_items:,}",
            f"{cohort.item_share:.1%}",
            f"{cohort.n_train:,}",
            "" if percentage is None else f"{percentage:.3g}",
            f"{cohort.n_test:,}",
            f"{cohort.n_rolling_targets:,}",
        )
    return table


data_app.command("histories")(histories)
data_app.command("fetch")(fetch)
data_app.command("verify")(verify)
data_app.command("synthetic")(synthetic)

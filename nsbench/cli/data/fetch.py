"""`nsbench data fetch | verify | synthetic`: public logs, the paper's counts beside ours, and logs drawn from a known chain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from nsbench.files.home import current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.data.dataset import DatasetCard
    from nsbench.data.public.public_log import PublicLog
    from nsbench.files.home import Home

EXIT_DIFFERENT = 1


def fetch(
    name: Annotated[str, typer.Argument(help="ml-100k, ml-1m, ml-10m, amazon-beauty or retailrocket.")],
    from_file: Annotated[
        Path | None, typer.Option("--from", help="The archive or log that you downloaded, instead of the network.")
    ] = None,
    prepare: Annotated[
        bool, typer.Option("--prepare/--no-prepare", help="Prepare the log as the paper most likely did.")
    ] = True,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a dataset of this name and other content.")
    ] = False,
) -> None:
    """Download a public log, going on where an earlier download stopped, and prepare it as the paper did."""
    from nsbench.data.public.public_log import public_log_named

    console, home, public_log = Console(), current_home(), public_log_named(name)
    log = _fetch_with_progress(public_log, home, from_file, console)
    console.print(f"log {log}", soft_wrap=True)
    console.print(f"terms of use: {public_log.homepage}", soft_wrap=True)
    if prepare:
        from nsbench.data.public.paper_preparation import prepare_as_paper

        with console.status(f"Preparing {name} ..."):
            card = prepare_as_paper(public_log, log, home, replace=replace)
        _show_card(card, console)
        console.print(f"Counts beside the paper's: nsbench data verify {name}")


def verify(
    name: Annotated[str, typer.Argument(help="A prepared dataset.")],
    published: Annotated[
        str | None, typer.Option("--as", help="The paper's dataset that it should be; its own name if not given.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Leave with 1 where a count differs.")] = False,
) -> None:
    """Show our counts beside the ones that the paper's released runs betray.

    A difference is a finding about the preparation, not an error: the exit code is 0 unless --strict is given.
    """
    from nsbench.data.public.published_counts import compare_with_published
    from nsbench.data.store import load_dataset

    console = Console()
    dataset = load_dataset(name, current_home())
    comparisons = compare_with_published(dataset, published or name)
    table = Table("", title=f"{name} beside the paper")
    for column in ("published", "ours", "difference"):
        table.add_column(column, justify="right")
    table.add_column("")
    for comparison in comparisons:
        expected = comparison.published
        about = "about " if expected.tolerance else ""
        table.add_row(
            expected.quantity,
            f"{about}{expected.count:,}",
            f"{comparison.ours:,}",
            f"{comparison.difference:+,}" if comparison.difference else "0",
            "agrees" if comparison.agrees else "differs",
        )
    console.print(table)
    options = ", ".join(f"{key} {value}" for key, value in dataset.card.options.items() if value is not None)
    console.print(f"prepared with: {options}")
    n_differences = sum(not comparison.agrees for comparison in comparisons)
    console.print(f"{len(comparisons) - n_differences} of {len(comparisons)} counts agree.")
    if strict and n_differences:
        raise typer.Exit(EXIT_DIFFERENT)


def synthetic(  # noqa: PLR0913, PLR0917 - one parameter for each option
    like: Annotated[str, typer.Option(help="What it resembles: demo, ml-10m, amazon-beauty or retailrocket.")] = "demo",
    name: Annotated[
        str | None, typer.Option(help="The dataset's name; synthetic-LIKE if not given, demo for demo.")
    ] = None,
    users: Annotated[int | None, typer.Option(min=1, help="Number of users.")] = None,
    items: Annotated[int | None, typer.Option(min=1, help="Size of the catalogue, up to 10 million.")] = None,
    interactions: Annotated[int | None, typer.Option(min=1, help="About how many, up to 100 million.")] = None,
    skew: Annotated[float, typer.Option(help="Popularity: 1 as the dataset, 0 all alike, up to 2.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="Root of all randomness.")] = 0,
    popularity_bias: Annotated[
        float | None,
        typer.Option(
            help="Log popular items more often than users want them, and keep what they want: 0 not more often, 1 in "
            "proportion to their popularity."
        ),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a dataset of this name and other content.")
    ] = False,
) -> None:
    """Draw a log with sequential structure whose best reachable hit rate is known, and prepare it."""
    from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
    from nsbench.data.synthetic.shapes import likeness_of

    console = Console()
    settings = settings_like(
        likeness_of(like),
        n_users=users,
        n_items=items,
        n_interactions=interactions,
        skew=skew,
        seed=seed,
        popularity_bias=popularity_bias,
    )
    with console.status(f"Drawing about {settings.n_interactions:,} interactions ..."):
        card = prepare_synthetic(name or settings.default_name, settings, current_home(), replace=replace)
    _show_card(card, console)


def _fetch_with_progress(public_log: "PublicLog", home: "Home", from_file: Path | None, console: Console) -> Path:
    from nsbench.data.public.public_log import fetch_log

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(public_log.file_name, total=None)
        return fetch_log(
            public_log, home, from_file, lambda done, total: progress.update(task, completed=done, total=total)
        )


def _show_card(card: "DatasetCard", console: Console) -> None:
    console.print(
        f"dataset {card.name}: {card.n_users:,} users, {card.n_items:,} items, {card.n_interactions:,} "
        f"interactions ({card.n_train:,} training, {card.n_valid:,} validation, {card.n_test:,} test), hash {card.content_hash}",
        highlight=False,
    )
    for what, best in (
        ("best reachable test hit rate", card.best_reachable),
        ("best expected hit rate if users took what they want,", card.most_wanted),
    ):
        if best is not None:
            rates = ", ".join(f"{group} {rate:.3f}" for group, rate in best.hit_rate.items())
            console.print(f"{what} at {best.k}: {rates}", highlight=False)

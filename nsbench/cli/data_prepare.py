"""`nsbench data prepare`: an interaction log becomes a dataset."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from nsbench.cli.program import program
from nsbench.data.choice import Duplicates, Repeats, SeenItemsRule, SplitRule, TimeUnit
from nsbench.errors import SettingsError
from nsbench.home import current_home

if TYPE_CHECKING:
    from pydantic import ValidationError

    from nsbench.data.dataset import DatasetCard

COLUMNS, ROWS, SPLIT = "Columns of the log", "Which interactions are kept", "Split in time"
GAP_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}


def prepare(  # noqa: PLR0913, PLR0917 - a command's parameters are its options
    log: Annotated[Path, typer.Argument(help="CSV, TSV, ::-separated, JSON lines or Parquet; text may be gzipped.")],
    name: Annotated[str, typer.Option(help="What the dataset is called from now on.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a dataset of this name and other content.")
    ] = False,
    user_column: Annotated[
        str | None, typer.Option(help="Its name, or its place from 1 without header.", rich_help_panel=COLUMNS)
    ] = None,
    item_column: Annotated[str | None, typer.Option(help="As above.", rich_help_panel=COLUMNS)] = None,
    time_column: Annotated[str | None, typer.Option(help="As above.", rich_help_panel=COLUMNS)] = None,
    event_column: Annotated[str | None, typer.Option(help="As above.", rich_help_panel=COLUMNS)] = None,
    rating_column: Annotated[str | None, typer.Option(help="As above.", rich_help_panel=COLUMNS)] = None,
    time_unit: Annotated[
        TimeUnit, typer.Option(help="Of times that are numbers; auto: by their size.", rich_help_panel=COLUMNS)
    ] = "auto",
    skip_bad_rows: Annotated[
        bool, typer.Option("--skip-bad-rows", help="Leave out rows without user, item or time.", rich_help_panel=ROWS)
    ] = False,
    events: Annotated[
        str | None, typer.Option(help="Only these events, as view or view,addtocart.", rich_help_panel=ROWS)
    ] = None,
    min_rating: Annotated[
        float | None, typer.Option(help="Only ratings of at least this.", rich_help_panel=ROWS)
    ] = None,
    session_gap: Annotated[
        str | None,
        typer.Option(
            help="Cut visits after such a gap, as 1800, 30m or 1h; a visit becomes the user.", rich_help_panel=ROWS
        ),
    ] = None,
    keep_repeats: Annotated[
        bool,
        typer.Option(
            "--keep-repeats/--drop-repeats",
            help="Keep, or only a user's first interaction with each item.",
            rich_help_panel=ROWS,
        ),
    ] = True,
    drop_immediate_repeats: Annotated[
        bool,
        typer.Option(
            "--drop-immediate-repeats",
            help="Drop those right after the same item: A A B A becomes A B A.",
            rich_help_panel=ROWS,
        ),
    ] = False,
    duplicates: Annotated[
        Duplicates,
        typer.Option(
            help="Rows with the user, item and time of another; auto refuses 1 % or more.", rich_help_panel=ROWS
        ),
    ] = "auto",
    min_user_interactions: Annotated[
        int, typer.Option(min=1, help="Fewest of a user, until nothing changes.", rich_help_panel=ROWS)
    ] = 1,
    min_item_interactions: Annotated[
        int, typer.Option(min=1, help="Fewest of an item, until nothing changes.", rich_help_panel=ROWS)
    ] = 1,
    split_by: Annotated[
        SplitRule, typer.Option(help="timestamp cuts no second in two; rows cuts exact shares.", rich_help_panel=SPLIT)
    ] = "timestamp",
    valid_share: Annotated[
        float, typer.Option(help="Share of the interactions, above 0.", rich_help_panel=SPLIT)
    ] = 0.05,
    test_share: Annotated[
        float, typer.Option(help="Share of the interactions, above 0.", rich_help_panel=SPLIT)
    ] = 0.05,
    seen_items: Annotated[
        SeenItemsRule,
        typer.Option(
            help="Whether a user's earlier items are ranked; auto: excluded where under 1 % repeat.",
            rich_help_panel=SPLIT,
        ),
    ] = "auto",
) -> None:
    """Prepare an interaction log: read, filter, split in time and store it under NSBENCH_HOME."""
    from pydantic import ValidationError

    from nsbench.data.column import Columns
    from nsbench.data.ingest import ReadOptions
    from nsbench.data.prepare import PrepareOptions, prepare_log

    columns = Columns(user=user_column, item=item_column, time=time_column, event=event_column, rating=rating_column)
    kept = tuple(event.strip() for event in (events or "").split(",") if event.strip())
    try:
        read = ReadOptions(
            columns=columns, events=kept, min_rating=min_rating, time_unit=time_unit, skip_bad_rows=skip_bad_rows
        )
        options = PrepareOptions(
            session_gap_s=None if session_gap is None else _seconds(session_gap),
            repeats=_repeats(keep=keep_repeats, drop_immediate=drop_immediate_repeats),
            duplicates=duplicates,
            min_user_interactions=min_user_interactions,
            min_item_interactions=min_item_interactions,
            split_by=split_by,
            valid_share=valid_share,
            test_share=test_share,
            seen_items=seen_items,
        )
    except ValidationError as error:
        raise SettingsError(_said(error)) from None
    console = Console()
    with console.status(f"Preparing {log.name} ..."):
        card = prepare_log(log, read, options, name, current_home(), replace=replace)
    _show(card, console)


def _seconds(gap: str) -> int:
    """Seconds of a gap.

    >>> _seconds("30m")
    1800
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smhd]?)", gap.strip().lower())
    if not match:
        raise SettingsError(
            f"A --session-gap of {gap!r}: accepted are seconds, or a number with s, m, h or d, as 1800, 30m or 1h."
        )
    return round(float(match[1]) * GAP_UNITS[match[2]])


def _repeats(*, keep: bool, drop_immediate: bool) -> Repeats:
    if drop_immediate and not keep:
        raise SettingsError(
            "--drop-repeats drops the immediate repeats too; give only one of it and --drop-immediate-repeats."
        )
    if drop_immediate:
        return "drop-immediate"
    return "keep" if keep else "drop"


def _said(error: "ValidationError") -> str:
    """The first thing that pydantic found, as an option and its value."""
    first = error.errors()[0]
    option = f"--{'-'.join(map(str, first['loc'])).replace('_', '-')} {first['input']}: " if first["loc"] else ""
    return f"{option}{first['msg'].removeprefix('Value error, ')}."


def _show(card: "DatasetCard", console: Console) -> None:
    options = card.options
    roles = ("user", "item", "time")
    read_as = ", ".join(f"{role} = {options[f'{role}_column']}" for role in roles)
    console.print(f"read {card.source}: {read_as}", highlight=False)
    console.print(
        f"dataset [bold]{card.name}[/bold]: {card.n_users:,} users, {card.n_items:,} items, {card.n_interactions:,} "
        f"interactions: {card.n_train:,} training, {card.n_valid:,} validation, {card.n_test:,} test",
        highlight=False,
    )
    if card.n_ties_cut:
        console.print(f"{card.n_ties_cut:,} interactions share a time that the split cuts through.", highlight=False)
    console.print(
        f"new in test: {card.n_new_test_users:,} users, {card.n_cold_test_items:,} items; "
        f"{card.repeat_share:.1%} of the interactions are repeats: seen items are "
        f"{'excluded from' if card.seen_items == 'exclude' else 'kept in'} the ranking; hash {card.content_hash}",
        highlight=False,
    )
    console.print(f"More: {program()} data describe {card.name}")

"""`nsbench data prepare`: an interaction log becomes a dataset."""

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from nsbench.cli.data.prepare_option import (
    AvailableOption,
    DropImmediateRepeatsOption,
    DuplicatesOption,
    EventColumnOption,
    EventsOption,
    ItemColumnOption,
    KeepRepeatsOption,
    LogArgument,
    MinItemInteractionsOption,
    MinRatingOption,
    MinUserInteractionsOption,
    NameOption,
    NegativeEventsOption,
    NegativeMaxRatingOption,
    RatingColumnOption,
    ReplaceOption,
    SeenItemsOption,
    SessionGapOption,
    SkipBadRowsOption,
    SplitByOption,
    SplitOption,
    TestFromOption,
    TestOption,
    TestShareOption,
    TieSeedOption,
    TiesOption,
    TimeColumnOption,
    TimeUnitOption,
    TitlesOption,
    TrainOption,
    UserColumnOption,
    ValidFromOption,
    ValidOption,
    ValidShareOption,
)
from nsbench.cli.output.json_output import JsonOption, json_output
from nsbench.cli.program import program
from nsbench.data.log.option_value import Repeats
from nsbench.errors import SettingsError
from nsbench.files.home import current_home
from nsbench.view.console import Console

if TYPE_CHECKING:
    from nsbench.data.dataset import DatasetCard
    from nsbench.data.log.given_log import GivenLog
    from nsbench.data.log.prepare_options import PrepareOptions
    from nsbench.data.log.read_options import ReadOptions


def prepare(  # noqa: PLR0913, PLR0917 - a command's parameters are its options
    name: NameOption,
    log: LogArgument = None,
    replace: ReplaceOption = False,
    train: TrainOption = None,
    valid: ValidOption = None,
    test: TestOption = None,
    user_column: UserColumnOption = None,
    item_column: ItemColumnOption = None,
    time_column: TimeColumnOption = None,
    event_column: EventColumnOption = None,
    rating_column: RatingColumnOption = None,
    time_unit: TimeUnitOption = "auto",
    skip_bad_rows: SkipBadRowsOption = False,
    events: EventsOption = None,
    min_rating: MinRatingOption = None,
    negative_events: NegativeEventsOption = None,
    negative_max_rating: NegativeMaxRatingOption = None,
    session_gap: SessionGapOption = None,
    keep_repeats: KeepRepeatsOption = True,
    drop_immediate_repeats: DropImmediateRepeatsOption = False,
    duplicates: DuplicatesOption = "auto",
    min_user_interactions: MinUserInteractionsOption = 1,
    min_item_interactions: MinItemInteractionsOption = 1,
    split: SplitOption = None,
    split_by: SplitByOption = None,
    valid_share: ValidShareOption = None,
    test_share: TestShareOption = None,
    valid_from: ValidFromOption = None,
    test_from: TestFromOption = None,
    ties: TiesOption = None,
    tie_seed: TieSeedOption = None,
    seen_items: SeenItemsOption = "auto",
    available: AvailableOption = None,
    titles: TitlesOption = None,
    as_json: JsonOption = False,
) -> None:
    """Prepare an interaction log: read, filter, split in time and store it under NSBENCH_HOME."""
    from nsbench.command.prepare import events_of, options_checked, prepare_options_of, seconds_of
    from nsbench.data.log.columns.column import Columns
    from nsbench.data.log.given_log import given_log
    from nsbench.data.log.option_value import TIME_UNITS
    from nsbench.data.log.read_options import ReadOptions

    columns = Columns(user=user_column, item=item_column, time=time_column, event=event_column, rating=rating_column)
    with options_checked():
        read = ReadOptions(
            columns=columns,
            events=events_of(events or ""),
            min_rating=min_rating,
            time_unit=TIME_UNITS[time_unit],
            skip_bad_rows=skip_bad_rows,
            negative_events=events_of(negative_events or ""),
            negative_max_rating=negative_max_rating,
        )
    options = prepare_options_of(
        {
            "session_gap_s": None if session_gap is None else seconds_of(session_gap),
            "repeats": _repeats(keep=keep_repeats, drop_immediate=drop_immediate_repeats),
            "duplicates": duplicates,
            "min_user_interactions": min_user_interactions,
            "min_item_interactions": min_item_interactions,
            "split_by": split_by,
            "valid_share": valid_share,
            "test_share": test_share,
            "seen_items": seen_items,
            "split": split,
            "valid_from": valid_from,
            "test_from": test_from,
            "ties": ties,
            "tie_seed": tie_seed,
        }
    )
    given = given_log(log or (), {"train": train, "valid": valid, "test": test})
    with json_output(wanted=as_json) as output:
        card, notices = _prepare(given, read, options, name, titles, available, replace=replace)
        output.document = {"card": card.model_dump(mode="json"), "notices": notices}


def _prepare(
    log: "GivenLog",
    read: "ReadOptions",
    options: "PrepareOptions",
    name: str,
    titles: Path | None,
    available: str | None,
    *,
    replace: bool,
) -> "tuple[DatasetCard, list[str]]":
    """Prepares a log, says what it holds, and gives its card with what is to be noted of it."""
    from nsbench.command.prepare import prepare_dataset

    console = Console()
    with console.status(Text(f"Preparing {log.origin.text} ...")):
        prepared = prepare_dataset(log, read, options, name, current_home(), titles, available, replace=replace)
    card, notices = prepared.card, list(prepared.notices)
    columns = ", ".join(f"{role} = {card.options[f'{role}_column']}" for role in ("user", "item", "time"))
    lines = (
        f"read {card.source}: {columns}",
        f"dataset {card.name}: {card.n_users:,} users, {card.n_items:,} items, {card.n_interactions:,} "
        f"interactions: {card.n_train:,} training, {card.n_valid:,} validation, {card.n_test:,} test",
        *notices,
        f"hash {card.content_hash}; more: {program()} data describe {card.name}",
    )
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)
    return card, notices


def _repeats(*, keep: bool, drop_immediate: bool) -> Repeats:
    if drop_immediate and not keep:
        raise SettingsError(
            "--drop-repeats drops the immediate repeats too; give only one of it and --drop-immediate-repeats."
        )
    if drop_immediate:
        return "drop-immediate"
    return "keep" if keep else "drop"

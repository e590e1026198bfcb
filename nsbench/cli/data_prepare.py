"""`nsbench data prepare`: an interaction log becomes a dataset."""

import re
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from nsbench.cli.console import Console
from nsbench.cli.json_output import JsonOption, json_output
from nsbench.cli.prepare_option import (
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
    RatingColumnOption,
    ReplaceOption,
    SeenItemsOption,
    SessionGapOption,
    SkipBadRowsOption,
    SplitByOption,
    TestShareOption,
    TimeColumnOption,
    TimeUnitOption,
    UserColumnOption,
    ValidShareOption,
)
from nsbench.cli.program import program
from nsbench.data.choice import NO_TIME, Repeats
from nsbench.data.excerpt import excerpt
from nsbench.errors import SettingsError
from nsbench.home import current_home

if TYPE_CHECKING:
    from pydantic import ValidationError

    from nsbench.data.dataset import Dataset, DatasetCard
    from nsbench.data.ingest import ReadOptions
    from nsbench.data.prepare_options import PrepareOptions

USUAL_CUTOFF = 10
"""The cut-off that commands show and go by unless told otherwise."""

LONGEST_GAP_S = 36_500 * 86_400
"""A hundred years."""

GAP_UNITS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400}

NOTABLE_TIED_SHARE = 0.2
"""Said of a log where as large a share of the interactions have the time of another one of their user, or a larger one."""


def prepare(  # noqa: PLR0913, PLR0917 - a command's parameters are its options
    log: LogArgument,
    name: NameOption,
    replace: ReplaceOption = False,
    user_column: UserColumnOption = None,
    item_column: ItemColumnOption = None,
    time_column: TimeColumnOption = None,
    event_column: EventColumnOption = None,
    rating_column: RatingColumnOption = None,
    time_unit: TimeUnitOption = "auto",
    skip_bad_rows: SkipBadRowsOption = False,
    events: EventsOption = None,
    min_rating: MinRatingOption = None,
    session_gap: SessionGapOption = None,
    keep_repeats: KeepRepeatsOption = True,
    drop_immediate_repeats: DropImmediateRepeatsOption = False,
    duplicates: DuplicatesOption = "auto",
    min_user_interactions: MinUserInteractionsOption = 1,
    min_item_interactions: MinItemInteractionsOption = 1,
    split_by: SplitByOption = "timestamp",
    valid_share: ValidShareOption = 0.05,
    test_share: TestShareOption = 0.05,
    seen_items: SeenItemsOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Prepare an interaction log: read, filter, split in time and store it under NSBENCH_HOME."""
    from pydantic import ValidationError

    from nsbench.data.choice import TIME_UNITS
    from nsbench.data.column import Columns
    from nsbench.data.ingest import ReadOptions
    from nsbench.data.prepare_options import PrepareOptions

    columns = Columns(user=user_column, item=item_column, time=time_column, event=event_column, rating=rating_column)
    kept = tuple(event.strip() for event in (events or "").split(",") if event.strip())
    try:
        read = ReadOptions(
            columns=columns,
            events=kept,
            min_rating=min_rating,
            time_unit=TIME_UNITS[time_unit],
            skip_bad_rows=skip_bad_rows,
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
    with json_output(wanted=as_json) as output:
        card, notices = _prepare(log, read, options, name, replace=replace)
        output.document = {"card": card.model_dump(mode="json"), "notices": notices}


def _prepare(
    log: Path, read: "ReadOptions", options: "PrepareOptions", name: str, *, replace: bool
) -> "tuple[DatasetCard, list[str]]":
    """Prepares a log, says what it holds, and gives its card with what is to be noted of it."""
    from nsbench.data.order_note import order_note
    from nsbench.data.prepare import prepare_log
    from nsbench.data.store import load_dataset

    console = Console()
    with console.status(Text(f"Preparing {log.name} ...")):
        card = prepare_log(log, read, options, name, current_home(), replace=replace)
        dataset = load_dataset(card.name, current_home())
        notices = _notices(card, _n_without_history(dataset), order_note(dataset))
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


def _seconds(gap: str) -> int:
    """Seconds of a gap.

    >>> _seconds("30m"), _seconds("1.5h")
    (1800, 5400)
    """
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)", gap.strip().lower())
    seconds = Decimal(match[1]) * GAP_UNITS[match[2]] if match else Decimal(0)
    if not 1 <= seconds <= LONGEST_GAP_S or seconds != int(seconds):
        raise SettingsError(
            f"A --session-gap of {excerpt(gap)}: accepted are whole seconds from 1 to {LONGEST_GAP_S:,}, or a number with "
            "s, m, h or d, as 1800, 30m or 1.5h."
        )
    return int(seconds)


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


def _n_without_history(dataset: "Dataset") -> int:
    """The test interactions that nothing comes before: each is the first of its user."""
    begins = dataset.offsets[:-1]
    return int(((dataset.valid_end == begins) & (dataset.offsets[1:] > begins)).sum())


def _notices(card: "DatasetCard", n_without_history: int, order_doubt: str) -> list[str]:
    """What is left out, new or repeated, and what the log is too small or too uneven for."""
    same = "number" if card.times_are_order else "time"
    left_out = left_out_text(card)
    notices = [
        f"time: {order_text(card)}" if card.times_are_order else "",
        f"left out by the filters: {left_out}" if left_out else "",
        f"{card.n_ties_cut:,} interactions share a {same} that the split cuts through." if card.n_ties_cut else "",
        f"new in test: {card.n_new_test_users:,} users, {card.n_cold_test_items:,} items; "
        f"{card.repeat_share:.1%} of the interactions are repeats: seen items are "
        f"{'excluded from' if card.seen_items == 'exclude' else 'kept in'} the ranking",
        f"{n_without_history:,} of {card.n_test:,} test interactions ({n_without_history / max(1, card.n_test):.1%}) are the "
        "first of their users: nothing comes before them, and they are not ranked"
        if n_without_history
        else "",
        *_warnings(card),
        order_doubt,
    ]
    return [notice for notice in notices if notice]


def order_text(card: "DatasetCard") -> str:
    """What is known of time where it is the order alone."""
    if card.options.get("time_column") == NO_TIME:
        return (
            "order only, that of the rows: a global split by it is right only if the rows are in order of time for all users; "
            "no two rows share a time, so that none is a duplicate of another"
        )
    return (
        f"order only: {card.options.get('time_column')} says what comes before what, and no times; a global split by it is right "
        "only if it orders the interactions of all users"
    )


def left_out_text(card: "DatasetCard") -> str:
    """How many interactions the filters left out, by reason; empty where none."""
    found = card.left_out
    if found is None:
        return ""
    counts = {
        "repeats": found.n_repeats,
        "duplicates": found.n_duplicates,
        f"of users with fewer than {card.options['min_user_interactions']}": found.n_of_rare_users,
        f"with items that have fewer than {card.options['min_item_interactions']}": found.n_of_rare_items,
    }
    total = sum(counts.values())
    said = ", ".join(f"{count:,} {reason}" for reason, count in counts.items() if count)
    return f"{total:,} interactions: {said}" if total else ""


def _warnings(card: "DatasetCard") -> list[str]:
    """What the log is too small or too uneven for."""
    from nsbench.data.popularity import cohort_note
    from nsbench.evaluation.cutoff import cutoff_warning

    undecided = cutoff_warning((USUAL_CUTOFF,), card.n_items - card.n_cold_items)
    same = "number" if card.times_are_order else "time"
    tied_share = card.n_ties / card.n_interactions
    tied = (
        f"{tied_share:.0%} of the interactions have the {same} of another one of their user: what comes next is the order of the "
        "log's rows, and results are worth what that order is worth"
        if tied_share >= NOTABLE_TIED_SHARE
        else ""
    )
    return [text for text in (undecided, cohort_note(card.popularity) if card.popularity else "", tied) if text]

"""The options of `nsbench data prepare`."""

from pathlib import Path
from typing import Annotated

import typer

from nsbench.data.log.option_value import (
    SEEN_ITEMS_REPEAT_SHARE,
    Duplicates,
    SeenItemsRule,
    SplitKind,
    SplitRule,
    TieOrder,
    TimeUnitWord,
)

COLUMNS, ROWS, SPLIT = "Columns of the log", "Which interactions are kept", "Split in time"
OWN = "Training, validation and test that come as files of their own, and stay as they are"

LogArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        help="CSV, TSV, ::-separated, JSON lines or Parquet; text may be gzipped. Several files of one log, or a folder of them, "
        "are joined in the order of their names."
    ),
]
TrainOption = Annotated[Path | None, typer.Option(help="Training, in place of a log that is cut.", rich_help_panel=OWN)]
ValidOption = Annotated[
    Path | None,
    typer.Option(help="Validation; without it --valid-share takes it from training.", rich_help_panel=OWN),
]
TestOption = Annotated[Path | None, typer.Option(help="Test.", rich_help_panel=OWN)]
NameOption = Annotated[str, typer.Option(help="What the dataset is called from now on.")]
TitlesOption = Annotated[
    Path | None,
    typer.Option(help="Table of items and their titles: CSV, TSV, JSON lines or Parquet; recommendations show them."),
]
AvailableOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|first-seen",
        help="Table of items and their first dates, and last ones if there are any: an item is no candidate before or after. "
        "first-seen: from its first interaction on.",
        rich_help_panel=SPLIT,
    ),
]
ReplaceOption = Annotated[bool, typer.Option("--replace", help="Replace a dataset of this name and other content.")]
UserColumnOption = Annotated[str | None, typer.Option(help="Its name, or its place from 1.", rich_help_panel=COLUMNS)]
ItemColumnOption = Annotated[str | None, typer.Option(help="As above.", rich_help_panel=COLUMNS)]
TimeColumnOption = Annotated[
    str | None,
    typer.Option(help="As above; none: the log has no times, its rows are in their order.", rich_help_panel=COLUMNS),
]
EventColumnOption = Annotated[str | None, typer.Option(help="As above.", rich_help_panel=COLUMNS)]
RatingColumnOption = Annotated[str | None, typer.Option(help="As above.", rich_help_panel=COLUMNS)]
TimeUnitOption = Annotated[
    TimeUnitWord,
    typer.Option(
        metavar="[auto|s|ms|us|ns|min|order]",
        help="Of times that are numbers; auto: by their size; order: row numbers, positions or ranks, no times.",
        rich_help_panel=COLUMNS,
    ),
]
SkipBadRowsOption = Annotated[
    bool,
    typer.Option(
        "--skip-bad-rows",
        help="Leave out rows without user, item or time, or with a rating that is not a number.",
        rich_help_panel=ROWS,
    ),
]
EventsOption = Annotated[
    str | None, typer.Option(help="Only these events, as view or view,addtocart.", rich_help_panel=ROWS)
]
MinRatingOption = Annotated[
    float | None, typer.Option(help="Only rows with a rating of at least this.", rich_help_panel=ROWS)
]
NegativeEventsOption = Annotated[
    str | None,
    typer.Option(
        help="Explicit negatives, as skip,dislike: kept beside the log, for the sampler `explicit` and the evaluation.",
        rich_help_panel=ROWS,
    ),
]
NegativeMaxRatingOption = Annotated[
    float | None, typer.Option(help="Rows with a rating of at most this are explicit negatives.", rich_help_panel=ROWS)
]
SessionGapOption = Annotated[
    str | None,
    typer.Option(
        help="Cut sessions after such a gap, as 1800, 30m or 1h; a session becomes the user; needs times.",
        rich_help_panel=ROWS,
    ),
]
KeepRepeatsOption = Annotated[
    bool,
    typer.Option(
        "--keep-repeats/--drop-repeats",
        help="Keep, or only a user's first interaction with each item.",
        rich_help_panel=ROWS,
    ),
]
DropImmediateRepeatsOption = Annotated[
    bool,
    typer.Option(
        "--drop-immediate-repeats",
        help="Drop those right after the same item: A A B A becomes A B A.",
        rich_help_panel=ROWS,
    ),
]
DuplicatesOption = Annotated[
    Duplicates,
    typer.Option(help="Rows with the user, item and time of another; auto refuses 1 % or more.", rich_help_panel=ROWS),
]
MinUserInteractionsOption = Annotated[
    int, typer.Option(min=1, help="Fewest of a user, until nothing changes.", rich_help_panel=ROWS)
]
MinItemInteractionsOption = Annotated[
    int, typer.Option(min=1, help="Fewest of an item, until nothing changes.", rich_help_panel=ROWS)
]
SplitOption = Annotated[
    SplitKind | None,
    typer.Option(
        show_default="time",
        help="time: globally; leave-one-out: each user's last is test, the one before validation, which leaks time.",
        rich_help_panel=SPLIT,
    ),
]
SplitByOption = Annotated[
    SplitRule | None,
    typer.Option(
        show_default="timestamp",
        help="timestamp cuts no second in two; rows cuts exact shares, rounded up.",
        rich_help_panel=SPLIT,
    ),
]
ValidShareOption = Annotated[
    float | None,
    typer.Option(show_default="0.05", help="Share of the interactions, above 0.", rich_help_panel=SPLIT),
]
TestShareOption = Annotated[
    float | None,
    typer.Option(show_default="0.05", help="Share of the interactions, above 0.", rich_help_panel=SPLIT),
]
ValidFromOption = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="When validation begins, in place of shares: as 2015-04-07, or as the log writes times.",
        rich_help_panel=SPLIT,
    ),
]
TestFromOption = Annotated[
    str | None, typer.Option(metavar="TIME", help="When the test begins, as above.", rich_help_panel=SPLIT)
]
TiesOption = Annotated[
    TieOrder | None,
    typer.Option(
        show_default="log",
        help="Order of a user's interactions of equal time: that of the rows, drawn, or the direction of the user's rows.",
        rich_help_panel=SPLIT,
    ),
]
TieSeedOption = Annotated[
    int | None,
    typer.Option(min=0, show_default="0", help="Of --ties random; other seeds, other orders.", rich_help_panel=SPLIT),
]
SeenItemsOption = Annotated[
    SeenItemsRule,
    typer.Option(
        help="Whether a user's earlier items are ranked; auto: excluded where under "
        f"{100 * SEEN_ITEMS_REPEAT_SHARE:g} % repeat.",
        rich_help_panel=SPLIT,
    ),
]

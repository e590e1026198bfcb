"""How a log, a DataFrame, or files that come cut become a dataset: `prepare`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, cast

import pandas as pd

from nsbench.api.dataset import Dataset, Place, home_of
from nsbench.api.wording import worded
from nsbench.command.prepare import events_of, options_checked, prepare_dataset, prepare_options_of, seconds_of
from nsbench.data.leftover import clear_leftovers
from nsbench.data.log.columns.column import Columns
from nsbench.data.log.formats.frame_rows import table_of
from nsbench.data.log.given_log import Piece, given_log
from nsbench.data.log.option_value import (
    TIME_UNITS,
    Duplicates,
    Repeats,
    SeenItemsRule,
    SplitKind,
    SplitRule,
    TieOrder,
    TimeUnitWord,
)
from nsbench.data.log.read_options import ReadOptions
from nsbench.errors import SettingsError

if TYPE_CHECKING:
    import polars as pl

Rows: TypeAlias = "pd.DataFrame | pl.DataFrame | pl.LazyFrame | Path | str"
"""A DataFrame of pandas or polars, or the path of a file."""


@worded
def prepare(  # noqa: PLR0913 - the options of the command
    log: "Rows | Sequence[Path | str] | None" = None,
    name: str = "",
    *,
    train: "Rows | None" = None,
    valid: "Rows | None" = None,
    test: "Rows | None" = None,
    replace: bool = False,
    user_column: str | None = None,
    item_column: str | None = None,
    time_column: str | None = None,
    event_column: str | None = None,
    rating_column: str | None = None,
    time_unit: TimeUnitWord = "auto",
    skip_bad_rows: bool = False,
    events: str | Sequence[str] = (),
    min_rating: float | None = None,
    negative_events: str | Sequence[str] = (),
    negative_max_rating: float | None = None,
    session_gap: str | int | None = None,
    repeats: Repeats = "keep",
    duplicates: Duplicates = "auto",
    min_user_interactions: int = 1,
    min_item_interactions: int = 1,
    split: SplitKind | None = None,
    split_by: SplitRule | None = None,
    valid_share: float | None = None,
    test_share: float | None = None,
    valid_from: str | int | None = None,
    test_from: str | int | None = None,
    ties: TieOrder | None = None,
    tie_seed: int | None = None,
    seen_items: SeenItemsRule = "auto",
    available: Path | str | None = None,
    titles: Path | str | None = None,
    home: Place = None,
) -> Dataset:
    """Prepares an interaction log: reads it, filters it, splits it in time and stores it under the home.

    As `nsbench data prepare`. A DataFrame is read like a file of the same rows: columns are recognised by the names that public
    logs use, and levels of its index that have a name are columns too. No file but the dataset is written.

    Args:
        log: A DataFrame of pandas or polars, or the path of a CSV, TSV, `::`-separated, JSON lines or Parquet file; or the paths
            of several files of one log, or a folder of them, which are joined in the order of their names.
        name: What the dataset is called from now on.
        train: Training, as a DataFrame or a file, in place of `log`, where the log comes cut: no row is moved from one part to
            another.
        valid: Validation, likewise; without it `valid_share` takes it from training.
        test: Test, likewise.
        replace: Whether a dataset of this name and other content is replaced.
        user_column: The column of users by its name, or its place from "1"; None: it is recognised.
        item_column: That of items.
        time_column: That of times; "none": the log has no times, and its rows are in their order.
        event_column: That of events, such as view and purchase.
        rating_column: That of ratings.
        time_unit: What times that are numbers count; auto: by their size; order: they say what comes before what, no more.
        skip_bad_rows: Leave out rows without user, item or time, or with a rating that is no number, rather than refuse the log.
        events: Which events are taken; empty: all.
        min_rating: Rows with a lower rating or none are left out.
        negative_events: Explicit negatives, such as skip and dislike: they are no interactions, and kept beside the log, for the
            sampler `explicit` and the evaluation.
        negative_max_rating: Rows with a rating of at most this are explicit negatives.
        session_gap: Seconds, or a text such as "30m": a user's interactions are cut after a longer gap, and a session
            becomes the user.
        repeats: A user's further interactions with an item: "keep" all, "drop" all but the first, or "drop-immediate" those
            right after one with the same item.
        duplicates: Rows with the user, item and time of another; auto refuses 1 % or more.
        min_user_interactions: Fewest of a user, until nothing changes.
        min_item_interactions: Fewest of an item, likewise.
        split: "time", which is what None stands for: globally in time; "leave-one-out": each user's last interaction is test and
            the one before it validation, which leaks time.
        split_by: timestamp, which is what None stands for, cuts no second in two; rows cuts exact shares, rounded up.
        valid_share: Share of the interactions that is for validation, above 0; None: 0.05.
        test_share: Share of the interactions that is for the test, above 0; None: 0.05.
        valid_from: When validation begins, in place of shares: as 2015-04-07, or as the log writes times.
        test_from: When the test begins, likewise.
        ties: Order of a user's interactions of equal time. "log", which is what None stands for: that of the rows; "random":
            drawn with `tie_seed`; "by-user-order": the direction in which the user's rows stand, backwards where times fall.
        tie_seed: Of random ones; None: 0.
        seen_items: Whether a user's earlier items are ranked; auto: they are not where under 1 % of the interactions repeat.
        available: A table of items and their first dates, and last ones if there are any: an item is no candidate before or
            after; "first-seen": from its first interaction on.
        titles: CSV or Parquet of items and their titles, which lists of recommendations then show.
        home: The folder where the dataset goes; None: NSBENCH_HOME.

    Raises:
        LogError: The log can't be read or holds nothing to learn from.
        DatasetError: The name isn't accepted or is taken, or the home can't be written.
        SettingsError: An option isn't accepted.

    Examples:
        >>> import pandas as pd
        >>> import nsbench
        >>> views = pd.DataFrame({
        ...     "user": [k % 10 for k in range(200)],
        ...     "item": [k % 7 for k in range(200)],
        ...     "time": range(1_600_000_000, 1_600_000_200),
        ... })
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     shop = nsbench.prepare(views, name="shop", home=folder)
        >>> shop.card.n_users, shop.card.n_items, shop.card.n_interactions
        (10, 7, 200)
    """
    if time_unit not in TIME_UNITS:
        raise SettingsError(f"time_unit = {time_unit!r}: accepted are {', '.join(TIME_UNITS)}")
    place = home_of(home)
    with options_checked():
        read = ReadOptions(
            columns=Columns(
                user=user_column, item=item_column, time=time_column, event=event_column, rating=rating_column
            ),
            events=events_of(events) if isinstance(events, str) else tuple(events),
            min_rating=min_rating,
            time_unit=TIME_UNITS[time_unit],
            skip_bad_rows=skip_bad_rows,
            negative_events=events_of(negative_events) if isinstance(negative_events, str) else tuple(negative_events),
            negative_max_rating=negative_max_rating,
        )
    options = prepare_options_of(
        {
            "session_gap_s": None if session_gap is None else seconds_of(str(session_gap)),
            "repeats": repeats,
            "duplicates": duplicates,
            "min_user_interactions": min_user_interactions,
            "min_item_interactions": min_item_interactions,
            "split_by": split_by,
            "valid_share": valid_share,
            "test_share": test_share,
            "seen_items": seen_items,
            "split": split,
            "valid_from": None if valid_from is None else str(valid_from),
            "test_from": None if test_from is None else str(test_from),
            "ties": ties,
            "tie_seed": tie_seed,
        }
    )
    if not name:
        raise SettingsError("name is missing: say what the dataset is called from now on, such as name='shop'")
    given = given_log(_pieces(log), {"train": _piece(train), "valid": _piece(valid), "test": _piece(test)})
    clear_leftovers(place.datasets)
    prepared = prepare_dataset(
        given,
        read,
        options,
        name,
        place,
        None if titles is None else Path(titles),
        None if available is None else str(available),
        replace=replace,
    )
    return Dataset(place, prepared.card, prepared.notices)


def _pieces(log: "Rows | Sequence[Path | str] | None") -> list[Piece]:
    """The files, or the DataFrame."""
    if isinstance(log, Sequence) and not isinstance(log, str) and any(_is_file(one) for one in log):
        return [Path(one) for one in log]
    piece = _piece(cast("Rows | None", log))  # A list of something else is refused there.
    return [] if piece is None else [piece]


def _piece(rows: "Rows | None") -> Piece | None:
    if rows is None:
        return None
    return Path(rows) if isinstance(rows, str | Path) else table_of(rows)


def _is_file(one: object) -> bool:
    return isinstance(one, str | Path) and Path(one).is_file()

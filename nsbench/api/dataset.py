"""A prepared dataset as a handle, and how a log or a DataFrame becomes one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import pandas as pd

from nsbench.api.wording import worded
from nsbench.command.prepare import events_of, options_checked, prepare_dataset, seconds_of
from nsbench.data.dataset import Dataset as Arrays
from nsbench.data.dataset import DatasetCard
from nsbench.data.leftover import clear_leftovers
from nsbench.data.log.columns.column import Columns
from nsbench.data.log.formats.frame_rows import table_of
from nsbench.data.log.option_value import TIME_UNITS, Duplicates, Repeats, SeenItemsRule, SplitRule, TimeUnitWord
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.opening import open_dataset
from nsbench.errors import DatasetError, SettingsError
from nsbench.files.home import Home, current_home, home_at

if TYPE_CHECKING:
    import polars as pl

Place = Path | str | None
"""A folder where nsbench keeps what it makes; None: NSBENCH_HOME, or `nsbench-runs` in the working directory."""


@final
@dataclass(frozen=True)
class Dataset:
    """A prepared dataset, as `prepare` gives it; what trains on it takes the handle or its name.

    Attributes:
        home: Where it is stored.
        card: Its counts, options and content hash.
        notices: What `prepare` noted about it, in sentences: what was left out, and what the log is too small for.
    """

    home: Home
    card: DatasetCard
    notices: tuple[str, ...] = ()

    @classmethod
    def open(cls, name: str, home: Place = None) -> "Dataset":
        """The dataset of that name; `demo` is generated when it isn't there.

        Raises:
            DatasetError: There is no such dataset.
        """
        place = home_of(home)
        return cls(place, open_dataset(name, place).card)

    @property
    def name(self) -> str:
        """Its name."""
        return self.card.name

    @property
    def table(self) -> pd.DataFrame:
        """Its sizes, one row: users, items and interactions, and how many of these are for training, validation and test."""
        card = self.card
        sizes = {
            "users": card.n_users,
            "items": card.n_items,
            "interactions": card.n_interactions,
            "train": card.n_train,
            "valid": card.n_valid,
            "test": card.n_test,
        }
        return pd.DataFrame([sizes], index=pd.Index([card.name], name="dataset"))

    def _repr_html_(self) -> str:
        return str(self.table.to_html())


@worded
def prepare(  # noqa: PLR0913 - the options of the command
    log: "pd.DataFrame | pl.DataFrame | pl.LazyFrame | Path | str",
    name: str,
    *,
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
    split_by: SplitRule = "timestamp",
    valid_share: float = 0.05,
    test_share: float = 0.05,
    seen_items: SeenItemsRule = "auto",
    available: Path | str | None = None,
    titles: Path | str | None = None,
    home: Place = None,
) -> Dataset:
    """Prepares an interaction log: reads it, filters it, splits it in time and stores it under the home.

    As `nsbench data prepare`. A DataFrame is read like a file of the same rows: columns are recognised by the names that public
    logs use, and levels of its index that have a name are columns too. No file but the dataset is written.

    Args:
        log: A DataFrame of pandas or polars, or the path of a CSV, TSV, `::`-separated, JSON lines or Parquet file.
        name: What the dataset is called from now on.
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
        split_by: timestamp cuts no second in two; rows cuts exact shares, rounded up.
        valid_share: Share of the interactions that is for validation, above 0.
        test_share: Share of the interactions that is for the test, above 0.
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
        options = PrepareOptions(
            session_gap_s=None if session_gap is None else seconds_of(str(session_gap)),
            repeats=repeats,
            duplicates=duplicates,
            min_user_interactions=min_user_interactions,
            min_item_interactions=min_item_interactions,
            split_by=split_by,
            valid_share=valid_share,
            test_share=test_share,
            seen_items=seen_items,
        )
    rows = Path(log) if isinstance(log, str | Path) else table_of(log)
    clear_leftovers(place.datasets)
    prepared = prepare_dataset(
        rows,
        read,
        options,
        name,
        place,
        None if titles is None else Path(titles),
        None if available is None else str(available),
        replace=replace,
    )
    return Dataset(place, prepared.card, prepared.notices)


def home_of(home: Place, dataset: Dataset | str = "") -> Home:
    """The home that a call works in: the one it names, or that of the dataset that it is given, or the environment's.

    Raises:
        StorageError: What is named can't be a folder.
        SettingsError: The dataset lies in another home.
    """
    named = None if home is None else home_at(str(home))
    if not isinstance(dataset, Dataset):
        return named or current_home()
    if named is not None and named.root.absolute() != dataset.home.root.absolute():
        raise SettingsError(
            f"the dataset {dataset.name} lies in {dataset.home.root}, not in home {named.root}; leave home out"
        )
    return dataset.home


def arrays_of(dataset: Dataset | str, home: Home) -> Arrays:
    """The dataset that is named or handed over, opened.

    Raises:
        DatasetError: There is none, or another one has taken its name since.
    """
    if isinstance(dataset, str):
        return open_dataset(dataset, home)
    opened = open_dataset(dataset.name, home)
    if opened.card.content_hash != dataset.card.content_hash:
        raise DatasetError(
            f"the dataset {dataset.name} was {dataset.card.content_hash} and has been replaced by {opened.card.content_hash}; "
            f"take the new one with nsbench.Dataset.open({dataset.name!r})"
        )
    return opened


def name_of(dataset: Dataset | str) -> str:
    """A dataset's name."""
    return dataset if isinstance(dataset, str) else dataset.name

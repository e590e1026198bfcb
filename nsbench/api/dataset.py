"""A prepared dataset as a handle, which everything else takes."""

from dataclasses import dataclass
from pathlib import Path
from typing import final

import pandas as pd

from nsbench.data.dataset import Dataset as Arrays
from nsbench.data.dataset import DatasetCard
from nsbench.data.opening import open_dataset
from nsbench.errors import DatasetError, SettingsError
from nsbench.files.home import Home, current_home, home_at

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

"""Keeps prepared datasets under the home: a folder each, with a JSON card, memory-mapped arrays and the label maps.

A dataset is written to a hidden sibling folder and renamed when whole, so a folder with the dataset's name is never
half-written by us; what was damaged later is noticed on loading.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from pydantic import ValidationError

from nsbench.data.array_file import damaged, open_array
from nsbench.data.beside.availability import Availability
from nsbench.data.beside.explicit_negative import ExplicitNegatives
from nsbench.data.beside.truth import TRUTH_FILE, Truth
from nsbench.data.dataset import Dataset, DatasetCard
from nsbench.data.item_label import ItemLabels
from nsbench.data.swap import MOST_ATTEMPTS, folder_identity
from nsbench.errors import DatasetError
from nsbench.files.home import Home
from nsbench.suggestion import did_you_mean

CARD = "card.json"
USERS = "users.parquet"
"""Row u holds the label of user u in `label`, and the number of the session in `visit` where sessions are the users."""
ITEMS = "items.parquet"
"""Row i - 1 holds the label of item i in `label`, and in `title` what people call it, where that was given."""
ARRAYS: Mapping[str, type[np.integer[Any]]] = {
    "item_ids": np.int32,
    "timestamps": np.int64,
    "offsets": np.int64,
    "train_end": np.int64,
    "valid_end": np.int64,
    "train_counts": np.int64,
    "train_user_counts": np.int64,
}
NEGATIVE_ARRAYS: Mapping[str, type[np.integer[Any]]] = {
    "negative_item_ids": np.int32,
    "negative_timestamps": np.int64,
    "negative_offsets": np.int64,
}
"""Those of `ExplicitNegatives`, of a dataset that has some."""
AVAILABILITY_ARRAYS = ("available_from", "available_until")
"""Those of `Availability`, int64, of a dataset whose items have dates."""
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"


def load_dataset(name: str, home: Home) -> Dataset:
    """Opens a prepared dataset; its arrays stay on disk until they are read.

    One that is replaced meanwhile is opened anew, so that all arrays are of one dataset.

    Raises:
        DatasetError: There is none of this name, or its folder is damaged.
    """
    check_name(name)
    folder = home.datasets / name
    for _ in range(MOST_ATTEMPTS - 1):
        before = folder_identity(folder)
        try:
            dataset = _load(name, home)
        except DatasetError:
            if folder_identity(folder) == before:
                raise
            continue
        if folder_identity(folder) == before:
            return dataset
    return _load(name, home)


def _load(name: str, home: Home) -> Dataset:
    card = read_card(name, home)
    folder = home.datasets / name
    lengths = {
        "item_ids": card.n_interactions,
        "timestamps": card.n_interactions,
        "offsets": card.n_users + 1,
        "train_end": card.n_users,
        "valid_end": card.n_users,
        "train_counts": card.n_items + 1,
        "train_user_counts": card.n_items + 1,
    }
    arrays = {array: open_array(folder, array, ARRAYS[array], length) for array, length in lengths.items()}
    if int(arrays["offsets"][-1]) != card.n_interactions:
        raise damaged(folder, f"offsets.npy ends at {arrays['offsets'][-1]}, not {card.n_interactions}")
    return Dataset(
        card=card,
        item_ids=arrays["item_ids"],
        timestamps=arrays["timestamps"],
        offsets=arrays["offsets"],
        train_end=arrays["train_end"],
        valid_end=arrays["valid_end"],
        train_counts=arrays["train_counts"],
        train_user_counts=arrays["train_user_counts"],
        truth=_read_truth(folder, card.n_items),
        explicit_negatives=_open_negatives(folder, card),
        availability=_open_availability(folder, card),
    )


def _open_availability(folder: Path, card: DatasetCard) -> Availability | None:
    if card.availability is None:
        return None
    return Availability(*(open_array(folder, array, np.int64, card.n_items + 1) for array in AVAILABILITY_ARRAYS))


def _open_negatives(folder: Path, card: DatasetCard) -> ExplicitNegatives | None:
    if card.explicit_negatives is None:
        return None
    n_negatives = card.explicit_negatives.n_negatives
    lengths = (n_negatives, n_negatives, card.n_users + 1)
    item_ids, timestamps, offsets = (
        open_array(folder, array, kind, length)
        for (array, kind), length in zip(NEGATIVE_ARRAYS.items(), lengths, strict=True)
    )
    if int(offsets[-1]) != n_negatives:
        raise damaged(folder, f"negative_offsets.npy ends at {offsets[-1]}, not {n_negatives}")
    return ExplicitNegatives(item_ids, timestamps, offsets, card.valid_from, card.test_from)


def read_card(name: str, home: Home) -> DatasetCard:
    """Reads a dataset's card only.

    Raises:
        DatasetError: There is no dataset of this name, or its card is damaged.
    """
    check_name(name)
    folder = home.datasets / name
    if not folder.is_dir():
        names = dataset_names(home)
        known = f"Prepared are: {', '.join(names)}." if names else "None is prepared there yet."
        raise DatasetError(
            f"There is no dataset {name!r}{did_you_mean(name, names)} under {home.datasets}. {known} "
            f"Make it with: nsbench data prepare LOG --name {name}"
        )
    try:
        return DatasetCard.model_validate_json((folder / CARD).read_bytes())
    except FileNotFoundError:
        raise damaged(folder, f"{CARD} is missing") from None
    except (ValidationError, OSError) as error:
        raise damaged(folder, f"{CARD} can't be read: {str(error).splitlines()[0]}") from None


def dataset_exists(name: str, home: Home) -> bool:
    """Whether a dataset of this name is stored, whole or damaged."""
    check_name(name)
    return (home.datasets / name).is_dir()


def dataset_names(home: Home) -> list[str]:
    """The names of the stored datasets, damaged ones included, in order; those being written are not among them."""
    if not home.datasets.is_dir():
        return []
    return sorted(path.name for path in home.datasets.iterdir() if path.is_dir() and not path.name.startswith("."))


def read_user_labels(name: str, home: Home) -> pl.DataFrame:
    """The log's label of each user, in order, in column `label`; column `visit` too where sessions are the users.

    Raises:
        DatasetError: There is no dataset of this name, or its labels are missing.
    """
    return _read_labels(name, home, USERS)


def read_item_labels(name: str, home: Home) -> pl.Series:
    """The log's labels of the items 1..n_items, in order: entry i - 1 is item i's.

    Raises:
        DatasetError: There is no dataset of this name, or its labels are missing.
    """
    return _read_labels(name, home, ITEMS)["label"]


def read_items(name: str, home: Home) -> ItemLabels:
    """The items' labels and titles; the same errors as `read_item_labels`."""
    frame = _read_labels(name, home, ITEMS)
    return ItemLabels(frame["label"], frame["title"] if "title" in frame.columns else None)


def check_name(name: str) -> None:
    """Checks that a name can be a folder's.

    Raises:
        DatasetError: It can't.
    """
    if not re.fullmatch(NAME_PATTERN, name):
        raise DatasetError(
            f"A dataset can't be called {name!r}: accepted are up to 100 letters, digits, dots, dashes and underscores, "
            "beginning with a letter or digit."
        )


def _read_truth(folder: Path, n_items: int) -> Truth | None:
    path = folder / TRUTH_FILE
    try:
        return Truth.read(path, n_items) if path.exists() else None
    except ValueError as error:
        raise damaged(folder, f"{TRUTH_FILE} can't be read: {error}") from None


def _read_labels(name: str, home: Home, file: str) -> pl.DataFrame:
    read_card(name, home)
    try:
        return pl.read_parquet(home.datasets / name / file, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise damaged(home.datasets / name, f"{file} can't be read: {str(error).splitlines()[0]}") from None

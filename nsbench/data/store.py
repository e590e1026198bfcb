"""Keeps prepared datasets under the home: a folder each, with a JSON card, memory-mapped arrays and the label maps.

A dataset is written to a hidden sibling folder and renamed when whole, so a folder with the dataset's name is never
half-written by us; what was damaged later is noticed on loading.
"""

import difflib
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from pydantic import ValidationError

from nsbench.data.dataset import BestReachable, Dataset, DatasetCard
from nsbench.data.leftover import OLD, PARTIAL, REPLACED, clear_leftovers, remove_owner, working_folder
from nsbench.data.swap import MOST_ATTEMPTS, folder_identity, swap
from nsbench.disk import free_bytes, is_full, megabytes, write_whole
from nsbench.errors import DatasetError
from nsbench.home import Home

CARD = "card.json"
USERS = "users.parquet"
"""Row u holds the label of user u in `label`, and the number of the visit in `visit` where visits are the users."""
ITEMS = "items.parquet"
"""Row i - 1 holds the label of item i in `label`."""
ARRAYS = {
    "item_ids": np.int32,
    "timestamps": np.int64,
    "offsets": np.int64,
    "train_end": np.int64,
    "valid_end": np.int64,
    "train_counts": np.int64,
    "train_user_counts": np.int64,
}
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
    arrays = {array: _open_array(folder, array) for array in ARRAYS}
    lengths = {
        "item_ids": card.n_interactions,
        "timestamps": card.n_interactions,
        "offsets": card.n_users + 1,
        "train_end": card.n_users,
        "valid_end": card.n_users,
        "train_counts": card.n_items + 1,
        "train_user_counts": card.n_items + 1,
    }
    for array, length in lengths.items():
        if arrays[array].shape != (length,) or arrays[array].dtype != ARRAYS[array]:
            raise _damaged(folder, f"{array}.npy holds {arrays[array].shape} of {arrays[array].dtype}, not {length:,}")
    if int(arrays["offsets"][-1]) != card.n_interactions:
        raise _damaged(folder, f"offsets.npy ends at {arrays['offsets'][-1]}, not {card.n_interactions}")
    return Dataset(
        card=card,
        item_ids=arrays["item_ids"],
        timestamps=arrays["timestamps"],
        offsets=arrays["offsets"],
        train_end=arrays["train_end"],
        valid_end=arrays["valid_end"],
        train_counts=arrays["train_counts"],
        train_user_counts=arrays["train_user_counts"],
    )


def read_card(name: str, home: Home) -> DatasetCard:
    """Reads a dataset's card only.

    Raises:
        DatasetError: There is no dataset of this name, or its card is damaged.
    """
    check_name(name)
    folder = home.datasets / name
    if not folder.is_dir():
        names = dataset_names(home)
        close = difflib.get_close_matches(name, names, n=1)
        known = f"Prepared are: {', '.join(names)}." if names else "None is prepared there yet."
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise DatasetError(
            f"There is no dataset {name!r} under {home.datasets}. {known}{hint} "
            f"Make it with: nsbench data prepare LOG --name {name}"
        )
    try:
        return DatasetCard.model_validate_json((folder / CARD).read_bytes())
    except FileNotFoundError:
        raise _damaged(folder, f"{CARD} is missing") from None
    except (ValidationError, OSError) as error:
        raise _damaged(folder, f"{CARD} can't be read: {str(error).splitlines()[0]}") from None


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
    """The log's label of each user, in order, in column `label`; column `visit` too where visits are the users.

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


@contextmanager
def writing_folder(name: str, home: Home) -> Iterator[Path]:
    """A hidden folder beside the datasets to prepare `name` in; gone afterwards, whatever happens.

    What a killed command left there is removed.

    Raises:
        DatasetError: The name isn't accepted, or the home can't be written.
    """
    check_name(name)
    with ExitStack() as stack:
        try:
            home.datasets.mkdir(parents=True, exist_ok=True)
            clear_leftovers(home.datasets)
            folder = stack.enter_context(working_folder(home.datasets, name, PARTIAL))
        except OSError as error:
            raise _not_writable(home, error) from None
        try:
            yield folder
        except (OSError, pl.exceptions.PolarsError) as error:
            if not isinstance(error, OSError) and not is_full(error):
                raise
            n_bytes = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            raise _not_writable(home, error, n_bytes) from error


def save_dataset(folder: Path, card: DatasetCard, home: Home, *, replace: bool) -> None:
    """Writes the card into a folder that holds the arrays and label maps, and gives the folder its place.

    Args:
        folder: Within `writing_folder`.
        card: The card; its name is the dataset's.
        home: Where datasets are.
        replace: Whether a dataset of this name and other content is replaced.

    Raises:
        DatasetError: The name is taken by other content and `replace` is False.
    """
    _write_text(folder / CARD, card.model_dump_json(indent=2) + "\n")
    folder.chmod(0o755)
    remove_owner(folder)
    with working_folder(home.datasets, card.name, OLD) as old:
        for _ in range(MOST_ATTEMPTS):
            _check_free(card, home, replace=replace)
            shutil.rmtree(old / REPLACED, ignore_errors=True)
            if swap(folder, home.datasets / card.name, old / REPLACED):
                return
    raise DatasetError(
        f"Other processes keep writing a dataset {card.name!r} under {home.datasets}, and one of theirs stands there now. "
        "Choose another --name, or prepare it again when they are done."
    )


def _check_free(card: DatasetCard, home: Home, *, replace: bool) -> None:
    target = home.datasets / card.name
    if target.exists() and not replace and not _holds(card, home):
        raise DatasetError(
            f"The name {card.name!r} is taken by a dataset of other content ({target}). "
            "Choose another --name, or replace it with --replace."
        )


def replace_best_reachable(name: str, home: Home, best: BestReachable) -> DatasetCard:
    """Puts the best reachable hit rate on a stored dataset's card, at once or not at all.

    Raises:
        DatasetError: There is no dataset of this name, or its card is damaged.
    """
    card = read_card(name, home).model_copy(update={"best_reachable": best})
    text = card.model_dump_json(indent=2) + "\n"
    try:
        write_whole(home.datasets / name / CARD, lambda path: _write_text(path, text))
    except OSError as error:
        raise _not_writable(home, error) from error
    return card


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


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


def _holds(card: DatasetCard, home: Home) -> bool:
    try:
        return read_card(card.name, home).content_hash == card.content_hash
    except DatasetError:
        return False


def _open_array(folder: Path, array: str) -> NDArray[Any]:
    try:
        opened: NDArray[Any] = np.load(folder / f"{array}.npy", mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise _damaged(folder, f"{array}.npy is missing") from None
    except (ValueError, OSError, EOFError) as error:
        raise _damaged(folder, f"{array}.npy can't be read: {error}") from None
    return opened


def _read_labels(name: str, home: Home, file: str) -> pl.DataFrame:
    read_card(name, home)
    try:
        return pl.read_parquet(home.datasets / name / file, glob=False)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise _damaged(home.datasets / name, f"{file} can't be read: {str(error).splitlines()[0]}") from None


def _damaged(folder: Path, what: str) -> DatasetError:
    return DatasetError(f"The dataset in {folder} is damaged: {what}. Prepare it again with --replace.")


def _not_writable(home: Home, error: Exception, n_bytes: int = 0) -> DatasetError:
    """What to say where a dataset can't be written, of which so many bytes have been."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    written = f" after {megabytes(n_bytes)}, and {megabytes(free_bytes(home.datasets))} are free" if n_bytes else ""
    return DatasetError(
        f"Datasets can't be written under {home.datasets}: {reason}{written}. Set NSBENCH_HOME to another folder, or make room."
    )

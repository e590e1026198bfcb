"""Writes datasets under the home: into a hidden sibling folder that is renamed when whole, one for another or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import polars as pl

from nsbench.data.dataset import BestReachable, DatasetCard
from nsbench.data.leftover import OLD, PARTIAL, REPLACED, clear_leftovers, remove_owner, working_folder
from nsbench.data.store import CARD, check_name, read_card
from nsbench.data.swap import MOST_ATTEMPTS, swap
from nsbench.errors import DatasetError
from nsbench.files.disk import free_bytes, is_full, megabytes, write_atomically
from nsbench.files.home import Home


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


def replace_best_reachable(
    name: str, home: Home, best: BestReachable, most_wanted: BestReachable | None = None
) -> DatasetCard:
    """Puts the best reachable hit rates on a stored dataset's card, at once or not at all.

    Raises:
        DatasetError: There is no dataset of this name, or its card is damaged.
    """
    card = read_card(name, home).model_copy(update={"best_reachable": best, "most_wanted": most_wanted})
    text = card.model_dump_json(indent=2) + "\n"
    try:
        write_atomically(home.datasets / name / CARD, lambda path: _write_text(path, text))
    except OSError as error:
        raise _not_writable(home, error) from error
    return card


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _holds(card: DatasetCard, home: Home) -> bool:
    try:
        return read_card(card.name, home).content_hash == card.content_hash
    except DatasetError:
        return False


def _not_writable(home: Home, error: Exception, n_bytes: int = 0) -> DatasetError:
    """What to say where a dataset can't be written, of which some bytes have been."""
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
    written = f" after {megabytes(n_bytes)}, and {megabytes(free_bytes(home.datasets))} are free" if n_bytes else ""
    return DatasetError(
        f"Datasets can't be written under {home.datasets}: {reason}{written}. Set NSBENCH_HOME to another folder, or make room."
    )

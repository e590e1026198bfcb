"""Loading, damage and names of stored datasets."""

from pathlib import Path

import numpy as np
import pytest

from nsbench.data import store
from nsbench.data.dataset import BestReachable, DatasetCard
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import (
    ARRAYS,
    dataset_exists,
    dataset_names,
    load_dataset,
    read_card,
    read_item_labels,
)
from nsbench.data.store_writing import replace_best_reachable
from nsbench.errors import DatasetError
from nsbench.files.home import Home
from tests.data.interaction import rows_of, write_csv
from tests.full_disk import full_disk


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    prepare_log(write_csv(tmp_path / "log.csv"), ReadOptions(), PrepareOptions(), "shop", home)
    return home


def test_a_dataset_comes_back_memory_mapped(home: Home) -> None:
    dataset = load_dataset("shop", home)
    assert isinstance(dataset.item_ids, np.memmap)
    assert (dataset.n_users, dataset.n_items, len(dataset.item_ids)) == (4, 5, 40)
    assert not dataset.item_ids.flags.writeable


def test_nothing_but_the_dataset_is_kept(home: Home) -> None:
    files = {path.name for path in (home.datasets / "shop").iterdir()}
    assert files == {"card.json", "users.parquet", "items.parquet", *(f"{name}.npy" for name in ARRAYS)}


def test_a_missing_dataset_names_those_there_are_and_the_closest(home: Home) -> None:
    with pytest.raises(DatasetError, match=r"no dataset 'shp' \(did you mean 'shop'\?\).*Prepared are: shop\."):
        load_dataset("shp", home)


def test_a_folder_that_is_being_written_is_no_dataset(home: Home) -> None:
    (home.datasets / ".other.x.partial").mkdir()
    assert dataset_names(home) == ["shop"]
    assert not dataset_exists("other", home)


@pytest.mark.parametrize("file", ["card.json", *(f"{name}.npy" for name in ARRAYS)])
@pytest.mark.parametrize("damage", ["gone", "cut", "garbage"])
def test_damage_to_any_file_is_noticed(home: Home, file: str, damage: str) -> None:
    path = home.datasets / "shop" / file
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes(content[:-8] if damage == "cut" else b"garbage" * 40)
    with pytest.raises(DatasetError, match=f"is damaged: {file}.*--replace"):
        load_dataset("shop", home)


def test_missing_labels_are_noticed_when_they_are_read(home: Home) -> None:
    (home.datasets / "shop" / "items.parquet").unlink()
    assert load_dataset("shop", home).n_items == 5
    with pytest.raises(DatasetError, match=r"damaged: items\.parquet"):
        read_item_labels("shop", home)


def test_the_best_reachable_hit_rate_goes_on_the_card(home: Home) -> None:
    best = BestReachable(k=10, hit_rate={"all": 0.5})
    before = read_card("shop", home)
    replace_best_reachable("shop", home, best)
    assert read_card("shop", home) == before.model_copy(update={"best_reachable": best})


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "ä", "x" * 101])
def test_names_that_are_no_folder_names_are_refused(home: Home, name: str) -> None:
    with pytest.raises(DatasetError, match="can't be called"):
        load_dataset(name, home)


def test_a_home_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatasetError, match="can't be written under .*Set NSBENCH_HOME"):
        prepare_log(write_csv(tmp_path / "log.csv"), ReadOptions(), PrepareOptions(), "shop", Home(tmp_path / "file"))


@pytest.mark.parametrize("n_bytes", [150, 1200])
def test_a_disk_that_fills_up_is_named_and_nothing_half_written_stays(tmp_path: Path, n_bytes: int) -> None:
    home = Home(tmp_path / "home")
    log = write_csv(tmp_path / "log.csv")
    with (
        full_disk(n_bytes),
        pytest.raises(DatasetError, match=r"can't be written under .* after .* MB, and .* MB are free"),
    ):
        prepare_log(log, ReadOptions(), PrepareOptions(), "shop", home)
    assert not list(home.datasets.iterdir())


def test_two_that_replace_a_dataset_at_once_leave_one_of_theirs_whole(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one swaps in the moment when the first has taken the old dataset away; the first then takes its place."""
    other = write_csv(tmp_path / "other.csv", rows_of(50))
    rename = Path.rename
    swapped = []

    def renamed(path: Path, target: Path) -> Path:
        if path.name.endswith(".partial") and not swapped:
            swapped.append(path)
            prepare_log(other, ReadOptions(), PrepareOptions(), "shop", home, replace=True)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", renamed)
    first = write_csv(tmp_path / "first.csv", rows_of(60))
    card = prepare_log(first, ReadOptions(), PrepareOptions(), "shop", home, replace=True)
    assert swapped
    assert load_dataset("shop", home).card == card
    assert [path.name for path in home.datasets.iterdir()] == ["shop"]


def test_a_dataset_that_is_replaced_while_it_is_opened_is_opened_anew(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log is replaced between the card and the arrays: what is opened is of the new one throughout."""
    other = write_csv(tmp_path / "other.csv", rows_of(50))
    read, replaced = store.read_card, []

    def replacing(name: str, at: Home) -> DatasetCard:
        card = read(name, at)
        if not replaced:
            replaced.append(card)
            prepare_log(other, ReadOptions(), PrepareOptions(), "shop", home, replace=True)
        return card

    monkeypatch.setattr(store, "read_card", replacing)
    dataset = load_dataset("shop", home)
    assert dataset.card == read("shop", home) != replaced[0]
    assert len(dataset.item_ids) == dataset.card.n_interactions

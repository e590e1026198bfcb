"""A DataFrame becomes the dataset that a file of the same rows becomes."""

import json
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

import nsbench
from tests.api.conftest import small_log
from tests.cli.in_process import nsbench as command


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_a_frame_and_the_command_on_its_file_give_the_same_dataset(tmp_path: Path, home: Path) -> None:
    small_log().to_csv(tmp_path / "log.csv", index=False)
    shown = command(home, "data", "prepare", str(tmp_path / "log.csv"), "--name", "file", "--json")
    card = json.loads(shown.out)["card"]
    frame = nsbench.prepare(small_log(), name="frame", home=home)
    assert frame.card.content_hash == card["content_hash"]
    assert frame.notices == tuple(json.loads(shown.out)["notices"])
    assert frame.card.source == "a DataFrame of 1,500 rows"
    assert {key: value for key, value in frame.card.options.items()} == card["options"]


@pytest.mark.parametrize(
    "log",
    [
        pl.from_pandas(small_log()),
        pl.from_pandas(small_log()).lazy(),
        small_log().set_index(["user_id", "timestamp"]),
        small_log().astype({"user_id": "category", "item_id": "object"}),
        small_log().assign(timestamp=lambda frame: pd.to_datetime(frame.timestamp, unit="s", utc=True)),
    ],
    ids=["polars", "lazy", "index", "categories", "dates"],
)
def test_other_forms_of_the_same_rows_give_the_same_dataset(log: pd.DataFrame, home: Path) -> None:
    same = nsbench.prepare(small_log(), name="same", home=home)
    assert nsbench.prepare(log, name="other", home=home).card.content_hash == same.card.content_hash


def test_options_are_those_of_the_command(tmp_path: Path, home: Path) -> None:
    small_log().to_csv(tmp_path / "log.csv", index=False)
    options = ("--session-gap", "2h", "--drop-repeats", "--min-item-interactions", "5", "--split-by", "rows", "--json")
    shown = command(home, "data", "prepare", str(tmp_path / "log.csv"), "--name", "file", *options)
    found = nsbench.prepare(
        tmp_path / "log.csv",
        name="mine",
        session_gap="2h",
        repeats="drop",
        min_item_interactions=5,
        split_by="rows",
        home=home,
    )
    assert found.card.content_hash == json.loads(shown.out)["card"]["content_hash"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda log: log.drop(columns="timestamp"),
            r"No column of the DataFrame is recognised as the time.* time_column",
        ),
        (lambda log: log.assign(user_id=None), r"the DataFrame, row 1: .* without a user"),
        (
            lambda log: log.assign(item_id=[1, *log.item_id[1:]]),
            "'item_id' of the DataFrame holds values that are not all",
        ),
        (lambda log: pd.concat([log, log.item_id], axis=1), "two columns of one name: 'item_id'"),
        (lambda log: log.head(0), "empty"),
        (lambda log: log.item_id.tolist(), "not a list"),
    ],
)
def test_a_log_that_cannot_be_read_is_refused_and_leaves_nothing(change: object, said: str, home: Path) -> None:
    with pytest.raises(nsbench.LogError, match=said):
        nsbench.prepare(change(small_log()), name="bad", home=home)  # type: ignore[operator]
    assert not home.exists() or [*(home / "datasets").iterdir()] == []


def test_an_option_that_is_not_accepted_is_named_as_the_argument_is(home: Path) -> None:
    with pytest.raises(nsbench.SettingsError, match="valid_share 2"):
        nsbench.prepare(small_log(), name="bad", valid_share=2, home=home)
    with pytest.raises(nsbench.SettingsError, match="time_unit = 'weeks': accepted are auto"):
        nsbench.prepare(small_log(), name="bad", time_unit="weeks", home=home)  # type: ignore[arg-type]


def test_a_handle_shows_its_sizes_and_can_be_had_again(home: Path) -> None:
    shop = nsbench.prepare(small_log(), name="shop", home=home)
    assert shop.table.loc["shop", "interactions"] == 1500
    assert "<td>1500</td>" in shop._repr_html_()
    assert nsbench.Dataset.open("shop", home).card == shop.card
    with pytest.raises(nsbench.DatasetError, match="no dataset 'shpo'"):
        nsbench.Dataset.open("shpo", home)


def test_a_handle_of_what_was_replaced_is_refused(home: Path) -> None:
    shop = nsbench.prepare(small_log(), name="shop", home=home)
    nsbench.prepare(small_log().head(1200), name="shop", replace=True, home=home)
    with pytest.raises(nsbench.DatasetError, match="has been replaced"):
        nsbench.train("random", shop)


def test_a_home_that_is_not_the_handle_s_is_refused(home: Path, tmp_path: Path) -> None:
    shop = nsbench.prepare(small_log(), name="shop", home=home)
    with pytest.raises(nsbench.SettingsError, match="leave home out"):
        nsbench.train("random", shop, home=tmp_path / "another")


def test_frames_of_an_own_split_are_the_files_of_the_command(tmp_path: Path, home: Path) -> None:
    log = small_log().sort_values("timestamp")
    parts = {"train": log[:1200], "valid": log[1200:1350], "test": log[1350:]}
    for part, rows in parts.items():
        rows.to_csv(tmp_path / f"{part}.csv", index=False)
    words = [word for part in parts for word in (f"--{part}", str(tmp_path / f"{part}.csv"))]
    shown = command(home, "data", "prepare", *words, "--name", "file", "--json")
    frames = nsbench.prepare(**parts, name="frames", home=home)
    assert frames.card.content_hash == json.loads(shown.out)["card"]["content_hash"]
    assert (frames.card.n_train, frames.card.n_valid, frames.card.n_test) == (1200, 150, 150)
    assert frames.card.source.startswith("a DataFrame of 1,200 rows (train)")
    files = nsbench.prepare(
        train=tmp_path / "train.csv", valid=parts["valid"], test=parts["test"], name="mixed", home=home
    )
    assert files.card.content_hash == frames.card.content_hash


def test_several_files_and_a_date_are_taken_as_by_the_command(tmp_path: Path, home: Path) -> None:
    log = small_log()
    whole = nsbench.prepare(log, name="whole", home=home)
    log[:700].to_csv(tmp_path / "a.csv", index=False)
    log[700:].to_csv(tmp_path / "b.csv", index=False)
    assert (
        nsbench.prepare([tmp_path / "a.csv", str(tmp_path / "b.csv")], name="two", home=home).card.content_hash
        == whole.card.content_hash
    )
    valid, test = whole.card.valid_from, whole.card.test_from
    dates = nsbench.prepare(log, name="dates", valid_from=valid, test_from=test, home=home)
    assert dates.card.content_hash == whole.card.content_hash


def test_a_name_and_a_log_are_needed(home: Path) -> None:
    with pytest.raises(nsbench.SettingsError, match="name is missing"):
        nsbench.prepare(small_log(), home=home)
    with pytest.raises(nsbench.SettingsError, match="No log is given: .*train FILE"):
        nsbench.prepare(name="none", home=home)
    with pytest.raises(nsbench.SettingsError, match="valid is missing.* or valid_share 0.05"):
        nsbench.prepare(name="none", train=small_log(), test=small_log(), home=home)

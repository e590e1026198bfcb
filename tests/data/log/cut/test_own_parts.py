"""Training, validation and test that come as files of their own."""

from pathlib import Path

import polars as pl
import pytest

from nsbench.command.prepare import prepare_dataset
from nsbench.data.dataset import Dataset
from nsbench.data.log.columns.column import Columns
from nsbench.data.log.given_log import given_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import dataset_names, load_dataset, read_item_labels, read_user_labels
from nsbench.errors import LogError, SettingsError
from nsbench.files.home import Home
from tests.data.interaction import START, Row, write_csv

TRAIN: list[Row] = [(1, 10, 0), (1, 11, 60), (2, 10, 500), (2, 12, 560), (3, 11, 10)]
VALID: list[Row] = [(1, 12, 120), (2, 11, 100)]
TEST: list[Row] = [(1, 13, 400), (2, 13, 50), (4, 10, 600)]
"""User 2's validation and test come before its training; user 4 is new in test; item 13 is cold."""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def written(folder: Path, valid: list[Row] | None = None, **others: list[Row]) -> dict[str, Path | None]:
    rows = {"train": TRAIN, "valid": VALID if valid is None else valid, "test": TEST, **others}
    return {part: write_csv(folder / f"{part}.csv", own) for part, own in rows.items()}


def prepared(files: dict[str, Path | None], home: Home, read: ReadOptions | None = None, **options: object) -> Dataset:
    log = given_log((), files)  # type: ignore[arg-type] - The names are those of parts.
    prepare_dataset(log, read or ReadOptions(), PrepareOptions.model_validate(options), "own", home, replace=True)
    return load_dataset("own", home)


def parts_of(dataset: Dataset, home: Home) -> dict[int, list[list[int]]]:
    """Each user's items in training, validation and test, by the log's labels."""
    users, items = read_user_labels("own", home)["label"].to_list(), read_item_labels("own", home).to_numpy()
    bounds = zip(dataset.offsets, dataset.train_end, dataset.valid_end, dataset.offsets[1:], strict=False)
    return {
        user: [items[dataset.item_ids[a:b] - 1].tolist() for a, b in ((start, first), (first, second), (second, end))]
        for user, (start, first, second, end) in zip(users, bounds, strict=True)
    }


def test_no_row_is_moved_from_one_part_to_another(tmp_path: Path, home: Home) -> None:
    dataset = prepared(written(tmp_path), home)
    assert parts_of(dataset, home) == {
        1: [[10, 11], [12], [13]],
        2: [[10, 12], [11], [13]],
        3: [[11], [], []],
        4: [[], [], [10]],
    }
    card = dataset.card
    assert (card.n_train, card.n_valid, card.n_test, card.n_new_test_users, card.n_cold_test_items) == (5, 2, 3, 1, 1)
    assert (card.valid_from, card.test_from) == (START + 100, START + 50)
    assert card.source == "train.csv (train), valid.csv (valid), test.csv (test)"
    assert card.options["split"] == "files"
    assert not {"valid_share", "test_share", "split_by"} & card.options.keys()


def test_what_leaks_is_counted(tmp_path: Path, home: Home) -> None:
    """Test is at 50, 400 and 600, training at 0, 60, 500, 560 and 10. Later than 50 are three of five, than 400 two. User 2
    alone has later parts before earlier ones.
    """
    leak = prepared(written(tmp_path), home).card.time_leak
    assert leak is not None
    assert (leak.after_first_test_share, leak.after_median_test_share, leak.n_users_out_of_order) == (0.6, 0.4, 1)


def test_files_that_are_cut_in_time_leak_nothing(tmp_path: Path, home: Home) -> None:
    files = written(tmp_path, [(1, 12, 600), (2, 11, 610)], test=[(1, 13, 700), (2, 13, 700)])
    leak = prepared(files, home).card.time_leak
    assert leak is not None
    assert (leak.after_first_test_share, leak.after_median_test_share, leak.n_users_out_of_order) == (0, 0, 0)


def test_parts_may_be_of_any_format_and_types(tmp_path: Path, home: Home) -> None:
    """Parquet holds numbers and a date type where CSV holds texts."""
    files = written(tmp_path)
    plain = prepared(files, home).card.content_hash
    columns = {"user_id": [r[0] for r in TEST], "item_id": [r[1] for r in TEST]}
    frame = pl.DataFrame(columns | {"timestamp": [START + r[2] for r in TEST]})
    frame.with_columns(pl.from_epoch("timestamp")).write_parquet(tmp_path / "test.parquet")
    assert prepared({**files, "test": tmp_path / "test.parquet"}, home).card.content_hash == plain


def test_recbole_files_are_read_as_they_are(tmp_path: Path, home: Home) -> None:
    plain = prepared(written(tmp_path), home).card.content_hash
    files: dict[str, Path | None] = {}
    for part, rows in (("train", TRAIN), ("valid", VALID), ("test", TEST)):
        lines = [f"{user}\t{item}\t5.0\t{START + time}.0" for user, item, time in rows]
        files[part] = tmp_path / f"x.{part}.inter"
        head = "user_id:token\titem_id:token\trating:float\ttimestamp:float"
        (tmp_path / f"x.{part}.inter").write_text("\n".join([head, *lines]) + "\n")
    assert prepared(files, home).card.content_hash == plain


def test_validation_is_taken_from_training_where_that_is_asked_for(tmp_path: Path, home: Home) -> None:
    """Training is at 0, 10, 60, 500, 560; 40 % of five are two: those at 500 and 560, both of user 2."""
    files = written(tmp_path) | {"valid": None}
    dataset = prepared(files, home, valid_share=0.4)
    assert parts_of(dataset, home)[2] == [[], [10, 12], [13]]
    assert parts_of(dataset, home)[1] == [[10, 11], [], [13]]
    assert dataset.card.options["valid_share"] == 0.4
    with pytest.raises(SettingsError, match="--valid is missing.*--valid-share 0.05"):
        prepared(files, home)


def test_files_without_times_stay_in_the_order_of_their_rows(tmp_path: Path, home: Home) -> None:
    for part, text in (("train", "1,10\n2,11\n1,11\n"), ("valid", "2,10\n"), ("test", "1,12\n2,12\n")):
        (tmp_path / f"{part}.csv").write_text(f"user,item\n{text}")
    files: dict[str, Path | None] = {part: tmp_path / f"{part}.csv" for part in ("train", "valid", "test")}
    dataset = prepared(files, home, ReadOptions(columns=Columns(time="none")))
    assert parts_of(dataset, home) == {1: [[10, 11], [], [12]], 2: [[11], [10], [12]]}
    assert dataset.card.time_leak is None


def test_ties_of_one_part_and_not_with_another_are_counted(tmp_path: Path, home: Home) -> None:
    """User 1's last two test rows share a time; its first one shares validation's, but the files say what came first."""
    test = [(1, 13, 120), (1, 10, 400), (1, 11, 400), (2, 13, 700)]
    card = prepared(written(tmp_path, test=test), home).card
    assert card.n_tied_test == 2
    assert prepared(written(tmp_path, test=test), home, ties="random").card.n_tied_test == 2


@pytest.mark.parametrize(
    ("change", "options", "said"),
    [
        (
            {"valid": [TRAIN[2], *VALID]},
            {},
            r"1 rows stand in two.*row 3 of --train and row 1 of --valid.*--duplicates keep",
        ),
        ({"test": []}, {}, "--test: nothing is left"),
        ({"valid": []}, {}, "--valid: nothing is left"),
        ({}, {"test_share": 0.1, "split_by": "rows"}, "--test-share, --split-by cuts a log"),
        ({}, {"split": "leave-one-out"}, "--split cuts a log"),
        ({}, {"valid_share": 0.1}, "--valid is given"),
        ({}, {"min_user_interactions": 2}, "--min-user-interactions would leave out"),
        ({}, {"session_gap_s": 60, "repeats": "drop"}, "--session-gap, --drop-repeats would leave out"),
    ],
)
def test_what_makes_no_sense_is_refused_and_leaves_nothing(
    change: dict[str, list[Row]], options: dict[str, object], said: str, tmp_path: Path, home: Home
) -> None:
    with pytest.raises((LogError, SettingsError), match=said):
        prepared(written(tmp_path, **change), home, **options)
    assert dataset_names(home) == []


def test_rows_that_stand_in_two_parts_can_be_kept(tmp_path: Path, home: Home) -> None:
    files = written(tmp_path, [TRAIN[2], *VALID])
    assert prepared(files, home, duplicates="keep").card.n_interactions == 11


def test_a_file_is_given_once_and_a_log_in_one_way(tmp_path: Path) -> None:
    files = written(tmp_path)
    with pytest.raises(LogError, match="train.csv is given twice"):
        given_log((), {"train": files["train"], "test": tmp_path / "." / "train.csv"})
    with pytest.raises(SettingsError, match="--train too, which comes cut"):
        given_log([tmp_path / "valid.csv"], {"train": files["train"], "test": files["test"]})
    with pytest.raises(SettingsError, match="--test is missing"):
        given_log((), {"train": files["train"]})
    with pytest.raises(SettingsError, match="No log is given"):
        given_log((), {})

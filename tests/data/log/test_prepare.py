"""From a log file to a stored dataset."""

import os
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from nsbench.data.dataset import Dataset, DatasetCard
from nsbench.data.log import prepare as prepare_module
from nsbench.data.log import table as table_module
from nsbench.data.log.prepare import prepare_frame, prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.origin import FrameOrigin
from nsbench.data.store import dataset_names, load_dataset, read_item_labels, read_user_labels
from nsbench.errors import DatasetError, LogError
from nsbench.files.home import Home
from tests.data.interaction import FORMATS, START, Row, rows_of, write_csv


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def prepared(home: Home, rows: list[Row], options: PrepareOptions | None = None, name: str = "log") -> Dataset:
    home.root.mkdir(exist_ok=True)
    path = write_csv(home.root / "log.csv", rows)
    prepare_log(path, ReadOptions(), options or PrepareOptions(), name, home)
    return load_dataset(name, home)


def of_labels(dataset: Dataset, home: Home) -> dict[int, list[int]]:
    """Each user's items, by the log's labels."""
    users, items = read_user_labels("log", home)["label"].to_list(), read_item_labels("log", home).to_numpy()
    bounds = zip(dataset.offsets, dataset.offsets[1:], strict=False)
    return {
        user: items[dataset.item_ids[start:end] - 1].tolist() for user, (start, end) in zip(users, bounds, strict=True)
    }


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> DatasetCard:
    folder = tmp_path_factory.mktemp("reference")
    return prepare_log(write_csv(folder / "log.csv"), ReadOptions(), PrepareOptions(), "log", Home(folder / "home"))


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_interactions_give_the_same_hash_in_every_format(
    name: str, reference: DatasetCard, tmp_path: Path, home: Home
) -> None:
    FORMATS[name](tmp_path / name, rows_of())
    card = prepare_log(tmp_path / name, ReadOptions(), PrepareOptions(), "log", home)
    assert card.n_interactions == 40
    assert card.content_hash == reference.content_hash


def test_each_users_row_is_training_validation_and_test_in_time_order(home: Home) -> None:
    """20 interactions of users 1 and 2 in turn; 10 % are 2: rows 16 and 17 validation, 18 and 19 test."""
    rows = [(1 + k % 2, 10 + k % 3, 60 * k) for k in range(20)]
    dataset = prepared(home, rows, PrepareOptions(valid_share=0.1, test_share=0.1))
    assert dataset.offsets.tolist() == [0, 10, 20]
    assert dataset.train_end.tolist() == [8, 18]
    assert dataset.valid_end.tolist() == [9, 19]
    assert dataset.timestamps[:10].tolist() == [START + 120 * k for k in range(10)]
    assert of_labels(dataset, home) == {u: [row[1] for row in rows if row[0] == u] for u in (1, 2)}
    assert (dataset.card.valid_from, dataset.card.test_from) == (START + 16 * 60, START + 18 * 60)
    assert (dataset.card.first_time, dataset.card.last_time) == (START, START + 19 * 60)


def test_items_are_numbered_by_falling_training_interactions_and_cold_ones_last(home: Home) -> None:
    """Training (first 8 of 10): item 7 four times, 5 and 6 twice each (tie: 5 first); 9 in validation, 8 in test only."""
    items = [7, 6, 5, 7, 7, 6, 5, 7, 9, 8]
    rows = [(1 + k % 2, item, k) for k, item in enumerate(items)]
    dataset = prepared(home, rows, PrepareOptions(valid_share=0.1, test_share=0.1))
    assert read_item_labels("log", home).to_list() == [7, 5, 6, 8, 9]
    assert dataset.train_counts.tolist() == [0, 4, 2, 2, 0, 0]
    assert dataset.n_candidates == 3
    assert (dataset.card.n_cold_items, dataset.card.n_cold_test_items) == (2, 1)


def test_users_with_an_item_are_counted_once_each(home: Home) -> None:
    """User 1 has item 7 three times in training and user 2 once: 4 interactions, 2 users."""
    rows = [
        (1, 7, 0),
        (1, 7, 1),
        (1, 7, 2),
        (2, 7, 3),
        (2, 8, 4),
        (1, 8, 5),
        (2, 8, 6),
        (1, 8, 7),
        (1, 8, 8),
        (2, 7, 9),
    ]
    dataset = prepared(home, rows, PrepareOptions(valid_share=0.1, test_share=0.1))
    assert dataset.train_counts.tolist() == [0, 4, 4]
    assert dataset.train_user_counts.tolist() == [0, 2, 2]


def test_equal_times_keep_the_logs_order_whatever_the_chunks(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "CHUNK_ROWS", 3)
    monkeypatch.setattr(table_module, "DEALT_ROWS", 5)
    rows = [(1 + k % 2, 10 + (7 * k) % 9, 100 * (k // 6)) for k in range(36)]
    dataset = prepared(home, rows, PrepareOptions(valid_share=0.2, test_share=0.2))
    assert of_labels(dataset, home) == {u: [row[1] for row in rows if row[0] == u] for u in (1, 2)}
    assert dataset.card.n_ties == 36


def test_the_card_counts_new_users_and_repeats(home: Home) -> None:
    """User 3 comes with the last interaction only. Users 1 and 2 alternate over two items: of 19 interactions, all but 4
    pairs repeat one, and user 3 has none: 15 of 20.
    """
    rows = [(1 + k % 2, 10 + (k // 2) % 2, k) for k in range(19)] + [(3, 10, 19)]
    card = prepared(home, rows).card
    assert card.n_new_test_users == 1
    assert card.repeat_share == pytest.approx(15 / 20)
    assert card.seen_items == "keep"


def test_seen_items_are_excluded_where_nobody_repeats(home: Home) -> None:
    card = prepared(home, [(1 + k % 2, 10 + k, k) for k in range(20)]).card
    assert (card.repeat_share, card.seen_items) == (0.0, "exclude")


def test_preparing_twice_gives_the_same_hash_and_another_split_another(home: Home) -> None:
    first = prepared(home, rows_of()).card
    assert prepared(home, rows_of()).card.content_hash == first.content_hash
    other = prepared(home, rows_of(), PrepareOptions(test_share=0.2), name="other").card
    assert other.content_hash != first.content_hash


def test_visits_become_users_and_are_numbered_within_the_visitor(home: Home) -> None:
    """User 1 pauses an hour after ten minutes, so it has two visits of five; user 2 has one visit of ten."""
    rows = [(1, 10 + k, 60 * k + 3_600 * (k >= 5)) for k in range(10)] + [(2, 10 + k, 60 * k) for k in range(10)]
    dataset = prepared(home, rows, PrepareOptions(session_gap_s=1_800, valid_share=0.1, test_share=0.1))
    assert read_user_labels("log", home).rows() == [(1, 1), (1, 2), (2, 1)]
    assert np.diff(dataset.offsets).tolist() == [5, 5, 10]


def test_a_frame_goes_the_same_way_as_a_file(home: Home, reference: DatasetCard) -> None:
    users, items, times = zip(*rows_of(), strict=True)
    frame = pl.LazyFrame({"user": users, "item": items, "time": [START + time for time in times]})
    card = prepare_frame(frame, PrepareOptions(), FrameOrigin(what="a frame"), "log", home)
    assert card.content_hash == reference.content_hash
    assert (card.origin, card.source) == (FrameOrigin(what="a frame"), "a frame")


def test_leading_zeros_make_another_label(home: Home, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "log.csv")
    path.write_text(path.read_text().replace("\n1,", "\n01,", 1))
    prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)
    assert read_user_labels("log", home)["label"].to_list() == ["01", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("label", "others"),
    [("007", ["0", "007", "1"]), ("+7", ["+7", "0", "1"]), ("bob", ["0", "1", "10"]), ("5000000000", [0, 1, 2])],
)
def test_a_late_label_that_is_no_small_number_stands_for_itself(
    label: str, others: list[str | int], home: Home, tmp_path: Path
) -> None:
    """1,500 users 0 to 1,499, then one whose label can't be told from the first rows; text is in the order of its bytes."""
    rows = [(k % 1_500, 10 + k % 7, k) for k in range(3_000)]
    path = write_csv(tmp_path / "log.csv", rows)
    path.write_text(f"{path.read_text()}{label},10,{START + 5_000}\n{label},11,{START + 5_001}\n")
    card = prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)
    users = read_user_labels("log", home)["label"].to_list()
    assert card.n_users == 1_501
    assert users[:3] == others
    assert (int(label) if isinstance(others[0], int) else label) in users


def test_events_and_ratings_choose_rows_and_the_others_are_counted(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Of 40 rows, every second is a view and every fourth has 5 stars; both hold for rows 0, 4, 8, ...: 10 rows."""
    lines = [
        f"{u},{i},{START + t},{'view' if k % 2 == 0 else 'cart'},{5 if k % 4 == 0 else 3}"
        for k, (u, i, t) in enumerate((k % 3, i, t) for k, (_, i, t) in enumerate(rows_of()))
    ]
    path = tmp_path / "log.csv"
    path.write_text("\n".join(["user,item,time,event,rating", *lines]))
    read = ReadOptions(events=("view",), min_rating=4)
    card = prepare_log(path, read, PrepareOptions(valid_share=0.1, test_share=0.1), "log", home)
    assert card.n_interactions == 10
    assert "left out 20 rows of other events" in caplog.text
    assert "rows 10 with a lower rating" in caplog.text
    assert (card.options["events"], card.options["min_rating"], card.options["event_column"]) == ("view", 4, "event")
    with pytest.raises(LogError, match="no row left with the events buy: column 'event' holds 'view', 'cart'"):
        prepare_log(path, ReadOptions(events=("buy",)), PrepareOptions(), "log", home)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ([(1, k % 5, k) for k in range(20)], {}, "1 user and 5 items"),
        ([(k % 5, 1, k) for k in range(20)], {}, "5 users and 1 item in"),
        ([], {}, "is empty: it has columns but no row"),
        ([(k % 2, k % 3, k) for k in range(20)] * 2, {}, "20 rows have the user, item and time .*first is row 21"),
        (rows_of(), {"min_user_interactions": 99}, "After the filters, the log holds no interaction"),
        (rows_of(), {"test_share": 0.001}, "0 for test"),
    ],
)
def test_a_log_with_nothing_to_learn_is_refused_and_leaves_nothing(
    rows: list[Row], options: dict[str, float], message: str, home: Home
) -> None:
    with pytest.raises(LogError, match=message):
        prepared(home, rows, PrepareOptions.model_validate(options))
    assert list(home.datasets.iterdir()) == []


@pytest.mark.parametrize(("choice", "n_interactions"), [("drop", 40), ("keep", 41)])
def test_duplicates_go_or_stay_as_chosen(home: Home, choice: str, n_interactions: int) -> None:
    options = PrepareOptions.model_validate({"duplicates": choice})
    assert prepared(home, [*rows_of(), rows_of()[0]], options).card.n_interactions == n_interactions


def test_few_duplicates_are_kept_with_a_warning(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    rows = rows_of(200)
    assert prepared(home, [*rows, rows[0]]).card.n_interactions == 201
    assert "1 rows have the user, item and time of an earlier row" in caplog.text


def test_bad_rows_are_counted_and_the_first_is_named(
    home: Home, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Rows 3 to 5 of the file, lines 4 to 6: no user, no item, no time. The blank line is none."""
    lines = write_csv(tmp_path / "log.csv").read_text().splitlines()
    lines[3:3] = ["NaN,10,1400000000", "1,,1400000000", "1,10,yesterday", ""]
    path = tmp_path / "bad.csv"
    path.write_text("\n".join(lines))
    message = (
        r"bad.csv, line 4: user_id='NaN', item_id='10'.* 3 of 43 rows are bad: 1 without a user in 'user_id' "
        r"\('NaN': read as missing\), "
        r"1 without an item in 'item_id', 1 whose 'timestamp' is no time in seconds.*--skip-bad-rows"
    )
    with pytest.raises(LogError, match=message):
        prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)
    card = prepare_log(path, ReadOptions(skip_bad_rows=True), PrepareOptions(), "log", home)
    assert card.n_interactions == 40
    assert "3 of 43 rows are bad" in caplog.text


@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        ("log.csv", "1,2,3,4", "log.csv, line 42 has 4 fields where there are 3 columns"),
        ("log.json", '{"user_id": 1,', "log.json, line 41 is not JSON"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(home: Home, tmp_path: Path, name: str, bad: str, message: str) -> None:
    path = tmp_path / name
    if name.endswith("csv"):
        write_csv(path)
    else:
        FORMATS["reviews.json"](path, rows_of())
    with path.open("a") as stream:
        stream.write(bad + "\n")
    with pytest.raises(LogError, match=message):
        prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)
    assert dataset_names(home) == []


def test_a_log_that_ends_in_the_middle_is_refused(home: Home, tmp_path: Path) -> None:
    """Beyond the head that recognition reads, so that only the streaming pass can notice."""
    rows = [((k * 7919) % 5003, (k * 7919) % 3001, (k * 104_729) % 10**8) for k in range(20_000)]
    FORMATS["named.csv.gz"](tmp_path / "whole.csv.gz", rows)
    whole = (tmp_path / "whole.csv.gz").read_bytes()
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LogError, match=r"cut\.csv\.gz starts like gzip but can't be unpacked to its end"):
        prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)
    assert list(home.datasets.iterdir()) == []


def test_lists_are_no_labels_and_booleans_no_times(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pl.DataFrame({"user_id": [[1]], "item_id": [2], "timestamp": [3]}).write_parquet(path)
    with pytest.raises(LogError, match="'user_id' of .* holds List"):
        prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)
    pl.DataFrame({"user_id": [1], "item_id": [2], "timestamp": [True]}).write_parquet(path)
    with pytest.raises(LogError, match="'timestamp' holds no times but Boolean"):
        prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)


def test_a_name_with_other_content_needs_replace(home: Home, tmp_path: Path) -> None:
    prepared(home, rows_of())
    path = write_csv(tmp_path / "other.csv", rows_of(60))
    with pytest.raises(DatasetError, match="taken by a dataset of other content.*--replace"):
        prepare_log(path, ReadOptions(), PrepareOptions(), "log", home)
    assert load_dataset("log", home).card.n_interactions == 40
    prepare_log(path, ReadOptions(), PrepareOptions(), "log", home, replace=True)
    assert load_dataset("log", home).card.n_interactions == 60


def test_a_failure_on_the_way_leaves_the_earlier_dataset(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    prepared(home, rows_of())

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(prepare_module, "write_arrays", fail)
    with pytest.raises(KeyboardInterrupt):
        prepared(home, rows_of(60))
    assert load_dataset("log", home).card.n_interactions == 40
    assert [path.name for path in home.datasets.iterdir()] == ["log"]


@pytest.mark.parametrize("shares", [(0.0, 0.1), (0.1, 1.0), (0.5, 0.5), (-0.1, 0.1)])
def test_shares_out_of_range_are_refused(shares: tuple[float, float]) -> None:
    with pytest.raises(ValidationError):
        PrepareOptions(valid_share=shares[0], test_share=shares[1])


def test_a_file_name_that_is_no_text_is_stored_in_a_readable_form(tmp_path: Path, home: Home) -> None:
    path = tmp_path / os.fsdecode(b"m\xff.csv")
    write_csv(tmp_path / "m.csv").rename(path)
    assert prepare_log(path, ReadOptions(), PrepareOptions(), "log", home).source == "m\ufffd.csv"
    assert load_dataset("log", home).card.source == "m\ufffd.csv"

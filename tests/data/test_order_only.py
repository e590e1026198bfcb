"""Logs of which only the order is known: numbers that are no times, and logs without a column of times."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from nsbench.data.dataset import Dataset
from nsbench.data.description import describe
from nsbench.data.log.columns.column import Columns
from nsbench.data.log.option_value import TimeUnit
from nsbench.data.log.order_note import order_note
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset, read_item_labels
from nsbench.errors import LogError, SettingsError
from nsbench.files.home import Home
from tests.builder import dataset_of

PAIRS = [(1 + k % 4, 10 + (k * k + k // 4) % 5) for k in range(40)]
NONE = Columns(time="none")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def prepared(path: Path, home: Home, time: str | None = None, unit: TimeUnit = "auto", **options: object) -> Dataset:
    read = ReadOptions(columns=Columns(time=time), time_unit=unit)
    prepare_log(path, read, PrepareOptions.model_validate(options), "log", home, replace=True)
    return load_dataset("log", home)


def numbered(path: Path, numbers: Sequence[object], name: str = "place") -> Path:
    rows = [f"{user},{item},{number}" for (user, item), number in zip(PAIRS, numbers, strict=True)]
    path.write_text("\n".join([f"user,item,{name}", *rows]) + "\n")
    return path


def separated(separator: str, header: str = "") -> str:
    return "".join(f"{line}\n" for line in [*([header] if header else []), *(f"{u}{separator}{i}" for u, i in PAIRS)])


TEXTS = {
    "named.csv": separated(",", "user_id,item_id"),
    "bare.csv": separated(","),
    "named.tsv": separated("\t", "user_id\titem_id"),
    "bare.tsv": separated("\t"),
    "named.dat": separated("::", "UserID::MovieID"),
    "bare.dat": separated("::"),
    "blank.txt": separated(" "),
    "log.jsonl": "".join(f'{{"user": {user}, "item": {item}}}\n' for user, item in PAIRS),
}


@pytest.mark.parametrize("name", [*TEXTS, "log.parquet"])
def test_a_log_without_times_is_read_as_its_rows_numbers_would_be(name: str, tmp_path: Path, home: Home) -> None:
    path = tmp_path / name
    if name in TEXTS:
        path.write_text(TEXTS[name])
    else:
        pl.DataFrame(PAIRS, schema=["user", "item"], orient="row").write_parquet(path)
    rows = prepared(numbered(tmp_path / "numbered.csv", range(1, 41)), home, "place", "order")
    bare = prepared(path, home, "none")
    assert bare.card.content_hash == rows.card.content_hash
    assert (bare.card.first_time, bare.card.test_from, bare.card.last_time) == (1, 39, 40)
    assert (bare.card.options["time_column"], bare.card.options["time_unit"]) == ("none", "order")


def test_a_rating_is_told_from_the_items_of_a_log_without_header_and_times(tmp_path: Path, home: Home) -> None:
    (tmp_path / "log.dat").write_text("".join(f"{user}::{item}::{1 + (item > 10)}\n" for user, item in PAIRS))
    read = ReadOptions(columns=NONE, min_rating=2)
    card = prepare_log(tmp_path / "log.dat", read, PrepareOptions(), "log", home)
    assert card.options["rating_column"] == "3"
    assert read_item_labels("log", home).sort().to_list() == [11, 12, 13, 14]
    assert card.last_time == max(k + 1 for k, (_, item) in enumerate(PAIRS) if item > 10)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        (range(1, 41), range(1, 41)),
        (range(-20, 20), range(-20, 20)),
        ([k / 40 for k in range(40)], range(0, 1_000_000, 25_000)),
        ([10**18 + 7 * k for k in range(40)], [10**18 + 7 * k for k in range(40)]),
    ],
    ids=["ranks", "negative", "shares", "ids"],
)
def test_numbers_in_order_are_cut_between_any_two_of_them(
    numbers: Sequence[float], expected: Sequence[int], tmp_path: Path, home: Home
) -> None:
    """Of 40, 5 % are 2: training ends before the 37th, validation before the 39th. Fractions count in millionths."""
    card = prepared(numbered(tmp_path / "log.csv", numbers), home, "place", "order").card
    assert (card.n_train, card.n_valid, card.n_test) == (36, 2, 2)
    assert (card.first_time, card.valid_from, card.test_from, card.last_time) == tuple(
        expected[k] for k in (0, 36, 38, 39)
    )


def test_equal_numbers_stay_together_and_rows_order_them(tmp_path: Path, home: Home) -> None:
    dataset = prepared(
        numbered(tmp_path / "log.csv", [k // 10 for k in range(40)]),
        home,
        "place",
        "order",
        valid_share=0.25,
        test_share=0.25,
        duplicates="keep",
    )
    assert (dataset.card.n_train, dataset.card.n_valid, dataset.card.n_test) == (20, 10, 10)
    labels = read_item_labels("log", home).to_numpy()
    assert labels[dataset.item_ids[:10] - 1].tolist() == [item for user, item in PAIRS if user == 1]


def test_words_and_dates_among_numbers_in_order_are_bad_rows(tmp_path: Path, home: Home) -> None:
    path = numbered(tmp_path / "log.csv", [*range(38), "2020-01-01", "soon"])
    with pytest.raises(LogError, match="line 40: .*2 whose 'place' is no number"):
        prepared(path, home, "place", "order")


@pytest.mark.parametrize(("time", "unit"), [(None, "order"), ("none", "auto")])
def test_visits_are_not_cut_by_an_order(time: str | None, unit: TimeUnit, tmp_path: Path, home: Home) -> None:
    path = numbered(tmp_path / "log.csv", range(40), "time")
    with pytest.raises(SettingsError, match="--session-gap cuts sessions by time, and with --time-"):
        prepared(path, home, time, unit, session_gap_s=1_800)
    assert not home.root.exists()


def test_nothing_is_a_duplicate_where_no_two_rows_share_a_time(tmp_path: Path, home: Home) -> None:
    """Every row twice, which is refused where the two share a time; without, one comes right after the other."""
    single = tmp_path / "single.csv"
    single.write_text(TEXTS["named.csv"])
    n_single = prepared(single, home, "none", repeats="drop-immediate").card.n_interactions
    path = tmp_path / "log.csv"
    path.write_text("user,item\n" + "".join(f"{user},{item}\n" * 2 for user, item in PAIRS))
    assert prepared(path, home, "none").card.n_interactions == 80
    assert prepared(path, home, "none", repeats="drop-immediate").card.n_interactions == n_single
    with pytest.raises(SettingsError, match="--duplicates drop .*no two rows share a time.*--drop-immediate-repeats"):
        prepared(path, home, "none", duplicates="drop")


def test_a_unit_of_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValidationError, match="--time-unit minutes says .* --time-column none"):
        ReadOptions(columns=NONE, time_unit="minutes")


def test_a_column_called_none_is_read_by_its_place(
    tmp_path: Path, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    path = numbered(tmp_path / "log.csv", [1_600_000_000 - k for k in range(40)], "none")
    assert prepared(path, home, "none").card.last_time == 40
    assert "has a column called 'none'" in caplog.text
    assert "--time-column 3" in caplog.text
    card = prepared(path, home, "3").card
    assert (card.last_time, card.options["time_column"], card.times_are_order) == (1_600_000_000, "3", False)


def test_a_column_of_times_that_is_not_read_is_warned_of(
    tmp_path: Path, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    prepared(numbered(tmp_path / "log.csv", range(40), "timestamp"), home, "none")
    assert "has a column 'timestamp' that is called like times" in caplog.text


@pytest.mark.parametrize("name", ["named.csv", "bare.csv", "blank.txt", "log.jsonl"])
def test_a_log_without_times_is_told_of_the_option(name: str, tmp_path: Path, home: Home) -> None:
    (tmp_path / name).write_text(TEXTS[name])
    with pytest.raises(LogError, match="in order of time, say --time-column none"):
        prepared(tmp_path / name, home)


def test_numbers_in_order_are_not_warned_of_as_odd_times(
    tmp_path: Path, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    prepared(numbered(tmp_path / "log.csv", range(40)), home, "place", "order")
    assert caplog.text == ""


def test_an_order_has_no_days() -> None:
    description = describe(ordered(dataset_of(train=[[1, 1], [1]], test=[[2], [1]])))
    assert description.times_are_order
    assert (description.first_day, description.last_day, description.span_days) == (None, None, None)


def test_a_card_without_a_unit_has_times() -> None:
    """Those of synthetic logs, and those that older versions wrote."""
    assert not dataset_of(train=[[1]], test=[[1]]).card.times_are_order


def test_numbers_that_begin_anew_with_every_user_are_doubted() -> None:
    dataset = ordered(dataset_of(train=[[1, 1], [1, 1]], test=[[1], [1]]))
    anew = replace(dataset, timestamps=np.array([0, 1, 2, 0, 1, 2]))
    assert "2 of 2 users begin at the log's first number" in order_note(anew)
    assert order_note(replace(anew, timestamps=np.array([0, 2, 4, 1, 3, 5]))) == ""


def test_a_log_user_by_user_is_doubted_where_only_its_order_is_known() -> None:
    dataset = dataset_of(train=[[1, 1], [1, 1]], test=[[1], [1]])
    by_user = replace(dataset, timestamps=np.array([0, 1, 2, 3, 4, 5]))
    assert "the log goes user by user" in order_note(ordered(by_user))
    assert order_note(by_user) == ""


def ordered(dataset: Dataset) -> Dataset:
    """The same, with nothing known but the order."""
    return replace(dataset, card=dataset.card.model_copy(update={"options": {"time_unit": "order"}}))

"""What is said where filters leave too little: which one it was, and the rows before and after each."""

from pathlib import Path

import pytest

from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.errors import LogError
from nsbench.files.home import Home

START = 1_600_000_000


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Users 1 and 2 in turn with items 1 to 5 in turn, 40 rows a minute apart: 30 views rated 1 to 3 in turn, then 10 buys."""
    rows = [f"{1 + k % 2},{1 + k % 5},{START + 60 * k},{'view' if k < 30 else 'buy'},{1 + k % 3}" for k in range(40)]
    (tmp_path / "log.csv").write_text("\n".join(["user,item,time,event,rating", *rows]) + "\n")
    return tmp_path / "log.csv"


def refusal(log: Path, read: ReadOptions, **options: object) -> str:
    home = Home(log.parent / "home")
    with pytest.raises(LogError) as refused:
        prepare_log(log, read, PrepareOptions.model_validate(options), "log", home)
    assert list(home.datasets.iterdir()) == []
    return str(refused.value)


def test_events_that_no_row_has_are_named_with_those_that_are_there(log: Path) -> None:
    said = refusal(log, ReadOptions(events=("sale",), min_rating=2))
    assert "no row left with the events sale: column 'event' holds 'view', 'buy'. " in said
    assert "--events sale: 40 to 0; --min-rating 2: 0 to 0. Name other events" in said


def test_a_rating_that_no_row_of_the_events_has_is_not_blamed_on_the_events(log: Path) -> None:
    said = refusal(log, ReadOptions(events=("view",), min_rating=4))
    assert "no row of these events with a rating of at least 4 in 'rating'" in said
    assert "each filter: --events view: 40 to 30; --min-rating 4: 30 to 0. Use a lower --min-rating" in said


def test_each_filter_is_counted_in_its_order_and_the_one_that_empties_the_log_is_named(log: Path) -> None:
    """Of 30 views 10 are rated 3: rows 2, 5, ..., 29, whose items go 3, 1, 4, 2, 5 twice and whose users alternate: 5 each.

    Row 2 is user 1 with item 3, row 17 user 2 with item 3: no user repeats an item.
    """
    read = ReadOptions(events=("view",), min_rating=3)
    said = refusal(log, read, repeats="drop", duplicates="drop", min_user_interactions=6, min_item_interactions=2)
    assert (
        "After the filters, the log holds no interaction. Rows before and after each filter: --events view: 40 to 30; "
        "--min-rating 3: 30 to 10; --drop-repeats: 10 to 10; --duplicates drop: 10 to 10; --min-user-interactions 6 with "
        "--min-item-interactions 2: 10 to 0. --min-user-interactions 6 with --min-item-interactions 2 empties the log"
    ) in said


def test_visits_that_are_too_short_are_said_to_be_the_users(log: Path) -> None:
    said = refusal(log, ReadOptions(), session_gap_s=1, min_user_interactions=2)
    assert "--min-user-interactions 2 (a session is a user): 40 to 0." in said


def test_too_few_items_are_blamed_on_the_filter_that_left_out_most(log: Path) -> None:
    """Buys are rows 30 to 39. Rows 1, 4, ..., 37 are rated 2, but here the item counts: five of two rows each."""
    said = refusal(log, ReadOptions(events=("buy",)), min_item_interactions=3)
    assert "--events buy: 40 to 10; --min-item-interactions 3: 10 to 0. --min-item-interactions 3 empties" in said
    log.write_text(log.read_text().replace(",buy,", ",view,", 9))
    said = refusal(log, ReadOptions(events=("buy",)))
    assert "1 user and 1 item in 1 interactions; at least 2 users and 2 items are needed. Rows" in said
    assert "--events buy: 40 to 1. --events buy leaves out most: weaken it" in said


def test_rows_that_are_skipped_are_counted_among_the_filters(log: Path) -> None:
    log.write_text(log.read_text().replace(f"{START + 60},", "soon,"))
    said = refusal(log, ReadOptions(skip_bad_rows=True), min_item_interactions=30)
    assert "--skip-bad-rows: 40 to 39; --min-item-interactions 30: 39 to 0." in said


def test_too_little_for_the_split_is_said_with_what_the_filters_left(log: Path) -> None:
    said = refusal(log, ReadOptions(events=("buy",)), valid_share=0.01, test_share=0.1)
    assert "give 9 for training, 0 for validation and 1 for test" in said
    assert "weaker filters. Rows before and after each filter: --events buy: 40 to 10." in said


def test_a_log_that_no_filter_touched_says_nothing_of_filters(log: Path) -> None:
    log.write_text("\n".join(log.read_text().splitlines()[:2]) + "\n")
    said = refusal(log, ReadOptions(events=("view",)))
    assert said.endswith("at least 2 users and 2 items are needed. Are the columns the right ones?")

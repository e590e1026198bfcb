"""Dates and leave-one-out, and the order of equal times."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from nsbench.data.dataset import Dataset
from nsbench.data.log.columns.column import Columns
from nsbench.data.log.cut.row_order import RowOrder
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset, read_item_labels
from nsbench.errors import LogError, SettingsError
from nsbench.files.home import Home
from tests.data.interaction import START, Row, write_csv


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def prepared(home: Home, rows: list[Row], read: ReadOptions | None = None, **options: object) -> Dataset:
    home.root.mkdir(exist_ok=True)
    path = write_csv(home.root / "log.csv", rows)
    prepare_log(path, read or ReadOptions(), PrepareOptions.model_validate(options), "log", home, replace=True)
    return load_dataset("log", home)


def labels(dataset: Dataset, home: Home) -> list[int]:
    found: list[int] = read_item_labels("log", home).to_numpy()[np.asarray(dataset.item_ids) - 1].tolist()
    return found


HOURS = [(1 + k % 2, 10 + k % 5, 3_600 * k) for k in range(20)]
"""An hour apart, from START on: 2014-05-13T16:53:20Z."""


@pytest.mark.parametrize(
    ("valid", "test"),
    [
        ("2014-05-14T04:53:20Z", "2014-05-14T08:53:20Z"),
        ("2014-05-14 04:00", "2014-05-14T10:00:00+02:00"),
        (str(START + 12 * 3_600), str(START + 16 * 3_600)),
    ],
)
def test_dates_cut_where_they_say_in_every_form(valid: str, test: str, home: Home) -> None:
    """The test begins with row 16, which is at 08:53:20, and validation with row 12: 12, 4 and 4 rows."""
    card = prepared(home, HOURS, valid_from=valid, test_from=test).card
    assert (card.n_train, card.n_valid, card.n_test) == (12, 4, 4)
    assert (card.options["valid_from"], card.options["test_from"]) == (valid, test)
    assert "valid_share" not in card.options
    assert card.time_leak is None


@pytest.mark.parametrize(
    ("dates", "said"),
    [
        (
            ("2014-05-14", "2015-01-01"),
            "8 interactions for training, 12 for validation and 0 for test.*goes from 2014-05-13T16:53:20Z",
        ),
        (("2014-05-15", "2014-05-14"), "--valid-from 2014-05-15 is not before --test-from 2014-05-14"),
        (("yesterday", "2014-05-14"), "--valid-from 'yesterday' is no time"),
    ],
)
def test_dates_that_give_no_three_parts_are_refused(dates: tuple[str, str], said: str, home: Home) -> None:
    with pytest.raises((LogError, SettingsError), match=said):
        prepared(home, HOURS, valid_from=dates[0], test_from=dates[1])


def test_dates_are_refused_where_only_the_order_is_known(home: Home) -> None:
    read = ReadOptions(columns=Columns(), time_unit="order")
    with pytest.raises(SettingsError, match="--valid-from and --test-from are times"):
        prepared(home, HOURS, read, valid_from="2014-05-14", test_from="2014-05-15")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"valid_from": "2014-05-14"}, "--valid-from needs --test-from beside it"),
        ({"valid_from": "1", "test_from": "2", "test_share": 0.05}, "and --test-share where else"),
        ({"split": "leave-one-out", "valid_share": 0.05}, "--valid-share cuts in time"),
        ({"tie_seed": 1}, "add --ties random"),
        ({"ties": "random", "split_by": "rows"}, "--split-by rows cuts through equal times"),
    ],
)
def test_a_log_is_cut_in_one_way(options: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        PrepareOptions.model_validate(options)


def test_leave_one_out_takes_each_users_last_two_and_leaves_short_users_whole(home: Home) -> None:
    """User 1: 0 to 3; user 2: two rows, too few; user 3: at 100, 101, 102. Test is at 3 and 102; of the training rows, at 0, 1,
    50, 60 and 100, three are later than 3, which is the first and the lower median.
    """
    rows = [
        (1, 10, 0),
        (1, 11, 1),
        (1, 12, 2),
        (1, 13, 3),
        (2, 10, 50),
        (2, 11, 60),
        (3, 10, 100),
        (3, 12, 101),
        (3, 13, 102),
    ]
    dataset = prepared(home, rows, split="leave-one-out")
    assert (dataset.train_end - dataset.offsets[:-1]).tolist() == [2, 2, 1]
    assert (dataset.valid_end - dataset.train_end).tolist() == [1, 0, 1]
    leak = dataset.card.time_leak
    assert leak is not None
    assert (leak.after_first_test_share, leak.after_median_test_share, leak.n_users_out_of_order) == (0.6, 0.6, 0)
    assert dataset.card.options["split"] == "leave-one-out"


def test_leave_one_out_needs_a_user_of_three(home: Home) -> None:
    with pytest.raises(LogError, match="no user has so many"):
        prepared(home, [(1, 10, 0), (1, 11, 1), (2, 10, 2), (2, 11, 3)], split="leave-one-out")


TIED = [(1 + k % 2, 10 + k // 2, 100 * (k // 20)) for k in range(80)]
"""Two users with 40 items each, ten at every one of four times."""


def test_tied_test_interactions_are_counted(home: Home) -> None:
    """The last of four times is the test: all its 20 interactions are tied. One row apart from them is not."""
    card = prepared(home, [*TIED, (1, 99, 400)], valid_share=0.25, test_share=0.25).card
    assert (card.n_test, card.n_tied_test, card.n_ties) == (21, 20, 80)


def test_random_ties_are_another_order_for_every_seed_and_the_same_for_one(home: Home) -> None:
    shares = {"valid_share": 0.25, "test_share": 0.25}
    plain = prepared(home, TIED, **shares)
    orders = [labels(prepared(home, TIED, ties="random", tie_seed=seed, **shares), home) for seed in (0, 1, 2, 0)]
    assert orders[3] == orders[0]
    assert len({str(order) for order in (labels(plain, home), *orders)}) == 4
    # Each time's ten items of each user are the same ten, in whatever order.
    for order in orders:
        assert [sorted(order[k : k + 10]) for k in range(0, 80, 10)] == [
            list(range(10 + 10 * (k % 4), 20 + 10 * (k % 4))) for k in range(8)
        ]


def test_the_random_order_does_not_depend_on_how_many_rows_are_sorted_at_a_time() -> None:
    user, time, row = np.zeros(50, np.int32), np.zeros(50, np.int64), np.arange(50, dtype=np.uint32)
    order = RowOrder("random", seed=3)
    whole = order.order(user, time, row)
    part = order.order(user[20:], time[20:], row[20:]) + 20
    assert [place for place in whole.tolist() if place >= 20] == part.tolist()
    # All first places are as likely: over 300 seeds, each of three rows comes first 100 times, give or take 5 deviations of 8.
    firsts = np.bincount([RowOrder("random", seed).order(user[:3], time[:3], row[:3])[0] for seed in range(300)])
    assert (np.abs(firsts - 100) < 41).all()


def test_a_log_that_goes_backwards_has_its_ties_read_backwards(home: Home) -> None:
    """Its rows from the last to the first, read by-user-order, are the log that goes forwards."""
    shares = {"valid_share": 0.25, "test_share": 0.25}
    forwards = prepared(home, TIED, **shares).card.content_hash
    assert prepared(home, TIED, ties="by-user-order", **shares).card.content_hash == forwards
    assert prepared(home, TIED[::-1], ties="by-user-order", **shares).card.content_hash == forwards
    assert prepared(home, TIED[::-1], **shares).card.content_hash != forwards


def test_defaults_say_no_more_on_the_card_than_before() -> None:
    """Cards of the version before held these, and a study or report may compare them."""
    assert [*PrepareOptions().on_card()] == [
        *("session_gap_s", "repeats", "duplicates", "min_user_interactions", "min_item_interactions"),
        *("split_by", "valid_share", "test_share", "seen_items"),
    ]
    assert PrepareOptions(ties="random").on_card()["tie_seed"] == 0

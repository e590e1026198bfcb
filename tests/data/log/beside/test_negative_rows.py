"""Explicit negatives of a log: which rows they are, where they go, and what is said where there are none."""

from pathlib import Path

import numpy as np
import pytest

from nsbench.data.dataset import DatasetCard
from nsbench.data.log.beside.negative_writer import _Sessions
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset, read_item_labels, read_user_labels
from nsbench.errors import LogError
from nsbench.files.home import Home

PLAYS = [("ann", f"i{k}", 10 * k) for k in range(1, 11)] + [("bob", f"i{k}", 10 * k + 5) for k in range(1, 11)]
"""Of each user ten, from 10 to 105: without more, validation begins at 100 and the test at 105."""

SKIPS = [
    ("bob", "i3", 70),
    ("ann", "i9", 104),
    ("ann", "i2", 12),
    ("ann", "i2", 12),
    ("bob", "i1", 106),
    ("cleo", "i1", 50),
    ("ann", "new", 50),
]
"""One twice, one of a user who never played anything, one with an item that nobody played."""


def write(path: Path, *, ratings: tuple[str, str] = ("5", "1")) -> Path:
    rows = [(*row, "play", ratings[0]) for row in PLAYS] + [(*row, "skip", ratings[1]) for row in SKIPS]
    lines = [",".join(map(str, row)) for row in sorted(rows, key=lambda row: row[2])]
    path.write_text("\n".join(["user,item,timestamp,event,rating", *lines]) + "\n")
    return path


def prepare(path: Path, home: Home, *, name: str = "log", gap: int | None = None, **read: object) -> DatasetCard:
    options = PrepareOptions(valid_share=0.05, test_share=0.05, session_gap_s=gap)
    return prepare_log(path, ReadOptions.model_validate({"time_unit": "seconds", **read}), options, name, home)


@pytest.fixture(name="home")
def _home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_negatives_are_kept_beside_the_log_by_user_and_time(tmp_path: Path, home: Home) -> None:
    """Of seven rows one comes twice, one is of no user and one of no item; 12 and 70 lie before validation, 106 in the test."""
    card = prepare(write(tmp_path / "log.csv"), home, negative_events=("skip",))
    assert card.n_interactions == 20
    assert (card.valid_from, card.test_from) == (100, 105)
    counts = card.explicit_negatives
    assert counts is not None
    assert counts.model_dump() == {
        "n_negatives": 4,
        "n_users": 2,
        "n_train": 2,
        "n_test": 1,
        "n_repeated": 1,
        "n_of_other_users": 1,
        "n_of_other_items": 1,
        "n_outside_sessions": 0,
    }
    found, labels = load_dataset("log", home).explicit_negatives, read_item_labels("log", home)
    assert found is not None
    assert [labels[int(item) - 1] for item in found.item_ids] == ["i2", "i9", "i3", "i1"]
    assert found.timestamps.tolist() == [12, 104, 70, 106]
    assert found.offsets.tolist() == [0, 2, 4]
    assert found.is_for_training.tolist() == [True, False, True, False]
    assert read_user_labels("log", home)["label"].to_list() == ["ann", "bob"]


def test_the_interactions_are_those_of_a_log_without_negatives(tmp_path: Path, home: Home) -> None:
    path = write(tmp_path / "log.csv")
    with_them, without = prepare(path, home, negative_events=("skip",)), prepare(path, home, name="b", events=("play",))
    assert with_them.content_hash != without.content_hash
    assert without.explicit_negatives is None
    for array in ("item_ids", "timestamps", "offsets", "train_counts"):
        kept = [np.asarray(getattr(load_dataset(name, home), array)) for name in ("log", "b")]
        assert np.array_equal(*kept)
    assert "negative_events" not in without.options
    assert with_them.options["negative_events"] == "skip"


def test_low_ratings_are_negatives_as_their_events_are(tmp_path: Path, home: Home) -> None:
    path = write(tmp_path / "log.csv")
    by_event = prepare(path, home, negative_events=("skip",))
    assert prepare(path, home, name="r", negative_max_rating=2).content_hash == by_event.content_hash


def test_a_session_has_the_negatives_that_lie_in_it_or_no_further_than_the_gap() -> None:
    """Person 0 has sessions of 10 to 20 and 50 to 60, person 1 one of 10 to 20; the gap is 5."""
    sessions = _Sessions(np.array([0, 0, 1]), np.array([10, 50, 10]), np.array([20, 60, 20]), 5)
    people, times = np.array([0, 0, 0, 0, 0, 1, 1]), np.array([15, 25, 30, 46, 60, 5, 4])
    assert sessions.holding(people, times).tolist() == [0, 0, -1, 1, 1, 2, -1]


def test_negatives_outside_of_sessions_are_counted(tmp_path: Path, home: Home) -> None:
    """The plays of a user are 10 s apart, one session each; a skip at 106 follows bob's last play at 105."""
    card = prepare(write(tmp_path / "log.csv"), home, gap=10, negative_events=("skip",))
    assert card.explicit_negatives is not None
    assert (card.n_users, card.explicit_negatives.n_negatives, card.explicit_negatives.n_outside_sessions) == (2, 4, 0)


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (
            {"negative_events": ("skpi",)},
            r"no row .* 'skpi' \(did you mean 'skip'\?\): column 'event' holds 'play' \(20 rows\)",
        ),
        ({"negative_events": ("skip", "play")}, "All 27 rows .* are explicit negatives"),
        ({"negative_max_rating": 0.5}, "no row of .* has a rating of at most 0.5 in 'rating'"),
    ],
)
def test_what_leaves_no_negative_or_no_interaction_is_refused(
    read: dict[str, object], said: str, tmp_path: Path, home: Home
) -> None:
    with pytest.raises(LogError, match=said):
        prepare(write(tmp_path / "log.csv"), home, **read)
    assert not list(home.datasets.iterdir())


def test_a_rating_that_is_no_number_is_refused_with_its_line(tmp_path: Path, home: Home) -> None:
    """The rows in time: the second one is the first skip, which stands in line 3."""
    path = write(tmp_path / "log.csv", ratings=("5", "bad"))
    with pytest.raises(LogError, match=r"line 3: the rating rating='bad' is not a number; 7 rows"):
        prepare(path, home, negative_max_rating=2)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"events": ("a", "b"), "negative_events": ("b",)}, "both name b"),
        ({"min_rating": 3, "negative_max_rating": 3}, "overlap"),
    ],
)
def test_a_row_is_no_interaction_and_negative_at_once(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ReadOptions.model_validate(values)


def test_a_log_without_events_has_no_negative_ones(tmp_path: Path, home: Home) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,item,timestamp\n" + "\n".join(",".join(map(str, row)) for row in PLAYS))
    with pytest.raises(LogError, match="--negative-events needs a column of events"):
        prepare(path, home, negative_events=("skip",))

"""When items are available: what a table of dates says, what the log says, and what is refused."""

from pathlib import Path

import pytest

from nsbench.data.availability import ALWAYS_FROM, ALWAYS_UNTIL
from nsbench.data.dataset import DatasetCard
from nsbench.data.log.beside.item_dates import check_dates
from nsbench.data.log.option_value import FIRST_SEEN
from nsbench.data.log.prepare import prepare_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.data.store import load_dataset, read_item_labels
from nsbench.errors import LogError, SettingsError
from nsbench.files.home import Home

DAY = 86_400
START = 1_577_836_800
"""2020-01-01."""


@pytest.fixture(name="log")
def _log(tmp_path: Path) -> Path:
    """Two users, an interaction a day: items a, b, c, a, b, c, ... of ann from January 1st to 12th, of bob at noon."""
    rows = [
        f"{user},{'abc'[k % 3]},{START + k * DAY + late}"
        for k in range(12)
        for user, late in (("ann", 0), ("bob", 43_200))
    ]
    path = tmp_path / "log.csv"
    path.write_text("user,item,timestamp\n" + "\n".join(rows))
    return path


def prepare(log: Path, available: str | None, name: str = "log") -> DatasetCard:
    home = Home(log.parent / "home")
    return prepare_log(log, ReadOptions(), PrepareOptions(), name, home, available=available)


def times_of(log: Path) -> dict[str, tuple[int, int]]:
    home = Home(log.parent / "home")
    found = load_dataset("log", home).availability
    assert found is not None
    labels = read_item_labels("log", home).to_list()
    return {label: (int(found.first[i]), int(found.last[i])) for i, label in enumerate(labels, start=1)}


def test_dates_are_read_widened_to_the_interactions_and_counted(log: Path, tmp_path: Path) -> None:
    """Item a is given from the 4th on, but was chosen twice on the 1st; c until the 10th, the whole day, but was chosen twice on
    the 12th; b from last year; d isn't in the log.
    """
    table = tmp_path / "dates.csv"
    table.write_text(
        "item_id,available_from,available_until\na,2020-01-04,\nc,,2020-01-10\nb,2019-12-31,\nd,2020-01-01,\n"
    )
    card = prepare(log, str(table))
    assert times_of(log) == {
        "a": (START, ALWAYS_UNTIL),
        "b": (START - DAY, ALWAYS_UNTIL),
        "c": (ALWAYS_FROM, START + 11 * DAY + 43_200),
    }
    assert card.availability is not None
    assert card.availability.model_dump() == {
        "source": "dates.csv",
        "n_from": 2,
        "n_until": 1,
        "n_unknown_rows": 1,
        "n_outside": 4,
    }
    assert card.options["available"] == "dates.csv"


def test_a_last_day_lasts_until_its_end(log: Path, tmp_path: Path) -> None:
    table = tmp_path / "dates.csv"
    table.write_text("item,until\na,2020-02-01\n")
    prepare(log, str(table))
    assert times_of(log)["a"] == (ALWAYS_FROM, START + 32 * DAY - 1)


def test_an_item_is_there_from_its_first_interaction_on(log: Path) -> None:
    prepare(log, FIRST_SEEN)
    assert times_of(log) == {
        "a": (START, ALWAYS_UNTIL),
        "b": (START + DAY, ALWAYS_UNTIL),
        "c": (START + 2 * DAY, ALWAYS_UNTIL),
    }


def test_dates_are_part_of_what_a_dataset_is(log: Path) -> None:
    without, with_them = prepare(log, None, "without"), prepare(log, FIRST_SEEN)
    assert without.content_hash != with_them.content_hash
    assert without.availability is None
    assert "available" not in without.options


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("item,from\na,soon\n", "Column 'from' holds no times"),
        ("item,from\na,2020-01-01\nb,soon\n", "from='soon' of item 'b' is no time in ISO dates"),
        ("item,from\nx,2020-01-01\n", "no row of its 1 is of an item of the log"),
        ("item,from,until\na,2020-01-05,2020-01-04\n", "the last date of item 'a' lies before its first one"),
        ("item,colour,size,weight\na,b,c,d\n", "a file of dates needs one of items"),
    ],
)
def test_a_table_that_says_nothing_is_refused(text: str, said: str, log: Path, tmp_path: Path) -> None:
    table = tmp_path / "dates.csv"
    table.write_text(text)
    with pytest.raises(LogError, match=said):
        prepare(log, str(table))
    assert not list((log.parent / "home" / "datasets").glob("[!.]*"))


def test_dates_mean_nothing_to_a_log_of_which_only_the_order_is_known() -> None:
    with pytest.raises(SettingsError, match="only the order is known"):
        check_dates("dates.csv", is_order=True)
    check_dates(FIRST_SEEN, is_order=True)


def test_a_word_that_is_no_file_may_have_meant_the_first_interaction() -> None:
    with pytest.raises(LogError, match=r"did you mean 'first-seen'\?"):
        check_dates("first_seen", is_order=False)

"""`nsbench data prepare | list | describe` from the command line."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nsbench.cli.data.app import data_app
from nsbench.data.store import load_dataset
from nsbench.errors import LogError, NsbenchError, SettingsError
from nsbench.evaluation.targets.target import targets_of
from nsbench.files.home import Home
from tests.data.interaction import rows_of, write_csv


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("NSBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return Home(tmp_path / "home")


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(write_csv(tmp_path / "log.csv"))


def nsbench_data(*words: str) -> Result:
    result = CliRunner().invoke(data_app, words)
    if isinstance(result.exception, NsbenchError):
        raise result.exception
    return result


def test_prepare_then_list_then_describe(home: Home, log: str) -> None:
    assert "4 users, 5 items, 40 interactions" in nsbench_data("prepare", log, "--name", "shop").stdout
    listed = nsbench_data("list").stdout
    assert "shop" in listed
    assert "log.csv" in listed
    described = nsbench_data("describe", "shop").stdout
    assert "median 10, mean 10.0, max 10" in described
    assert "head" in described


def test_describe_prints_json_that_a_program_can_read(home: Home, log: str) -> None:
    nsbench_data("prepare", log, "--name", "shop")
    description = json.loads(nsbench_data("describe", "shop", "--json").stdout)
    assert description["card"]["n_interactions"] == 40
    assert sum(cohort["n_items"] for cohort in description["cohorts"].values()) == 5


def test_an_empty_home_says_how_to_fill_it(home: Home) -> None:
    assert "nsbench data prepare LOG --name NAME" in nsbench_data("list").stdout.replace("\n", " ")


def test_a_damaged_dataset_is_listed_as_damaged(home: Home, log: str) -> None:
    nsbench_data("prepare", log, "--name", "shop")
    (home.datasets / "shop" / "card.json").unlink()
    assert "damaged" in nsbench_data("list").stdout


def test_options_reach_the_dataset(home: Home, tmp_path: Path) -> None:
    """Two users 20 times each with items 1 and 2 in turn: --drop-repeats leaves 2 each; visits of an hour's gap: 4."""
    rows = [(u, 1 + k % 2, 60 * k + 7_200 * (k >= 10)) for u in (1, 2) for k in range(20)]
    log = str(write_csv(tmp_path / "visits.csv", rows))
    shares = ("--valid-share", "0.25", "--test-share", "0.25", "--split-by", "rows")
    nsbench_data("prepare", log, "--name", "visits", "--session-gap", "1h", "--drop-repeats", *shares)
    dataset = load_dataset("visits", home)
    assert (dataset.n_users, dataset.card.n_interactions, dataset.card.n_test) == (4, 8, 2)
    assert (dataset.card.options["session_gap_s"], dataset.card.options["repeats"]) == (3_600, "drop")


@pytest.mark.parametrize(
    ("options", "counts", "said"),
    [
        (("--drop-repeats", "--duplicates", "keep"), (3, 0, 0, 0), "3 interactions: 3 repeats"),
        (("--drop-immediate-repeats", "--duplicates", "keep"), (2, 0, 0, 0), "2 interactions: 2 repeats"),
        (("--duplicates", "drop"), (0, 1, 0, 0), "1 interactions: 1 duplicates"),
        (
            ("--min-user-interactions", "2", "--duplicates", "keep"),
            (0, 0, 1, 0),
            "1 interactions: 1 of users with fewer than 2",
        ),
        (
            ("--min-item-interactions", "2", "--duplicates", "drop"),
            (0, 1, 0, 2),
            "3 interactions: 1 duplicates, 2 with items that have fewer than 2",
        ),
        (("--duplicates", "keep"), (0, 0, 0, 0), ""),
    ],
)
def test_rows_that_filters_leave_out_are_counted_by_reason(
    home: Home, tmp_path: Path, options: tuple[str, ...], counts: tuple[int, ...], said: str
) -> None:
    """User 1: A, A at the same time, A, B, A: three repeats, two at once, one duplicate.

    User 2: A, B. User 3: C. User 4: A, D.
    """
    rows = [(1, 1, 0), (1, 1, 0), (1, 1, 60), (1, 2, 120), (1, 1, 180), (2, 1, 200), (2, 2, 220), (3, 3, 240)]
    log = str(write_csv(tmp_path / "log.csv", [*rows, (4, 1, 300), (4, 4, 360)]))
    shares = ("--valid-share", "0.2", "--test-share", "0.2", "--split-by", "rows")
    printed = nsbench_data("prepare", log, "--name", "shop", *options, *shares).stdout
    left_out = load_dataset("shop", home).card.left_out
    assert left_out is not None
    assert tuple(left_out.model_dump().values()) == counts
    assert load_dataset("shop", home).card.n_interactions == 10 - sum(counts)
    described = nsbench_data("describe", "shop").stdout
    assert (f"left out by the filters: {said}\n" in printed) == bool(said)
    assert ("left out" in described) == bool(said)
    assert said in described


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--valid-share", "1.5"), "--valid-share 1.5: Input should be less than 1"),
        (("--valid-share", ".6", "--test-share", ".5"), "their sum must be below 1"),
        (("--session-gap", "soon"), "--session-gap of 'soon': accepted are"),
        (("--session-gap", "0"), "--session-gap of '0': accepted are whole seconds from 1 to"),
        (("--session-gap", "0.4s"), "--session-gap of '0.4s'"),
        (("--session-gap", "1.5s"), "--session-gap of '1.5s'"),
        (("--session-gap", "9" * 400 + "d"), "--session-gap of '9{59}\\.\\.\\.: accepted"),
        (("--session-gap", "9" * 15), "--session-gap of '9{15}'"),
        (("--drop-repeats", "--drop-immediate-repeats"), "give only one"),
    ],
)
def test_options_that_are_not_accepted_are_explained(
    home: Home, log: str, options: tuple[str, ...], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        nsbench_data("prepare", log, "--name", "shop", *options)
    assert not home.root.exists()


def test_what_can_not_be_ranked_and_what_stands_in_no_order_is_said(home: Home, tmp_path: Path) -> None:
    """Nine users of ten rows each, a tenth user in the last row alone; then all of a user's rows at one time."""
    rows = [f"u{n % 9},i{n % 7},{1_600_000_000 + 60 * n}" for n in range(90)]
    (tmp_path / "new.csv").write_text("\n".join(["user,item,time", *rows, "late,i1,1600009000"]) + "\n")
    said = nsbench_data("prepare", str(tmp_path / "new.csv"), "--name", "new").stdout
    n_test = load_dataset("new", home).card.n_test
    assert f"1 of {n_test} test interactions ({1 / n_test:.1%}) are the first of their users" in said
    assert "have the time of another" not in said
    rows = [f"u{n // 4},i{n % 4},{1_600_000_000 + 60 * (n // 4)}" for n in range(160)]
    (tmp_path / "tied.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    said = nsbench_data("prepare", str(tmp_path / "tied.csv"), "--name", "tied").stdout
    assert "100% of the interactions have the time of another one of their user" in said


def test_of_a_users_first_interactions_in_the_test_one_is_not_ranked(home: Home, tmp_path: Path) -> None:
    """Of 100 rows, one a minute, the last 20 are the test: 3 of one new user, 1 of another one, 16 of nine known users, of
    whom one was first seen in the validation, the 10 rows before. What is not ranked is the first row of both new users.
    """
    users = [*(f"u{n % 8}" for n in range(79)), "of-validation", "of-validation", *["new"] * 3, "once"]
    users += [f"u{n % 8}" for n in range(15)]
    rows = [f"{user},i{n % 7},{1_600_000_000 + 60 * n}" for n, user in enumerate(users)]
    (tmp_path / "new.csv").write_text("\n".join(["user,item,time", *rows]) + "\n")
    shares = ("--valid-share", "0.1", "--test-share", "0.2")
    said = nsbench_data("prepare", str(tmp_path / "new.csv"), "--name", "new", *shares).stdout
    assert "70 training, 10 validation, 20 test" in said
    assert "2 of 20 test interactions (10.0%) are the first of their users" in said
    assert len(targets_of(load_dataset("new", home), "test", "rolling")) == 18


def test_a_choice_that_does_not_exist_leaves_with_2(home: Home, log: str) -> None:
    assert nsbench_data("prepare", log, "--name", "shop", "--split-by", "moon").exit_code == 2


def test_errors_leave_with_2_or_more_and_nothing_written(home: Home, tmp_path: Path) -> None:
    log = str(write_csv(tmp_path / "one.csv", [(1, row[1], row[2]) for row in rows_of()]))
    with pytest.raises(LogError, match="1 user and") as caught:
        nsbench_data("prepare", log, "--name", "shop")
    assert caught.value.exit_code >= 2
    assert list(home.datasets.iterdir()) == []

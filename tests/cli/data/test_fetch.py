"""`nsbench data fetch | verify | synthetic` from the command line to the prepared dataset, without network."""

import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nsbench.cli.data.app import data_app
from nsbench.data.store import dataset_names, load_dataset, read_card
from nsbench.errors import DatasetError, DownloadError, SettingsError
from nsbench.files.home import Home

HOUR_MS = 3_600_000


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("NSBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return Home(tmp_path / "home")


def nsbench_data(*words: str) -> Result:
    result = CliRunner().invoke(data_app, words)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def retailrocket_zip(path: Path) -> Path:
    """Events as RetailRocket writes them: visitors 0 to 49 view items 10 and 20, a minute apart, one visitor a day.

    Visitor 1 views item 10 again two hours later; visitor 2 views item 10 twice at once; visitor 3 puts item 20 in the
    cart before viewing it; visitor 4 views item 30, which nobody else does.
    """
    rows = ["timestamp,visitorid,event,itemid,transactionid"]
    for visitor in range(50):
        time = 1_430_000_000_000 + visitor * 24 * HOUR_MS
        rows.append(f"{time},{visitor},view,10,")
        if visitor == 2:
            rows.append(f"{time + 10_000},2,view,10,")
        if visitor == 3:
            rows.append(f"{time + 20_000},3,addtocart,20,")
        if visitor == 4:
            rows.append(f"{time + 30_000},4,view,30,")
        rows.append(f"{time + 60_000},{visitor},view,20,")
        if visitor == 1:
            rows.append(f"{time + 2 * HOUR_MS},1,view,10,")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("events.csv", "\n".join(rows) + "\n")
    return path


def test_fetching_retailrocket_from_a_file_prepares_it_as_the_paper_did(home: Home, tmp_path: Path) -> None:
    """What `retailrocket_zip` adds to the 50 visits of two views is all left out: 100 interactions, cut 90/5/5."""
    nsbench_data("fetch", "retailrocket", "--from", str(retailrocket_zip(tmp_path / "archive.zip")))
    card = read_card("retailrocket", home)
    assert (card.n_users, card.n_items, card.n_interactions) == (50, 2, 100)
    assert (card.n_train, card.n_valid, card.n_test) == (90, 5, 5)


def test_no_prepare_leaves_the_log_only(home: Home, tmp_path: Path) -> None:
    result = nsbench_data("fetch", "retailrocket", "--from", str(retailrocket_zip(tmp_path / "a.zip")), "--no-prepare")
    log = home.downloads / "retailrocket" / "events.csv"
    assert str(log) in result.output
    assert log.exists()
    assert dataset_names(home) == []


def test_verify_shows_ours_beside_the_published_counts(home: Home, tmp_path: Path) -> None:
    """90 rows are 45 whole visits, and 5 more two and a half: the second view of the cut visit is a test pair, no other.

    Two items with 45 users each: their cumulative shares are 1/2 (mid) and 1 (tail).
    """
    nsbench_data("fetch", "retailrocket", "--from", str(retailrocket_zip(tmp_path / "archive.zip")))
    result = nsbench_data("verify", "retailrocket")
    assert result.exit_code == 0
    rows = {line.split("│")[1].strip(): line for line in result.output.splitlines() if line.startswith("│")}
    assert [cell.strip() for cell in rows["test pairs, all"].split("│")[2:6]] == ["443", "1", "-442", "differs"]
    assert [cell.strip() for cell in rows["items, mid"].split("│")[2:6]] == ["7,655", "1", "-7,654", "differs"]
    assert "0 of 8 counts agree" in result.output


def test_strict_verify_leaves_with_1_where_a_count_differs(home: Home) -> None:
    nsbench_data("synthetic", "--users", "200", "--items", "300", "--name", "small")
    assert nsbench_data("verify", "small", "--as", "ml-10m", "--strict").exit_code == 1


def test_verify_needs_a_dataset_that_the_paper_has(home: Home) -> None:
    nsbench_data("synthetic", "--users", "200", "--items", "300", "--name", "small")
    with pytest.raises(DatasetError, match="--as"):
        nsbench_data("verify", "small")


def test_synthetic_makes_the_demo_when_nothing_is_asked_for(home: Home) -> None:
    result = nsbench_data("synthetic")
    best = load_dataset("demo", home).card.best_reachable
    assert best is not None
    assert f"best reachable test hit rate at 10: all {best.hit_rate['all']:.3f}" in result.output


def test_synthetic_takes_every_size(home: Home) -> None:
    sizes = ["--users", "400", "--items", "350", "--interactions", "3000", "--skew", "0.5", "--seed", "7"]
    nsbench_data("synthetic", "--like", "amazon-beauty", "--name", "mine", *sizes)
    card = read_card("mine", home)
    assert card.n_users == 400
    assert card.n_interactions == pytest.approx(3_000, rel=0.1)
    assert card.n_items <= 350


def test_synthetic_shows_what_is_reached_if_users_took_what_they_want(home: Home) -> None:
    result = nsbench_data(
        "synthetic", "--users", "200", "--items", "200", "--popularity-bias", "0.5", "--name", "biased"
    )
    wanted = read_card("biased", home).most_wanted
    assert wanted is not None
    assert (
        f"best expected hit rate if users took what they want, at 10: all {wanted.hit_rate['all']:.3f}" in result.output
    )


def test_errors_come_before_anything_is_written(home: Home) -> None:
    for words, error in (
        (("fetch", "netflix"), DownloadError),
        (("fetch", "retailrocket"), DownloadError),
        (("synthetic", "--like", "netflix"), SettingsError),
        (("synthetic", "--items", "3"), SettingsError),
        (("synthetic", "--popularity-bias", "7"), SettingsError),
        (("synthetic", "--name", "../outside"), DatasetError),
    ):
        with pytest.raises(error):
            nsbench_data(*words)
    assert not home.root.exists()

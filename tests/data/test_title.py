"""Titles go with the items of a log, however the file is written."""

import logging
from pathlib import Path

import polars as pl
import pytest

from nsbench.data.store import load_dataset, read_items
from nsbench.data.title import titles_of
from nsbench.errors import LogError
from nsbench.files.home import Home
from tests.cli.in_process import nsbench

LABELS = pl.Series("label", [30, 10, 20])


@pytest.mark.parametrize(
    "text",
    [
        'item_id,title\n10,Ten\n20,"Twenty, and more"\n',
        "movieId;genre;Title\n20.0;x;Twenty, and more\n10;y; Ten \n",
        "10\tTen\n".replace("10", "which\twhat\n10") + "20\tTwenty, and more\n",
    ],
)
def test_titles_are_found_by_item(tmp_path: Path, text: str) -> None:
    path = tmp_path / "titles.csv"
    path.write_text(text)
    assert titles_of(path, LABELS).to_list() == [None, "Ten", "Twenty, and more"]


def test_unknown_ids_and_items_without_a_title_are_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("item,title\n10,Ten\n10,Another\n77,Nobody\n20,\n")
    with caplog.at_level(logging.WARNING):
        assert titles_of(path, LABELS).to_list() == [None, "Ten", None]
    assert "1 of 4 rows are of no item of the log; 2 of 3 items have no title" in caplog.text


def test_a_file_of_other_items_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "titles.csv"
    path.write_text("item,title\nx,X\n")
    with pytest.raises(
        LogError, match="none of its 1 rows is of an item of the log, whose items are called such as 30"
    ):
        titles_of(path, LABELS)
    path.write_text("a,b,c\n1,2,3\n")
    with pytest.raises(LogError, match="needs one of items"):
        titles_of(path, LABELS)


def test_titles_are_kept_beside_a_prepared_log(tmp_path: Path) -> None:
    """With titles a log has the hash that it has without; prepared again, it gets them."""
    log, titles = tmp_path / "log.csv", tmp_path / "titles.csv"
    rows = [
        f"u{user},{(user + step) % 7},{1_600_000_000 + 100 * step + user}" for user in range(9) for step in range(8)
    ]
    log.write_text("user,item,time\n" + "\n".join(rows) + "\n")
    titles.write_text("item,title\n" + "".join(f"{item},Title {item}\n" for item in range(7)))
    home = Home(tmp_path / "home")
    assert nsbench(home.root, "data", "prepare", str(log), "--name", "shop").code == 0
    without = load_dataset("shop", home).card.content_hash
    assert read_items("shop", home).titles is None
    shown = nsbench(home.root, "data", "prepare", str(log), "--name", "shop", "--titles", str(titles))
    assert shown.code == 0, shown.err
    items = read_items("shop", home)
    assert items.titles is not None
    assert items.titles.to_list() == [f"Title {label}" for label in items.labels]
    assert load_dataset("shop", home).card.content_hash == without

"""Several files of one log, and folders of them."""

from pathlib import Path

import polars as pl
import pytest

from nsbench.command.prepare import prepare_dataset
from nsbench.data.dataset import DatasetCard
from nsbench.data.log.given_log import given_log
from nsbench.data.log.prepare_options import PrepareOptions
from nsbench.data.log.read_options import ReadOptions
from nsbench.errors import LogError
from nsbench.files.home import Home
from tests.data.interaction import START, rows_of, write_csv

ROWS = rows_of()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def prepared(log: list[Path], home: Home, *, skip: bool = False, share: float = 0.05) -> DatasetCard:
    read, options = ReadOptions(skip_bad_rows=skip), PrepareOptions(valid_share=share, test_share=share)
    return prepare_dataset(given_log(log, {}), read, options, "log", home, replace=True).card


def pieces(folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return [write_csv(folder / "b.csv", ROWS[15:]), write_csv(folder / "a.csv", ROWS[:15])]


def test_files_are_joined_in_the_order_of_their_names(tmp_path: Path, home: Home) -> None:
    whole = prepared([write_csv(tmp_path / "log.csv", ROWS)], home)
    card = prepared(pieces(tmp_path / "pieces"), home)
    assert card.content_hash == whole.content_hash
    assert card.source == "a.csv, b.csv"
    (tmp_path / "pieces" / "_SUCCESS").touch()
    folder = prepared([tmp_path / "pieces"], home)
    assert (folder.content_hash, folder.origin) == (card.content_hash, card.origin)


def test_equal_times_stand_in_the_order_of_the_files(tmp_path: Path, home: Home) -> None:
    """Eight rows share each time, two of every user; the files part at row 20, between such two."""
    tied = [(1 + k % 4, 10 + k % 9, k // 8) for k in range(40)]
    whole = prepared([write_csv(tmp_path / "log.csv", tied)], home, share=0.2)
    second, first = tied[20:], tied[:20]
    parts = [write_csv(tmp_path / "2.csv", second), write_csv(tmp_path / "1.csv", first)]
    other = [write_csv(tmp_path / "3.csv", second), write_csv(tmp_path / "4.csv", first)]
    assert prepared(parts, home, share=0.2).content_hash == whole.content_hash
    assert prepared(other, home, share=0.2).content_hash != whole.content_hash


def test_a_column_of_other_types_in_other_files_is_read_as_text(tmp_path: Path, home: Home) -> None:
    whole = prepared([write_csv(tmp_path / "log.csv", ROWS)], home)
    columns = {"user_id": [r[0] for r in ROWS[15:]], "item_id": [str(r[1]) for r in ROWS[15:]]}
    frame = pl.DataFrame(columns | {"timestamp": [START + r[2] for r in ROWS[15:]]})
    frame.with_columns(pl.from_epoch("timestamp")).write_parquet(tmp_path / "b.parquet")
    parts = [write_csv(tmp_path / "a.csv", ROWS[:15]), tmp_path / "b.parquet"]
    assert prepared(parts, home).content_hash == whole.content_hash


def test_files_with_different_columns_are_refused_and_both_are_named(tmp_path: Path, home: Home) -> None:
    first = write_csv(tmp_path / "a.csv", ROWS[:15])
    other = write_csv(tmp_path / "b.csv", ROWS[15:], header="user,item,timestamp")
    with pytest.raises(LogError, match=r"a.csv and .*b.csv have different columns: 'user_id'.*and 'user', 'item'"):
        prepared([first, other], home)
    other.write_text("\n".join(other.read_text().splitlines()[1:]))
    with pytest.raises(LogError, match="and no header and 3 columns"):
        prepared([first, other], home)


def test_a_bad_row_is_named_by_its_line_in_its_file(tmp_path: Path, home: Home) -> None:
    """The second row of b.csv, which is line 3 there and row 17 of both."""
    *_, first = parts = pieces(tmp_path / "pieces")
    lines = parts[0].read_text().splitlines()
    parts[0].write_text("\n".join([*lines[:2], "1,,1400000000", *lines[2:]]))
    with pytest.raises(LogError, match=r"line 3 of .*b.csv: user_id='1'.*1 of 41 rows are bad"):
        prepared(parts, home)
    assert prepared(parts, home, skip=True).n_interactions == 40
    assert first.name == "a.csv"


def test_quotes_of_one_file_are_read_as_it_asks_for(tmp_path: Path, home: Home) -> None:
    """An item over two lines in the second file alone."""
    first = tmp_path / "a.csv"
    first.write_text("user,item,title,time\n" + "".join(f"{k % 2},i{k % 3},t,{START + k}\n" for k in range(30)))
    (tmp_path / "b.csv").write_text(f'user,item,title,time\n1,i1,"a\nb",{START + 40}\n0,i2,t,{START + 41}\n')
    assert prepared([first, tmp_path / "b.csv"], home).n_interactions == 32


def test_a_folder_that_holds_a_split_is_not_joined(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        write_csv(tmp_path / f"beauty.{part}.inter", ROWS)
    with pytest.raises(
        LogError, match=r"parts of a split.*--train .*train.inter --valid .*valid.inter --test .*test.inter"
    ):
        given_log([tmp_path], {})


def test_the_parts_of_a_split_that_are_named_one_by_one_are_joined_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """As a pattern such as `beauty.*.inter` names them."""
    paths = [write_csv(tmp_path / f"beauty.{part}.inter", ROWS) for part in ("test", "train")]
    assert given_log(paths, {}).pieces == tuple(paths)
    assert f"--train {paths[1]} --test {paths[0]} takes them as they are" in caplog.text
    caplog.clear()
    given_log([write_csv(tmp_path / f"{day}.csv", ROWS) for day in ("monday", "tuesday")], {})
    assert not caplog.text


def test_a_folder_of_no_files_or_of_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LogError, match="holds no file"):
        given_log([tmp_path / "empty"], {})
    with pytest.raises(LogError, match="holds the folder empty"):
        given_log([tmp_path], {})


def test_a_file_is_given_once(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv")
    with pytest.raises(LogError, match="a.csv is given twice"):
        given_log([path, tmp_path / "." / "a.csv"], {})

"""Histories of every form are read alike, and what is missing is named."""

from pathlib import Path

import polars as pl
import pytest

from nsbench.data.item_label import ItemLabels
from nsbench.errors import LogError
from nsbench.trained.history_table import HistoryTable
from nsbench.trained.history_text import split_ids

LETTERS = ItemLabels(pl.Series("label", ["a", "b", "c"]))
NUMBERS = ItemLabels(pl.Series("label", [10, 20, 30]))


def read(path: Path, items: ItemLabels = LETTERS) -> tuple[dict[object, list[int]], int]:
    """Histories by key, and how many ids were unknown."""
    found: dict[object, list[int]] = {}
    n_unknown = 0
    for batch in HistoryTable(path, items).batches():
        n_unknown += batch.n_unknown
        own = batch.histories
        for key, start, end in zip(batch.keys.to_list(), own.start, own.end, strict=True):
            found[key] = own.item_ids[start:end].tolist()
    return found, n_unknown


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_row_per_history_in_every_format(tmp_path: Path) -> None:
    """X and y have histories of a, c and b with an unknown one; z has none."""
    wanted = {"x": [1, 3], "y": [2], "z": []}
    csv = written(tmp_path / "h.csv", 'user,items\nx,"a,c"\ny,"b, zzz"\nz,\n')
    lines = '{"user": "x", "items": ["a", "c"]}\n{"user": "y", "items": ["b", "zzz"]}\n{"user": "z", "items": []}\n'
    jsonl = written(tmp_path / "h.jsonl", lines)
    parquet = tmp_path / "h.parquet"
    pl.DataFrame({"user": ["x", "y", "z"], "items": [["a", "c"], ["b", "zzz"], []]}).write_parquet(parquet)
    for path in (csv, jsonl, parquet):
        assert read(path) == (wanted, 1), path


def test_a_row_per_interaction_goes_by_time_where_there_is_one(tmp_path: Path) -> None:
    """The rows of x are c at 9, a at 5, b at 10: by time a, c, b, though 10 is before 5 as text; without times as they stand."""
    rows = "x,c,9\ny,b,1\nx,a,5\nx,b,10\n"
    by_time = written(tmp_path / "t.csv", f"user_id,item_id,timestamp\n{rows}")
    by_row = written(tmp_path / "r.csv", f"user_id,item_id,position\n{rows}")
    assert read(by_time) == ({"x": [1, 3, 2], "y": [2]}, 0)
    assert read(by_row) == ({"x": [3, 1, 2], "y": [2]}, 0)
    dates = written(tmp_path / "d.csv", "user,item,time\nx,a,2024-02-01T00:00:00Z\nx,b,2024-01-31 23:59:59\n")
    assert read(dates) == ({"x": [2, 1]}, 0)


def test_numbers_are_found_however_they_are_written(tmp_path: Path) -> None:
    """20 as text, as 20.0, as an integer and as a float are item 2 of 10, 20, 30; 21 is none."""
    csv = written(tmp_path / "h.csv", 'user,items\n1,"10,20.0,21"\n')
    frame = pl.DataFrame({"user": [1, 1], "item": [10.0, 20.0]})
    frame.write_parquet(tmp_path / "h.parquet")
    jsonl = written(tmp_path / "h.jsonl", '{"user": 1, "items": [10, 20.0, 21]}\n')
    assert read(csv, NUMBERS) == ({"1": [1, 2]}, 1)
    assert read(tmp_path / "h.parquet", NUMBERS) == ({1: [1, 2]}, 0)
    assert read(jsonl, NUMBERS) == ({"1": [1, 2]}, 1)


def test_an_id_column_goes_before_the_user_so_that_a_user_may_have_many_histories(tmp_path: Path) -> None:
    path = written(tmp_path / "h.csv", 'id,user,items\n0,x,"a"\n1,x,"a,b"\n')
    assert read(path) == ({"0": [1], "1": [1, 2]}, 0)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("h.csv", 'user,items\nx,a\ny,"b,nan"\n', "an item id is missing in row 2"),
        ("h.csv", "user,item\nx,a\nx,\n", "an item id is missing in row 2"),
        ("h.csv", "user,item\nx,a\n,b\n", "the user is missing in row 2"),
        ("h.jsonl", '{"user": "x", "items": ["a", NaN]}\n', "an item id is missing in row 1"),
        ("h.jsonl", '{"user": "x", "items": ["a"]}\n{"user": NaN, "items": []}\n', "the user is missing in row 2"),
        ("h.jsonl", '{"user": "x", "items": ["a"]}\nno json\n', "line 2: it is no JSON"),
        ("h.csv", "who,what\nx,a\n", "one row per interaction .* or one row per history"),
        ("h.csv", "user,item,time\nx,a,1\nx,b,soon\n", "the time 'soon' of row 2 is neither a number nor a date"),
        ("h.csv", "user,item,time\nx,a,1\nx,b,nan\n", "the time 'nan' of row 2 is neither a number nor a date"),
        ("h.csv", 'user,items\nw,\nx,"[a, b, c]"\n', r"items of row 2 is written as a list is printed, '\[a, b, c\]'"),
        ("h.jsonl", '{"user": "x", "items": ["a"]}\n{"user": "y", "items": "a,b"}\n', "line 2: 'items' holds a text"),
        ("h.jsonl", '{"user": "x", "items": [["a"]]}\n', "line 1: 'items' holds lists within a list"),
        ("h.jsonl", '{"user": "x", "item": ["a"]}\n', "'item' holds List.*one value per row is expected"),
        ("h.jsonl", '{"user": ["x"], "items": ["a"]}\n', "'user' holds List.*one value per row is expected"),
        ("h.csv", "", "names of its columns"),
        ("h.doc", "user,item\n", "the name doesn't say what it is"),
        ("h.parquet", "no parquet", "can't read"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    with pytest.raises(LogError, match=message):
        read(written(tmp_path / name, text))


def test_a_float_user_that_is_nan_is_missing(tmp_path: Path) -> None:
    pl.DataFrame({"user": [1.0, float("nan")], "item": ["a", "b"]}).write_parquet(tmp_path / "h.parquet")
    with pytest.raises(LogError, match="the user is missing in row 2"):
        read(tmp_path / "h.parquet")


def test_a_parquet_file_of_other_types_is_refused(tmp_path: Path) -> None:
    """A time that is not a number, lists of lists, lists of items in the rows of interactions."""
    users = ["x", "y"]
    for columns, message in (
        ({"item": ["a", "b"], "time": [1.0, float("nan")]}, "the time nan of row 2"),
        ({"items": [[["a"]], [["b"]]]}, r"'items' holds List\(List\(String\)\), no histories"),
        ({"item": [["a"], ["b"]]}, r"'item' holds List\(String\), and one value per row"),
    ):
        pl.DataFrame({"user": users, **columns}).write_parquet(tmp_path / "h.parquet")
        with pytest.raises(LogError, match=message):
            read(tmp_path / "h.parquet")


def test_brackets_stay_where_the_models_ids_have_them(tmp_path: Path) -> None:
    path = written(tmp_path / "h.csv", 'user,items\nx,"[a],[b]"\n')
    assert read(path, ItemLabels(pl.Series("label", ["[a]", "[b]"]))) == ({"x": [1, 2]}, 0)


def test_it_is_said_where_no_column_is_taken_for_the_time(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(written(tmp_path / "h.csv", "user,item,viewed_at\nx,a,2\nx,b,1\n"))
    assert "none of the columns viewed_at is recognised as the time" in caplog.text
    caplog.clear()
    read(written(tmp_path / "h.csv", "user,item\nx,a\nx,b\n"))
    read(written(tmp_path / "h.csv", "user,item,timestamp,page\nx,a,1,9\n"))
    assert not caplog.text


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogError, match=r"can't read .*gone\.csv: No such file"):
        read(tmp_path / "gone.csv")


def test_a_file_of_names_alone_holds_no_history(tmp_path: Path) -> None:
    for text in ("user,items\n", "user,item\n"):
        assert read(written(tmp_path / "h.csv", text)) == ({}, 0)


def test_a_history_in_one_row_may_be_very_long(tmp_path: Path) -> None:
    path = written(tmp_path / "h.csv", f'user,items\nx,"{",".join(["a"] * 100_000)}"\n')
    assert read(path) == ({"x": [1] * 100_000}, 0)


def test_a_line_of_ids_is_split_at_commas() -> None:
    assert split_ids("a, b,c") == ["a", "b", "c"]
    assert split_ids("") == []
    assert split_ids("a,,b") == ["a", "", "b"]

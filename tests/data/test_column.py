"""Which column holds what."""

from pathlib import Path

import pytest

from nsbench.data.column import Columns, find_columns
from nsbench.data.source import LogSource, recognise
from nsbench.errors import LogError


def log(folder: Path, first: str, row: str = "") -> LogSource:
    path = folder / "log.csv"
    path.write_text(f"{first}\n{row}\n")
    return recognise(path)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("user_id,item_id,timestamp", ("user_id", "item_id", "timestamp", None, None)),
        ("SessionId,Time,ItemId", ("SessionId", "ItemId", "Time", None, None)),
        ("timestamp,visitorid,event,itemid", ("visitorid", "itemid", "timestamp", "event", None)),
        ("userId,movieId,rating,timestamp", ("userId", "movieId", "timestamp", None, "rating")),
        ("user_id:token,item_id:token,time:float", ("user_id:token", "item_id:token", "time:float", None, None)),
        ("session_id,user_id,item_id,date,timestamp", ("user_id", "item_id", "timestamp", None, None)),
    ],
)
def test_the_names_of_public_logs_are_recognised(tmp_path: Path, header: str, expected: tuple[str | None, ...]) -> None:
    columns = find_columns(log(tmp_path, header), Columns())
    assert (columns.user, columns.item, columns.time, columns.event, columns.rating) == expected


def test_a_named_column_goes_before_a_recognised_one(tmp_path: Path) -> None:
    columns = find_columns(log(tmp_path, "user_id,session_id,item_id,timestamp"), Columns(user="session_id"))
    assert columns.user == "session_id"


def test_without_header_the_third_of_four_columns_may_be_a_rating(tmp_path: Path) -> None:
    columns = find_columns(log(tmp_path, "196,242,3,881250949"), Columns())
    assert (columns.user, columns.item, columns.time, columns.rating) == ("1", "2", "4", "3")


def test_without_header_a_last_column_of_ratings_is_not_taken_for_times(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="No column of .* is recognised as the time.*--time-column"):
        find_columns(log(tmp_path, "1,2,5", "1,3,4"), Columns())


def test_without_header_columns_can_be_named_by_place(tmp_path: Path) -> None:
    source = log(tmp_path, "1,2014-04-07T10:51:09.277Z,214536502,0")
    columns = find_columns(source, Columns(user="1", time="2", item="3"))
    assert (columns.user, columns.item, columns.time) == ("1", "3", "2")


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        LogError, match=r"no column 'usr_id' for the user.*'user_id', 'item_id'.*Did you mean 'user_id'"
    ):
        find_columns(log(tmp_path, "user_id,item_id,timestamp"), Columns(user="usr_id"))


def test_one_column_cannot_be_two_things(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="must be three columns"):
        find_columns(log(tmp_path, "user_id,item_id,timestamp"), Columns(item="user_id"))

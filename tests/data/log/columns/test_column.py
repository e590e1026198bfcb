"""Which column holds what."""

from pathlib import Path

import pytest

from nsbench.data.log.columns.column import Columns, find_columns
from nsbench.data.log.formats.log_format import LogFile, recognise
from nsbench.errors import LogError


def log(folder: Path, first: str, row: str = "") -> LogFile:
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


YOOCHOOSE = "2014-04-07T10:51:09.277Z"
UNIX = "1396861869"


@pytest.mark.parametrize(
    ("row", "places"),
    [
        (f"1,{YOOCHOOSE},214536502", ("1", "3", "2", None)),
        (f"1,{UNIX},214536502", ("1", "3", "2", None)),
        (f"{YOOCHOOSE},1,214536502", ("2", "3", "1", None)),
        (f"{UNIX},1,214536502", ("2", "3", "1", None)),
        (f"1,214536502,{UNIX}000", ("1", "2", "3", None)),
        ("1,214536502,20140407", ("1", "2", "3", None)),
        (f"A39HTATAQ9V7YF,B000142FVW,{UNIX}", ("1", "2", "3", None)),
        (f"1,214536502,{UNIX},4.5", ("1", "2", "3", "4")),
        (f"1,{UNIX},214536502,4.5", ("1", "3", "2", "4")),
        (f"{UNIX},1,214536502,4.5", ("2", "3", "1", "4")),
        (f"1,214536502,4.5,{YOOCHOOSE}", ("1", "2", "4", "3")),
    ],
)
def test_without_header_the_times_are_found_by_their_values(
    tmp_path: Path, row: str, places: tuple[str | None, ...]
) -> None:
    """User and item are the others, in this order; a number as small as a rating may follow them."""
    columns = find_columns(log(tmp_path, row, row), Columns())
    assert (columns.user, columns.item, columns.time, columns.rating) == places


@pytest.mark.parametrize(
    ("rows", "role"),
    [
        ((f"1,{UNIX},1396861870",), "time"),
        ((f"1,{YOOCHOOSE},{YOOCHOOSE}",), "time"),
        (("1,2,1000",), "time"),
        (("1,2,12:30:59",), "time"),
        ((f"1,214536502,view,{UNIX}",), "user"),
        ((f"1,4,214536502,{UNIX}",), "user"),
        ((f"1,4,90,{UNIX}", f"2,4,91,{UNIX}"), "user"),
        ((f"1,2,3,{UNIX},4",), "user"),
        ((f"1,2,{UNIX},4,view,9",), "user"),
    ],
)
def test_without_header_columns_that_cannot_be_told_are_asked_for(
    tmp_path: Path, rows: tuple[str, ...], role: str
) -> None:
    message = f"No column of .* is recognised as the {role}.*--{role}-column by its place.*first row holds '1', "
    with pytest.raises(LogError, match=message):
        find_columns(log(tmp_path, *rows[:1], "\n".join(rows)), Columns())


def test_without_header_named_columns_leave_the_others_to_be_found(tmp_path: Path) -> None:
    columns = find_columns(log(tmp_path, f"214536502,1,{UNIX}"), Columns(item="1"))
    assert (columns.user, columns.item, columns.time) == ("2", "1", "3")
    columns = find_columns(log(tmp_path, "7,1,214536502"), Columns(time="2"))
    assert (columns.user, columns.item, columns.time) == ("1", "3", "2")


@pytest.mark.parametrize(
    ("header", "row", "time"),
    [
        ("user,item,date,hourmin,time_ms", "1,2,20201018,811,1603008675000", "time_ms"),
        ("user,item,timestamp,time_ms", "1,2,2020-10-18,1603008675000", "time_ms"),
        ("user,item,date,created_at", "1,2,2020-10-18,2020-10-18 08:11:15", "created_at"),
        ("user,item,time,timestamp", "1,2,08:11:15,2020-10-18", "timestamp"),
        ("user,item,date,timestamp", "1,2,2020-10-18,1603008675", "timestamp"),
        ("user,item,time,date", "1,2,2020-10-18 08:11:15,2020-10-18", "time"),
        ("user,item,date", "1,2,2020-10-18", "date"),
    ],
)
def test_a_column_of_days_is_not_preferred_to_a_finer_one(tmp_path: Path, header: str, row: str, time: str) -> None:
    assert find_columns(log(tmp_path, header, row), Columns()).time == time


def test_a_message_about_columns_stays_short(tmp_path: Path) -> None:
    """200 columns, and one whose name is a page long."""
    names = ",".join([f"column_{k}" for k in range(200)] + ["x" * 5_000])
    source = log(tmp_path, names, "")
    for wanted in (Columns(), Columns(user="y" * 5_000), Columns(user="x" * 5_000, item="x" * 5_000, time="x" * 5_000)):
        with pytest.raises(LogError) as refused:
            find_columns(source, wanted)
        assert len(str(refused.value).replace(str(source.path), "")) < 600
        assert "more" in str(refused.value)


def test_without_header_columns_can_be_named_by_place(tmp_path: Path) -> None:
    source = log(tmp_path, "1,2014-04-07T10:51:09.277Z,214536502,0")
    columns = find_columns(source, Columns(user="1", time="2", item="3"))
    assert (columns.user, columns.item, columns.time) == ("1", "3", "2")


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        LogError, match=r"no column 'usr_id' \(did you mean 'user_id'\?\) for the user.*'user_id', 'item_id'"
    ):
        find_columns(log(tmp_path, "user_id,item_id,timestamp"), Columns(user="usr_id"))


def test_one_column_cannot_be_two_things(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="must be three columns"):
        find_columns(log(tmp_path, "user_id,item_id,timestamp"), Columns(item="user_id"))


@pytest.mark.parametrize("first", ["u0,i0,", "u0,i0,NULL", "# exported, by, me"])
def test_a_first_line_that_may_be_a_row_or_a_comment_is_said_to_be_taken_for_a_header(
    tmp_path: Path, first: str
) -> None:
    with pytest.raises(LogError, match="the first line, which is taken for a header, since no number or date"):
        find_columns(log(tmp_path, first, "u1,i1,1600000000"), Columns())

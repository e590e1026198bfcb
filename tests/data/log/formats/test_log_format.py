"""Recognition of formats, separators and headers, and the rows that each format gives."""

import gzip
import os
from pathlib import Path

import polars as pl
import pytest

from nsbench.data.log.formats.log_format import ROW, LogFile, LogFormat, recognise
from nsbench.data.log.formats.separated import LinesAreNotRows
from nsbench.errors import LogError


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def column(source: LogFile, name: str) -> list[object]:
    """All values of a column."""
    return [value for frame in source.frames({"value": name}) for value in frame["value"]]


def test_the_content_decides_and_not_the_name(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.csv", "1::10::5::978300760\n"))
    assert (source.format, source.separator, source.has_header) == (LogFormat.DOUBLE_COLON, "::", False)


def test_a_first_line_with_a_number_is_no_header(tmp_path: Path) -> None:
    """Amazon's ratings begin with labels, but the rating and the time are numbers."""
    source = recognise(written(tmp_path / "ratings.csv", "A39HTATAQ9V7YF,B000142FVW,5.0,1369699200\n"))
    assert source.columns == ("1", "2", "3", "4")


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.csv", "user,item,time\n1,2,3\n".encode("utf-8-sig")))
    assert source.columns == ("user", "item", "time")
    assert column(source, "user") == ["1"]


def test_a_quoted_label_may_hold_the_separator(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.csv", 'user,item,time\n"a,b",2,3\n'))
    assert column(source, "user") == ["a,b"]


def test_a_quote_in_a_tsv_is_a_letter(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.tsv", 'user\titem\ttime\n7" single\t2\t3\n'))
    assert column(source, "user") == ['7" single']


def test_rows_are_numbered_without_the_header_in_every_text_format(tmp_path: Path) -> None:
    for name, content in (("a.csv", "u,i,t\na,b,c\nd,e,f\n"), ("a.dat", "u::i::t\na::b::c\nd::e::f\n")):
        source = recognise(written(tmp_path / name, content))
        assert source.head({"item": "i"}, 9).rows(named=True) == [{ROW: 0, "item": "b"}, {ROW: 1, "item": "e"}]
        assert source.line_of(1) == "line 3"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"hello world\n", "format of .* isn't known"),
        (b"\0\1\2\3", "binary"),
        (b"user,item,time\n\xe9,1,1\n", "line 2 is not UTF-8 text"),
        (b'[{"user": 1}, {"user": 2}]', "is a JSON array"),
        (b"[1,2,3]", "is a JSON array"),
        (b"PK\3\4rest", "zip archive"),
        (b"PAR1rest", "can't be read"),
        (b"user,item,item,time\n1,2,3,4\n", "two columns of one name"),
        (gzip.compress(b"user,item,time\n" * 9, mtime=0)[:20], "can't be unpacked"),
        (b'{"user": 1}\n{"user":\n{"user": 2}\n', "line 2 is not JSON"),
    ],
)
def test_what_is_no_log_is_refused_with_the_reason(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(LogError, match=message):
        recognise(written(tmp_path / "log", content))


def test_a_missing_file_names_the_ones_close_to_it(tmp_path: Path) -> None:
    written(tmp_path / "ratings.csv", "x")
    with pytest.raises(LogError, match=r"There is no file .*rating\.csv \(did you mean 'ratings\.csv'"):
        recognise(tmp_path / "rating.csv")


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="is a folder"):
        recognise(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(LogError, match="is a pipe.*write it to one first"):
        recognise(tmp_path / "log.csv")


@pytest.mark.parametrize("before", ["", "\n", "\n \n\r\n", "\n" * (1 << 17)])
def test_blank_lines_are_no_rows_and_count_as_lines(tmp_path: Path, before: str) -> None:
    source = recognise(written(tmp_path / "log.csv", f"{before}user,item,time\na,1,5\n\nb,2,6\n\n"))
    source = source if before.strip("\n") == "" else source.with_quoting()
    assert column(source, "user") == ["a", "b"]
    assert source.line_of(1) == f"line {before.count(chr(10)) + 4:,}"


def test_names_with_blanks_around_them_are_the_names_without(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.csv", "user, item, time\na, 1, 5\n"))
    assert source.columns == ("user", "item", "time")
    assert column(source, "item") == [" 1"]


def test_a_column_without_a_name_is_named_by_its_place(tmp_path: Path) -> None:
    """As pandas writes its index."""
    source = recognise(written(tmp_path / "log.csv", ",user,item,time\n0,a,1,5\n"))
    assert source.columns == ("column 1", "user", "item", "time")
    assert column(source, "time") == ["5"]


def test_blanks_separate_where_nothing_else_does(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.inter", "user_id:token item_id:token time:float\n1 2 3\n"))
    assert column(source, "item_id:token") == ["2"]
    source = recognise(written(tmp_path / "log.csv", "user,item,time\n1,2,2020-01-01 10:00:00\n"))
    assert source.separator == ","


@pytest.mark.parametrize("text", ["  \n1 2 3\n4 5 6\n", "1 2 3\n  \n4 5 6\n", "1 2 3\n4 5 6\n  "])
def test_where_blanks_separate_a_line_of_them_is_no_row(tmp_path: Path, text: str) -> None:
    """Two blanks lie between as many fields as a row has."""
    source = recognise(written(tmp_path / "log.csv", text))
    with pytest.raises(LinesAreNotRows):
        column(source, "2")
    assert column(source.with_quoting(), "2") == ["2", "5"]


def test_a_title_with_double_colons_makes_no_double_colon_file(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.csv", "A::B::C,1,2020-01-01\nD,2,2020-01-02\n"))
    assert (source.separator, column(source, "1")) == (",", ["A::B::C", "D"])


def test_a_row_of_double_colons_with_a_field_too_many_is_named(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "r.dat", "1::10::5::978300760\n\n2::A::B::5::978300761\n"))
    with pytest.raises(LogError, match="line 3 has 5 fields where there are 4 columns"):
        column(source, "1")


def test_a_name_that_is_a_pattern_is_a_name(tmp_path: Path) -> None:
    """`views[1].jsonl` as a pattern is views1.jsonl."""
    for name, user in (("views1.jsonl", "other"), ("views[1].jsonl", "right"), ("*.jsonl", "star")):
        written(tmp_path / name, f'{{"user": "{user}", "item": 1, "time": 2}}\n')
    assert column(recognise(tmp_path / "views[1].jsonl"), "user") == ["right"]
    assert column(recognise(tmp_path / "*.jsonl"), "user") == ["star"]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"user": range(99), "item": range(99)}).write_parquet(tmp_path / "log.parquet")
    whole = bytearray((tmp_path / "log.parquet").read_bytes())
    whole[4:80] = b"x" * 76
    source = recognise(written(tmp_path / "log.parquet", bytes(whole)))
    with pytest.raises(LogError, match="can't be read"):
        column(source, "user")


@pytest.mark.parametrize("names", ["user,item,time,0", "0,user_id,movieId,timestamp", "user,item,time,0.5"])
def test_a_line_that_names_user_item_and_time_is_a_header_whatever_else_it_holds(tmp_path: Path, names: str) -> None:
    """Pandas calls columns without a name by their number."""
    source = recognise(written(tmp_path / "log.csv", f"{names}\n1,2,3,4\n"))
    assert source.columns == tuple(names.split(","))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("# exported, by me\nuser,item,time\n1,2,1600000000\n", "begins with a comment: '# exported, by me'"),
        ("% bip\n1 2 1600000000\n", "begins with a comment"),
        ("# a, b, c\nuser,item,time\n1,2,1600000000\n", "begins with a comment"),
        ("sep=;\nuser;item;time\n1;2;1600000000\n", "names the separator: 'sep=;'. Take it out"),
        ('"sep=,"\nuser,item,time\n1,2,1600000000\n', "names the separator"),
        (gzip.compress(gzip.compress(b"user,item,time\n", mtime=0), mtime=0), "is gzip within gzip"),
        (gzip.compress(b"PAR1 and so on", mtime=0), "is a Parquet file within gzip: unpack it first"),
    ],
)
def test_what_stands_before_the_log_is_named(tmp_path: Path, content: str | bytes, message: str) -> None:
    with pytest.raises(LogError, match=message):
        recognise(written(tmp_path / "log", content))


@pytest.mark.parametrize("first", ["#user,item,time", "#1,2,1600000000", "%41,2,1600000000"])
def test_a_header_or_a_label_may_begin_like_a_comment(tmp_path: Path, first: str) -> None:
    source = recognise(written(tmp_path / "log.csv", f"{first}\n3,4,1600000000\n"))
    assert source.columns == (tuple(first.split(",")) if "user" in first else ("1", "2", "3"))


@pytest.mark.parametrize("ends", ["\r", "\r\n", "\n\r\r\n", "\n\r"], ids=repr)
@pytest.mark.parametrize("row", ["{0}::{0}::5::160000000{0}", '{{"1": "{0}", "4":\r160000000{0}}}'])
def test_lines_end_in_any_way_in_every_format(tmp_path: Path, ends: str, row: str) -> None:
    r"""The ends in turn, `\r\n` as one; within an object `\r` is a blank."""
    each = ["\r\n"] if ends == "\r\n" else ["\n", "\r", "\r\n"] if len(ends) > 2 else list(ends)
    text = "".join(row.format(n) + each[n % len(each)] for n in range(9))
    source = recognise(written(tmp_path / "log", text))
    assert column(source, "1") == [str(n) for n in range(9)]
    assert column(source, "4") == [f"160000000{n}" for n in range(9)]
    assert source.line_of(7) == "line 8"

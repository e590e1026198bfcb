"""Recognition of formats, separators and headers."""

import gzip
from pathlib import Path

import pytest

from nsbench.data.source import ROW, LogFormat, recognise
from nsbench.errors import LogError


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


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
    assert source.scan(["user"]).collect()["user"].to_list() == ["1"]


def test_a_quoted_label_may_hold_the_separator(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.csv", 'user,item,time\n"a,b",2,3\n'))
    assert source.scan(["user"]).collect()["user"].to_list() == ["a,b"]


def test_a_quote_in_a_tsv_is_a_letter(tmp_path: Path) -> None:
    source = recognise(written(tmp_path / "log.tsv", 'user\titem\ttime\n7" single\t2\t3\n'))
    assert source.scan(["user"]).collect()["user"].to_list() == ['7" single']


def test_rows_are_numbered_without_the_header_in_every_text_format(tmp_path: Path) -> None:
    for name, content in (("a.csv", "u,i,t\na,b,c\nd,e,f\n"), ("a.dat", "u::i::t\na::b::c\nd::e::f\n")):
        source = recognise(written(tmp_path / name, content))
        assert source.scan(["i"]).collect().rows() == [(0, "b"), (1, "e")]
        assert source.scan(["i"]).collect().columns == [ROW, "i"]
        assert source.line_of(1) == "line 3"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n \n", "empty"),
        (b"hello world\n", "format of .* isn't known"),
        (b"\0\1\2\3", "binary"),
        (b"user,item,time\n\xe9,1,1\n", "not UTF-8 text at byte 15"),
        (b"PK\3\4rest", "zip archive"),
        (b"PAR1rest", "can't be read"),
        (b"user,item,item,time\n1,2,3,4\n", "two columns of one name"),
        (gzip.compress(b"user,item,time\n" * 9, mtime=0)[:20], "can't be unpacked"),
        (b'{"user": 1}\n{"user":\n{"user": 2}\n', "row 2 is not a JSON object"),
    ],
)
def test_what_is_no_log_is_refused_with_the_reason(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(LogError, match=message):
        recognise(written(tmp_path / "log", content))


def test_a_missing_file_names_the_ones_close_to_it(tmp_path: Path) -> None:
    written(tmp_path / "ratings.csv", "x")
    with pytest.raises(LogError, match=r"There is no file .*rating\.csv\. Close to it are: ratings\.csv"):
        recognise(tmp_path / "rating.csv")


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="is a folder"):
        recognise(tmp_path)

"""How quotes are read, and that no row is lost in them."""

from pathlib import Path

import pytest

from nsbench.data.log.formats.log_format import LogFile, recognise
from nsbench.data.log.formats.separated import LinesAreNotRows, read_lines, read_records
from nsbench.errors import LogError

HEADER = "user,item,title,time\n"


def source_of(folder: Path, rows: str, header: str = HEADER) -> LogFile:
    path = folder / "log.csv"
    path.write_bytes((header + rows).encode())
    return recognise(path)


def rows_of(source: LogFile) -> list[tuple[str, ...]]:
    """User, title and time of every row, with the quotes looked at where lines aren't rows."""
    roles = {"user": "user", "title": "title", "time": "time"}
    try:
        return [row[1:] for frame in source.frames(roles) for row in frame.rows()]
    except LinesAreNotRows:
        return [row[1:] for frame in source.with_quoting().frames(roles) for row in frame.rows()]


@pytest.mark.parametrize(
    ("rows", "titles"),
    [
        ('a,1,5" single,100\nb,2,x,101\nc,3,7" record,102\n', ['5" single', "x", '7" record']),
        ('a,1,"5"" single",100\nb,2,"x, y",101\n', ['5" single', "x, y"]),
        ('a,1,"5\\" single, new",100\nb,2,"x",101\n', ['5" single, new', "x"]),
        ('a,1,"5\\" single",100\nb,2,"x",101\n', ['5" single', "x"]),
        ('a,1,"5" single,100\nb,2,x,101\n', ["5 single", "x"]),
        ('a,1,"5 inch,100\nb,2,x,101\n', ['"5 inch', "x"]),
        ('a,1,"5 inch,100\nb,2,x,101\nc,3,"7 inch,102\n', ['"5 inch', "x", '"7 inch']),
        ('a,1,"5 inch,100\nb,2,x,101\nc,3,7 inch",102\n', ['"5 inch', "x", '7 inch"']),
        ('a,1,"two\nlines",100\nb,2,"and, here\r\nthree\n",101\n', ["two\nlines", "and, here\r\nthree\n"]),
        ('a,1,"",100\nb,2,"""",101\n', [None, '"']),
        ('a,1,"x, y",100\nb,2,"two\nlines, and ""3""\n\n",101\n', ["x, y", 'two\nlines, and "3"\n\n']),
        ("a,1,'x',100\nb,2,`y`,101\n", ["'x'", "`y`"]),
    ],
    ids=[
        "inch marks within fields",
        "doubled quotes",
        "backslash before a quote and a separator",
        "backslash before a quote",
        "text after a quoted field",
        "one quote that nothing closes",
        "two quotes that would close each other",
        "a pair around three rows",
        "quoted lines",
        "empty and a quote alone",
        "separators, lines and quotes within quotes",
        "other quotes",
    ],
)
def test_every_row_is_read_whatever_its_quotes(tmp_path: Path, rows: str, titles: list[str | None]) -> None:
    read = rows_of(source_of(tmp_path, rows))
    assert [row[1] for row in read] == titles
    assert [row[2] for row in read] == [str(100 + n) for n in range(len(titles))]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("a,1,x,100\nb,2,y,z,101\n", "line 3 has 5 fields where there are 4 columns: 'b,2,y,z,101'"),
        ('a,1,"x, y",100\nb,2,"5 inch,101\nc,3,z,102\n', "line 3 opens a quote"),
        (
            'a,1,"x, y",100\n\nb,2,"5 inch,101\nc,3,7 inch",102\n',
            "line 4 opens a quote that takes in the row of line 5",
        ),
    ],
    ids=["a field too many", "a quote left open beside good ones", "a row taken in beside good ones"],
)
def test_what_no_reading_fits_is_refused_with_its_first_line(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(LogError, match=message):
        rows_of(source_of(tmp_path, rows))


TIMES = {"unix": lambda n: str(1_600_000_000 + n), "ISO": lambda n: f"2020-09-13T12:{n // 60:02}:{n % 60:02}.25Z"}


@pytest.mark.parametrize("separator", [",", "\t", ";", "|"])
@pytest.mark.parametrize("form", TIMES)
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("guest,i1,TIME,9,'24 inch TV", "2,i1,TIME,9,size 12'"),
        ("1,i1,TIME,9.99,'24 inch TV", "2,i1,TIME,9,size 12'"),
        ("1,i1,TIME,,'24 inch TV", "2,i1,TIME,9,size 12'"),
        ("1,i1,2020-09-13T12:30:59Z,9,'24 inch TV", "2,i1,TIME,9,size 12'"),
        ("guest,,TIME,,'24 inch TV", "2,i1,TIME,9,size 12'"),
        ("1,i1,TIME,9,'24 inch TV", "guest,none,TIME,,size 12'"),
        ("guest,none,TIME,,'24 inch TV", "visitor,none,TIME,9.99,size 12'"),
        ("1,i1,TIME,'24 inch TV,x", "guest,i1,TIME,size 12',x"),
    ],
    ids=["a user", "a price", "no price", "a time", "all but the time", "the row taken in", "both", "another column"],
)
@pytest.mark.parametrize("distance", [1, 25])
def test_quotes_in_unusual_rows_take_no_rows_in(
    tmp_path: Path, separator: str, form: str, opening: str, closing: str, distance: int
) -> None:
    """Every line is a row: read with quotes as letters."""
    lines = [f"{n % 7},i{n % 11},TIME,{n % 5 + 1},Title {n}" for n in range(60)]
    lines[10], lines[10 + distance] = opening, closing
    times = [TIMES[form](n) for n in range(60)]
    text = "".join(line.replace("TIME", time) + "\n" for line, time in zip(lines, times, strict=True))
    text = text.replace("'", '"').replace(",", separator)
    source = source_of(tmp_path, text, "user,item,time,price,title\n".replace(",", separator))
    read = rows_of(source)
    times[10] = "2020-09-13T12:30:59Z" if "30:59Z" in opening else times[10]
    assert [row[2] for row in read] == times
    assert [row[0] for row in read] == [line.split(",")[0] for line in lines]


@pytest.mark.parametrize(
    "closing", ["2,i1,TIME,size 12'", "guest,i1,TIME,size 12'"], ids=["a usual row", "an unusual row"]
)
@pytest.mark.parametrize(
    "opening",
    ["guest,i1,TIME,'24 inch TV", "1,i1,TIME,'24 inch, TV", "guest,i1,,'24 inch TV", "1,i1,'TIME,24 inch TV"],
    ids=["a user", "a separator after the quote", "no time", "the time in quotes"],
)
def test_where_quotes_take_rows_in_beside_good_ones_the_file_is_refused(
    tmp_path: Path, opening: str, closing: str
) -> None:
    """The good quotes hold separators, so that quotes can't be letters: line 12 is row 10, after the header."""
    lines = [f'{n % 7},i{n % 11},TIME,"Title, {n}"' for n in range(60)]
    lines[10], lines[35] = opening, closing
    lines[11:35] = [line.replace('"', "").replace(", ", " ") for line in lines[11:35]]
    text = "".join(line.replace("TIME", str(1_600_000_000 + n)) + "\n" for n, line in enumerate(lines))
    source = source_of(tmp_path, text.replace("'", '"'), "user,item,time,title\n")
    with pytest.raises(LogError, match="line 12 "):
        rows_of(source)


@pytest.mark.parametrize(
    ("column", "review", "line"),
    [
        ("last", "Nice:\nlight, small, cheap, red", 13),
        ("last", "Nice, and\nlight, small, cheap, red\nand so on", 13),
        ("last", "Points\n3, 4, 5, 2\nin all", 13),
        ("first", "Nice, big, red, new\nlight, small, cheap, red\nend", 13),
    ],
)
def test_quoted_lines_with_as_many_fields_as_a_row_are_text_and_warned_of(
    tmp_path: Path, column: str, review: str, line: int, caplog: pytest.LogCaptureFixture
) -> None:
    reviews = [f"Text, {n}" for n in range(40)]
    reviews[11] = review
    facts = [f"{n % 7},i{n % 11},{1_600_000_000 + n}" for n in range(40)]
    header = "title,user,item,time\n" if column == "first" else "user,item,time,title\n"
    rows = [
        f'"{text}",{fact}\n' if column == "first" else f'{fact},"{text}"\n'
        for text, fact in zip(reviews, facts, strict=True)
    ]
    read = rows_of(source_of(tmp_path, "".join(rows), header))
    assert read == [(str(n % 7), reviews[n], str(1_600_000_000 + n)) for n in range(40)]
    assert f"line {line} begins a text in quotes" in caplog.text


@pytest.mark.parametrize("place", range(4))
def test_quoted_lines_of_any_column_are_read_without_a_word(
    tmp_path: Path, place: int, caplog: pytest.LogCaptureFixture
) -> None:
    names = ["user", "item", "time"]
    names.insert(place, "title")
    rows = []
    for n in range(40):
        fields = [str(n % 7), f"i{n % 11}", str(1_600_000_000 + n)]
        fields.insert(place, f'"one\ntwo, three\n{n}"')
        rows.append(",".join(fields) + "\n")
    read = rows_of(source_of(tmp_path, "".join(rows), ",".join(names) + "\n"))
    assert read == [(str(n % 7), f"one\ntwo, three\n{n}", str(1_600_000_000 + n)) for n in range(40)]
    assert not caplog.text


def test_a_long_file_whose_quotes_take_in_rows_loses_none(tmp_path: Path) -> None:
    """Stray quotes every 1,000 rows, far from each other and from the head, over several of the reader's blocks."""
    lines = [f"u{n},{n},{chr(34) if n % 1_000 == 7 else ''}title {n},{1_600_000_000 + n}\n" for n in range(200_000)]
    read = rows_of(source_of(tmp_path, "".join(lines)))
    assert len(read) == 200_000
    assert [row[2] for row in read] == [str(1_600_000_000 + n) for n in range(200_000)]


def test_a_quoted_tsv_field_lacks_its_quotes_and_a_stray_one_is_a_letter(tmp_path: Path) -> None:
    source = source_of(tmp_path, '"a"\t1\t"x"\t100\n"b"\t2\t7" y\t101\n', '"user"\t"item"\t"title"\t"time"\n')
    assert rows_of(source) == [("a", "x", "100"), ("b", '7" y', "101")]


def test_both_readers_give_the_same_rows(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b'\xef\xbb\xbfa,"b, c",1\r\n\r\nd,"e ""f""",2\n,"",3')
    source = recognise(path)
    fast = [row for frame in read_lines(path, ",", 3, [0, 1, 2]) for row in frame.rows()]
    quoting = source.with_quoting().quoting
    assert quoting is not None
    assert fast == [row for frame in read_records(path, ",", quoting, 3, [0, 1, 2]) for row in frame.rows()]
    assert fast == [("a", "b, c", "1"), ("d", 'e "f"', "2"), (None, None, "3")]


def test_a_row_that_is_short_has_missing_fields(tmp_path: Path) -> None:
    assert rows_of(source_of(tmp_path, "a,1,x,100\nb,2\n")) == [("a", "x", "100"), ("b", None, None)]


def test_lines_that_end_a_quoted_first_column_are_no_rows_of_their_own(tmp_path: Path) -> None:
    source = source_of(tmp_path, '"a\nb",1,100,"\n"\n"c\nd",2,101,"e"\n', "title,user,time,note\n")
    assert rows_of(source) == [("1", "a\nb", "100"), ("2", "c\nd", "101")]


@pytest.mark.parametrize("separator", ["\t", ",", ";"])
def test_a_row_of_separators_is_a_row_in_both_readers(tmp_path: Path, separator: str) -> None:
    """Blank fields are missing ones, so that the row is counted among the bad ones."""
    rows = "a,1,x,100\n,,,\nb,2,y,101\n"
    for last in ("", 'c,3,"two\nlines",102\n'):
        read = rows_of(source_of(tmp_path, (rows + last).replace(",", separator), HEADER.replace(",", separator)))
        assert read[:3] == [("a", "x", "100"), (None, None, None), ("b", "y", "101")]

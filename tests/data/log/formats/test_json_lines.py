"""JSON lines as Python's json reads them."""

from pathlib import Path

import pytest

from nsbench.data.log.formats.json_lines import json_names, read_json_lines
from nsbench.errors import LogError


def read(folder: Path, text: str | bytes, *names: str) -> list[tuple[str | None, ...]]:
    path = folder / "log.jsonl"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [row for frame in read_json_lines(path, names) for row in frame.rows()]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"u"', "u"),
        ("7", "7"),
        ("7.0", "7.0"),
        ("-0", "0"),
        ("1e3", "1000.0"),
        ("1.6e9", "1600000000.0"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
        ("true", "true"),
        ("null", None),
        ("NaN", None),
        ('"\\u2028 \\n \\ud83d\\ude00"', "\u2028 \n \U0001f600"),
        ('"a\u2028b\u0085c"', "a\u2028b\u0085c"),
        ('""', ""),
    ],
)
def test_a_value_is_the_text_that_json_gives(tmp_path: Path, value: str, text: str | None) -> None:
    line = f'{{"x": [{{"user": 9}}], "user": {value}}}\n'
    assert read(tmp_path, line, "user") == [(text,)]
    assert read(tmp_path, line + '{"user": 1.5}\n' + line, "user") == [(text,), ("1.5",), (text,)]


def test_the_last_of_two_members_of_one_name_counts_and_a_missing_one_is_missing(tmp_path: Path) -> None:
    text = '\n{"b": 2, "a": 1, "a": 3}\r\n\n{"a": "x"}'
    assert read(tmp_path, b"\xef\xbb\xbf" + text.encode(), "a", "b") == [("3", "2"), ("x", None)]


def test_names_are_those_of_the_first_objects(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": "' + "x" * (1 << 17) + '"}\n{"b": 1, "a": 2}\n{"c": 1}\n')
    assert json_names(path, 2) == ("a", "b")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("[1,2,3]", r"line 3 is not a JSON object: '\[1,2,3\]'"),
        ("7", "line 3 is not a JSON object"),
        ('{"user": 1} {"user": 2}', "line 3 is not JSON"),
        ('{"user": 1,}', "line 3 is not JSON"),
        ('{"user": "' + "y" * 999, "line 3 is not JSON .*: '.{80}'\\.\\.\\."),
        ('{"user": {"id": 7}}', r"line 3: 'user' is an object \(\{\"id\": 7\}\)"),
        ('{"user": ["a"]}', "line 3: 'user' is a list"),
        ('{"user": "\\ud800"}', "line 3: 'user' holds half a character"),
        ('{"user": ' + "9" * 5_000 + "}", "line 3"),
        ('{"x": ' + "[" * 100_000 + "]" * 100_000 + "}", "line 3 is nested too deeply"),
    ],
)
def test_what_is_no_row_is_refused_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(LogError, match=message) as refusal:
        read(tmp_path, f'{{"user": 1}}\n\n{line}\n{{"user": 2}}\n', "user")
    assert len(str(refusal.value)) < 500

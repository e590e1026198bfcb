"""YAML that users write: what it means, and what is refused with its line, in no time."""

import os
import time
from pathlib import Path

import pytest

from nsbench.config import read_settings_file
from nsbench.errors import SettingsError
from nsbench.files.yaml_text import LIMIT_BYTES, parse_yaml
from nsbench.study.search.space import read_study_file

LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
MERGED_LAUGHS = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{i}: &a{i}\n  <<: [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1_000", 1000),
        ("-5", -5),
        (".5", 0.5),
        ("2024-01-05", "2024-01-05"),
        ("2024-13-45", "2024-13-45"),
        ("yes", "yes"),
        ("true", True),
        ("~", None),
        ("'010'", "010"),
        ("1,5,10", "1,5,10"),
        ("[1, 5]", [1, 5]),
        ("{on: 1, 2: x}", {"on": 1, "2": "x"}),
        ("b: &b {x: 1}\nc: {<<: *b, y: 2}", {"b": {"x": 1}, "c": {"x": 1, "y": 2}}),
        ("b: &b {x: 1}\nc: {<<: *b, x: 2}", {"b": {"x": 1}, "c": {"x": 2}}),
    ],
)
def test_a_text_means_what_it_looks_like(text: str, value: object) -> None:
    assert parse_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (LAUGHS, "more than 10,000 values"),
        (MERGED_LAUGHS, "more than 10,000 values"),
        ("[" + "a," * 100_000 + "]", "more than 10,000 values"),
        ("a: " + "[" * 3_000, "line 1, column 23: more than 20 levels"),
        ("{a: " * 3_000, "more than 20 levels"),
        ("- " * 3_000, "more than 20 levels"),
        ("a: " + "9" * 5_000, "5,000 digits"),
        ("a: 1\nb: 2\na: 3", "line 3, column 1: the key 'a' stands there twice"),
        ("a: {b: 1, b: 1}", "the key 'b' stands there twice"),
        ("&a [*a]", "holds itself"),
        ("&a {b: *a}", "holds itself"),
        ("*a", "undefined alias"),
        (".nan", "NaN or infinite"),
        ("-Infinity", "infinite"),
        ("1e999", "infinite"),
        ("010", "ambiguous"),
        ("0x1F", "ambiguous"),
        ("1:30", "ambiguous"),
        ("!!python/object/apply:os.system ['true']", "isn't taken"),
        ("!!binary aGk=", "isn't taken"),
        ("!!set {a}", "isn't taken"),
        ("!!timestamp x", "isn't taken"),
        ("!!bool maybe", "doesn't fit"),
        ("!!int 5x", "not a number"),
        ("!!int [1, 2]", "line 1, column 1: the tag !!int stands before a list, where a single value belongs"),
        ("!!float {a: 1}", "!!float stands before a mapping"),
        ("!!map [1]", "!!map stands before a list, where a mapping belongs"),
        ("!!seq {a: 1}", "!!seq stands before a mapping, where a list belongs"),
        ("!!str [1]", "!!str stands before a list"),
        ("!!map 5", "!!map stands before a single value"),
        ("[1, !!bool [true]]", "line 1, column 5: the tag !!bool stands before a list"),
        ('max_epochs: !!float {a: 1}\n!!int "x": 4', "line 1, column 13: the tag !!float"),
        ("[a]: 1", "a key is a list"),
        ("<<: 5", "merging"),
        ("a:\n\t- b", "line 2"),
        ("a: 1\n---\nb: 2", "single document"),
        ("a: \x1b", "special characters"),
        ('"\\U00FFFFFF"', "range"),
        ("'a", "unexpected end"),
    ],
)
def test_what_is_no_setting_is_refused_at_once(text: str, said: str) -> None:
    began = time.monotonic()
    with pytest.raises(SettingsError) as caught:
        parse_yaml(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("content", [b"\xff\xfea\x00", b"a: \xe4", b"[1]", b"text", b"x" * (LIMIT_BYTES + 1)])
def test_a_file_that_holds_no_settings_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(content)
    for read in (read_settings_file, read_study_file):
        with pytest.raises(SettingsError, match=r"settings\.yaml"):
            read(path)


@pytest.mark.parametrize("content", [b"", b"# nothing\n", b"\xef\xbb\xbf", b"---\n"])
def test_an_empty_file_changes_nothing(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.yaml"
    path.write_bytes(content)
    assert read_settings_file(path) == {}


def test_a_pipe_without_a_writer_and_a_folder_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    for name, kind in (("pipe.yaml", "a pipe"), ("folder.yaml", "a folder"), ("missing.yaml", "No such file")):
        with pytest.raises(SettingsError, match=kind):
            read_settings_file(tmp_path / name)
    with pytest.raises(SettingsError, match="a pipe or a device"):
        read_settings_file(Path("/dev/zero"))

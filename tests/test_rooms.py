"""The package is built of rooms that a person can scan, and every room's chapter names what stands in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import nsbench

PACKAGE = Path(nsbench.__file__).parent

MOST_MODULES = 16
"""Modules of one room, `__init__.py` not counted."""

MOST_LINES = 250
"""Lines of one file."""

ROOMS = sorted(path.parent for path in PACKAGE.rglob("__init__.py"))


def named_modules(text: str) -> Iterator[str]:
    """What stands in single backticks and is spelled like a module: `batch_stream`, `nsbench.data.log`."""
    return iter(re.findall(r"(?<!`)`((?:nsbench\.)?[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*)`(?!`)", text))


def is_there(name: str, room: Path) -> bool:
    """Whether a room or a file has this name: a full one anywhere, a short one in the room or below it."""
    if name.startswith("nsbench."):
        path = PACKAGE.parent.joinpath(*name.split("."))
        return path.is_dir() or path.with_suffix(".py").is_file()
    end = name.replace(".", "/")
    return any(room.glob(f"**/{end}.py")) or any(path.is_dir() for path in room.glob(f"**/{end}"))


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: ".".join(room.relative_to(PACKAGE.parent).parts))
def test_a_room_names_only_files_and_rooms_that_exist(room: Path) -> None:
    chapter = ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
    assert chapter
    assert [name for name in named_modules(chapter) if not is_there(name, room)] == []


def test_no_room_has_more_modules_than_a_person_scans() -> None:
    n_modules = {room.relative_to(PACKAGE).as_posix(): len(list(room.glob("*.py"))) - 1 for room in ROOMS}
    assert {room for room, n in n_modules.items() if n > MOST_MODULES} == set()


def test_no_file_is_longer_than_a_person_reads_at_once() -> None:
    n_lines = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert {str(path): n for path, n in n_lines.items() if n > MOST_LINES} == {}


def test_a_word_that_is_no_module_is_found() -> None:
    """`gone` is no file of the samplers, `random` is one; an option and a class are no module's names."""
    names = list(named_modules("`random`, `gone`, `--json`, `RankMetric`, ``code`` and `nsbench.data.log`"))
    assert names == ["random", "gone", "nsbench.data.log"]
    assert [is_there(name, PACKAGE / "samplers") for name in names] == [True, False, True]

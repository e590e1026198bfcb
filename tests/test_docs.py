"""`make docs` writes a reference that has every command and every public name."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

import nsbench
from nsbench.cli.main import app

MAKEFILE = (Path(__file__).parent.parent / "Makefile").read_text(encoding="utf-8")


def command(module: str, folder: Path) -> list[str]:
    """What `make docs` runs of a module, with its output in a folder."""
    (line,) = re.findall(rf"^\t\$\(BIN\)/python (-m {module} .*)$", MAKEFILE, re.MULTILINE)
    words = re.findall(r'"[^"]*"|\'[^\']*\'|\S+', line.replace("build/docs", str(folder)))
    return [sys.executable, *(word.strip("\"'") for word in words)]


def test_the_reference_of_the_commands_has_all_of_them(tmp_path: Path) -> None:
    subprocess.run(command("typer", tmp_path), check=True, capture_output=True)
    written = (tmp_path / "commands.md").read_text(encoding="utf-8")
    chapters = set(re.findall(r"^## `nsbench ([a-z]+)`", written, re.MULTILINE))
    assert chapters == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    assert "--min-user-interactions" in written


def test_the_reference_of_python_has_every_public_name_and_nothing_else(tmp_path: Path) -> None:
    pytest.importorskip("pdoc")
    subprocess.run(command("pdoc", tmp_path), check=True, capture_output=True)
    page = (tmp_path / "python" / "nsbench.html").read_text(encoding="utf-8")
    assert set(re.findall(r'<section id="([A-Za-z_]+)">', page)) == set(nsbench.__all__)
    assert [path.name for path in (tmp_path / "python").rglob("*.html") if path.name != "index.html"] == [
        "nsbench.html"
    ]

"""What others wrote is printed as it stands: no control codes, no markup, on every encoding, and into closed pipes."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from rich.table import Table
from rich.text import Text

from nsbench.printable import printable
from nsbench.view.console import Console
from tests.cli.in_process import nsbench

PROJECT = Path(__file__).parents[3]


def log_with(path: Path, user: str = "user", item: str = "item") -> Path:
    rows = range(200)
    columns = {user: [row % 20 for row in rows], item: [row * 7 % 11 for row in rows]}
    pl.DataFrame({**columns, "time": [1_600_000_000 + 3_600 * row for row in rows]}).write_csv(path)
    return path


@pytest.mark.parametrize("code", [*range(0x00, 0x09), *range(0x0B, 0x20), *range(0x7F, 0xA0), 0x202E, 0x2066])
def test_every_control_code_is_written_out(code: int) -> None:
    assert chr(code) not in printable(f"a{chr(code)}b")
    assert f"{code:02x}" in printable(f"a{chr(code)}b")


def test_letters_line_ends_and_tabs_stay() -> None:
    assert printable("ü 東京\t–\n\u2028") == "ü 東京\t–\n\u2028"


def test_a_table_holds_no_control_codes_and_no_markup() -> None:
    table = Table("\x1b[1mhead", title="[/b]title")
    table.add_row(Text("\x9bcell \x1b]0;title\x07"))
    table.add_row("[red]:smile:[/red]")
    console = Console(width=80)
    with console.capture() as shown:
        console.print(table, "[/b]item")
    assert not any((ord(sign) < 0x20 and sign != "\n") or 0x7F <= ord(sign) < 0xA0 for sign in shown.get())
    for text in ("\\x1b[1mhead", "[/b]title", "\\x9bcell", "[red]:smile:[/red]", "[/b]item"):
        assert text in shown.get()


@pytest.mark.parametrize(("user", "item"), [("user", "[/b]item"), ("[red]user", "item"), ("us\x1b[31mer", "\x9bitem")])
def test_columns_of_any_name_are_prepared_and_shown_as_they_are(tmp_path: Path, user: str, item: str) -> None:
    log = log_with(tmp_path / "[bold]log.csv", user, item)
    named = ("--user-column", user, "--item-column", item)
    done = nsbench(tmp_path / "home", "data", "prepare", str(log), "--name", "x", *named)
    assert done.code == 0, done.err
    assert f"user = {printable(user)}, item = {printable(item)}" in done.out
    for command in (("list",), ("describe", "x"), ("describe", "x", "--json"), ("describe", "y")):
        shown = nsbench(tmp_path / "home", "data", *command)
        assert "Traceback" not in shown.err
        assert not set("\x1b\x9b") & set(shown.out + shown.err)


@pytest.mark.parametrize(
    "arguments",
    [
        ("train", "--sampler", "\x1b[31mmixed"),
        ("train", "--sampler", "mixed", "--set", "\x1b[31m=1"),
        ("train", "--\x1b[31m"),
        ("\x1b[31m",),
        ("data", "describe", "\x1b[31m[/b]"),
        ("data", "prepare", "\x1b[31m[/b].csv", "--name", "x"),
        ("data", "fetch", "\x1b[31m[/b]"),
    ],
)
def test_an_argument_that_is_refused_is_quoted_without_its_control_codes(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    done = nsbench(tmp_path / "home", *arguments)
    assert done.code >= 2
    assert "\x1b" not in done.out + done.err
    assert "\\x1b" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_of_another_encoding_gets_something_like_it(tmp_path: Path, encoding: str) -> None:
    home = tmp_path / "home"
    log = log_with(tmp_path / "log.csv", "user", "東")
    done = nsbench(home, "data", "prepare", str(log), "--name", "x", "--item-column", "東", encoding=encoding)
    assert done.code == 0, done.err
    assert "item = \\u6771" in done.out
    for command in (
        ("data", "list"),
        ("data", "describe", "x"),
        ("samplers",),
        ("samplers", "mixed"),
        ("bench", "--help"),
    ):
        shown = nsbench(home, *command, encoding=encoding)
        assert shown.code == 0, shown.err
        assert shown.out


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ('exec "$@" >&-', 0, ""),
        ('"$@" | head -c 1', 0, ""),
        ('exec "$@" >/dev/full', 6, "No space left on device"),
    ],
)
def test_output_that_nobody_reads_is_no_fault_and_one_that_cannot_be_written_is_said(
    tmp_path: Path, command: str, code: int, said: str
) -> None:
    done = subprocess.run(
        ["sh", "-c", command, "sh", sys.executable, "-m", "nsbench.cli.main", "--help"],
        env={**os.environ, "NSBENCH_HOME": str(tmp_path)},
        cwd=PROJECT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == code
    assert said in done.stderr.decode()
    assert bool(said) == bool(done.stderr)
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("password", ["p#hushed", "p/hushed", "p[hushed", "p?hushed", "hushed"])
def test_no_password_is_in_a_message_or_a_log(tmp_path: Path, password: str) -> None:
    """Nothing listens at port 9, and no driver is called so."""
    home = tmp_path / "home"
    server = f"http://me:{password}@127.0.0.1:9"
    database = f"postgresql+nodriver://me:{password}@127.0.0.1:9/x"
    for shown in (
        nsbench(home, "-v", "report", MLFLOW_TRACKING_URI=server),
        nsbench(home, "-v", "report", MLFLOW_TRACKING_URI=database),
        nsbench(home, "-v", "worker", "x/y/z", NSBENCH_STUDY_STORAGE=database),
    ):
        assert shown.code >= 2
        assert "hushed" not in shown.out + shown.err
        assert "Traceback" not in shown.err


def test_an_unexpected_error_shows_its_traceback_without_the_passwords(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("no postgresql://me:hushed@host/x") from ValueError("hushed \x1b[31m")

    monkeypatch.setattr("nsbench.cli.main.clear_leftovers", fail)
    shown = nsbench(tmp_path, "samplers", NSBENCH_STUDY_STORAGE="postgresql://me:hushed@host/x")
    assert shown.code == 1
    assert "Traceback" in shown.err
    assert "hushed" not in shown.err
    assert "\x1b" not in shown.err

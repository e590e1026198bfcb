"""Suggested commands work as they stand."""

import pytest

from nsbench.cli.program import program


@pytest.mark.parametrize(
    ("started_as", "on_path", "suggested"),
    [
        (".venv/bin/nsbench", False, ".venv/bin/nsbench"),
        (".venv/bin/nsbench", True, "nsbench"),
        ("/usr/lib/python3/nsbench/cli/main.py", False, "nsbench"),
    ],
)
def test_the_path_is_suggested_only_where_the_shell_does_not_find_nsbench(
    monkeypatch: pytest.MonkeyPatch, started_as: str, on_path: bool, suggested: str
) -> None:
    monkeypatch.setattr("sys.argv", [started_as])
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/nsbench" if on_path else None)
    assert program() == suggested

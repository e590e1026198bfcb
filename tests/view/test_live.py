"""Where progress is drawn: in terminals and notebooks, and nowhere else."""

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Self

import pytest
import rich.console

from nsbench.study.workers.job import Row
from nsbench.view.console import Console
from nsbench.view.study_view import StudyView
from tests.view.test_study_view import Listed

SOURCE = Listed("shop/random repeats", 2, [Row("seed 0", "finished", 0.5, epoch=20, seconds=40.0)])


class Output:
    """A widget that says when it is drawn into."""

    drawn = 0

    def __enter__(self) -> Self:
        Output.drawn += 1
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def clear_output(self, *, wait: bool) -> None:
        pass


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A notebook; gives what it was told to show, as HTML."""
    said: list[str] = []
    display, widgets = ModuleType("IPython.display"), ModuleType("ipywidgets")
    display.display = lambda one: said.append(getattr(one, "html", "widget"))  # type: ignore[attr-defined]
    widgets.Output = Output  # type: ignore[attr-defined]
    widgets.__spec__ = ModuleSpec("ipywidgets", None)
    for name, module in (("IPython", ModuleType("IPython")), ("IPython.display", display), ("ipywidgets", widgets)):
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(rich.console, "_is_jupyter", lambda: True)
    monkeypatch.setattr(Output, "drawn", 0)
    return said


def test_a_notebook_gets_one_table_that_is_drawn_anew(shown: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    with StudyView(say=said.append) as view:
        view.show([SOURCE])
        before = Output.drawn
        view.show([SOURCE])
    assert Output.drawn > before >= 1
    assert shown.count("widget") == 1
    assert any("seed 0" in part and "0.5000" in part for part in shown)
    assert said == []
    assert capsys.readouterr().out == ""


def test_a_notebook_without_widgets_gets_none(shown: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    monkeypatch.setattr("nsbench.view.console.find_spec", lambda _: None)
    assert not Console().is_live


def test_what_is_not_to_be_drawn_is_said(shown: list[str]) -> None:
    said: list[str] = []
    with StudyView(say=said.append, live=False) as view:
        view.show([Listed("shop/random repeats", 2)])
        view.show([SOURCE])
    assert said[1].startswith("shop/random repeats: seed 0  finished  0.5000")
    assert Output.drawn == 0


def test_a_file_gets_nothing_but_lines(capsys: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    with StudyView(say=said.append) as view:
        view.show([SOURCE])
    assert said == ["shop/random repeats: 1 of 2 done before; shown is valid/all/hit_rate_at_10"]
    assert capsys.readouterr().out == ""

"""Workers are started without the program that starts them."""

import sys
from multiprocessing.spawn import get_preparation_data
from types import ModuleType

import pytest

from nsbench.study.workers.bare_main import without_main

MAIN_KEYS = {"init_main_from_name", "init_main_from_path"}


def test_a_spawned_process_is_told_of_no_main_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the program is a script, which a process would otherwise be told of."""
    script = ModuleType("__main__")
    script.__file__ = __file__
    monkeypatch.setitem(sys.modules, "__main__", script)
    assert MAIN_KEYS & set(get_preparation_data("worker"))
    with without_main():
        assert not MAIN_KEYS & set(get_preparation_data("worker"))


def test_the_main_module_is_back_whatever_happens() -> None:
    main = sys.modules["__main__"]
    with pytest.raises(OSError, match="no process"), without_main():
        raise OSError("no process")
    assert sys.modules["__main__"] is main

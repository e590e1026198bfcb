"""`import nsbench` costs nothing, and has every public name."""

import subprocess
import sys

import pytest

import nsbench
from nsbench import errors


def test_importing_it_imports_nothing_that_is_not_python_s_own() -> None:
    code = (
        "import sys; before = set(sys.modules); import nsbench; print(*sorted(set(sys.modules) - before), sep=chr(10))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    imported = {name.partition(".")[0] for name in shown.split()}
    assert "nsbench" in imported
    assert imported - {"nsbench"} <= set(sys.stdlib_module_names)


@pytest.mark.parametrize("name", nsbench.__all__)
def test_every_public_name_is_there_and_explained(name: str) -> None:
    assert name in dir(nsbench)
    assert getattr(nsbench, name).__doc__


def test_a_name_that_is_none_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = nsbench.trian


def test_every_error_that_a_caller_can_cause_is_of_one_family() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert kinds
    assert all(issubclass(kind, nsbench.NsbenchError) for kind in kinds)

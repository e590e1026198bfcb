"""What CI does with tests that fail: those, and no others, get a second try."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import nsbench

pytestmark = pytest.mark.slow

TWICE = Path(nsbench.__file__).parent.parent / ".ci" / "twice"

TESTS = """
from pathlib import Path

def _ran(name):
    file = Path(__file__).with_name(name + ".ran")
    n = int(file.read_text()) if file.exists() else 0
    file.write_text(str(n + 1))
    return n + 1

def test_sound():
    assert _ran("sound")

def test_shaky():
    assert _ran("shaky") > {n_failures}
"""


def twice(folder: Path) -> int:
    env = {**os.environ, "PYTHON": sys.executable, "PYTEST_XDIST_AUTO_NUM_WORKERS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([TWICE], cwd=folder, env=env, check=False, capture_output=True, timeout=120).returncode


@pytest.mark.parametrize(("n_failures", "n_runs", "code"), [(0, 1, 0), (1, 2, 0), (2, 2, 1)])
def test_a_failed_test_alone_is_tried_again_and_decides(
    tmp_path: Path, n_failures: int, n_runs: int, code: int
) -> None:
    (tmp_path / "test_some.py").write_text(TESTS.format(n_failures=n_failures))
    assert twice(tmp_path) == code
    assert ((tmp_path / "sound.ran").read_text(), (tmp_path / "shaky.ran").read_text()) == ("1", str(n_runs))
    assert {path.name for path in tmp_path.iterdir()} == {"test_some.py", "sound.ran", "shaky.ran"}


def test_a_run_that_breaks_off_is_no_second_try(tmp_path: Path) -> None:
    """Pytest's codes: 2 where tests can't be collected, 5 where there are none."""
    assert twice(tmp_path) == 5
    (tmp_path / "test_broken.py").write_text("import nothing_of_the_kind")
    assert twice(tmp_path) == 2

"""The hash of nsbench's code changes with what decides results, and with nothing else."""

import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

import nsbench
from nsbench.training.checkpoint import code_hash
from nsbench.training.checkpoint.code_hash import Code, files_of, running_code

PACKAGE = Path(nsbench.__file__).parent

DECIDING = (
    "training/loop.py",
    "losses/loss.py",
    "samplers/adaptive.py",
    "evaluation/ranking.py",
    "data/dataset.py",
    "seeding.py",
)

ASKING = ("cli/main.py", "report/summary.py", "study/trials/tuning.py", "tracking/record.py", "data/log/prepare.py")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package as an installation has it: elsewhere, with compiled files."""
    ignored = shutil.ignore_patterns("templates")
    return shutil.copytree(PACKAGE, tmp_path / "site-packages" / "nsbench", ignore=ignored)


def digest_of(package: Path) -> str:
    return Code(files_of(package)).digest


def changed(file: str, text: str) -> str:
    """The digest with a line more at the end of a file that is there."""
    files = files_of(PACKAGE)
    return Code({**files, file: files[file] + text.encode()}).digest


def test_the_same_code_elsewhere_has_the_same_digest(copy: Path) -> None:
    assert digest_of(copy) == running_code().digest


@pytest.mark.parametrize("file", DECIDING)
def test_a_statement_more_in_what_decides_results_changes_it(file: str) -> None:
    assert changed(file, "\nx = 1\n") != running_code().digest


@pytest.mark.parametrize("file", DECIDING)
def test_comments_docstrings_and_blank_lines_do_not(file: str) -> None:
    assert changed(file, '\n\n# A reason.\n"""Of what stands above."""\n') == running_code().digest


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ('def f(x):\n    """One."""\n    return x', 'def f(x):\n    """Two."""\n    return x', True),
        ("y = g(1, 2)", "y = g(\n    1,  # first\n    2,\n)", True),
        ('class A:\n    n = 1\n    """A count."""', "class A:\n    n = 1", True),
        ("y = a - b", "y = b - a", False),
        ("y = 1", "y = 1.0", False),
        ("y = 'a'", "y = 'b'", False),
        ("f('a')", "f('b')", False),
        ("if x:\n    y = 1\nz = 2", "if x:\n    y = 1\n    z = 2", False),
    ],
)
def test_what_is_done_counts_and_not_how_it_is_written(before: str, after: str, *, is_same: bool) -> None:
    assert (Code({"a.py": before.encode()}).digest == Code({"a.py": after.encode()}).digest) is is_same


def test_a_file_more_or_under_another_name_changes_it() -> None:
    files = files_of(PACKAGE)
    digests = {Code(files).digest, Code({**files, "samplers/new.py": b""}).digest}
    assert len(digests | {Code({**files, "samplers/newer.py": b""}).digest}) == 3


@pytest.mark.parametrize("file", ASKING)
def test_what_only_asks_tells_or_prepares_is_no_part_of_it(file: str) -> None:
    assert (PACKAGE / file).is_file()
    assert file not in files_of(PACKAGE)


def test_code_that_is_edited_on_disk_later_is_not_what_runs(copy: Path) -> None:
    code = Code(files_of(copy))
    (copy / "seeding.py").write_text("")
    assert code.digest == running_code().digest


@pytest.mark.parametrize("is_folder", [True, False])
def test_the_package_that_brings_a_sampler_is_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_folder: bool
) -> None:
    """A statement more in a file beside the sampler's own, or in the only file."""
    own = tmp_path / ("__init__.py" if is_folder else "brought.py")
    edited = tmp_path / ("draw.py" if is_folder else "brought.py")
    own.write_text("")
    module = ModuleType("brought")
    module.__file__ = str(own)
    monkeypatch.setitem(sys.modules, "brought", module)
    digests = [running_code().digest]
    for text in ("", "# A reason.", "n = 1"):
        edited.write_text(text)
        code_hash._code_with.cache_clear()
        digests.append(running_code("brought.draw").digest)
    assert digests[0] != digests[1] == digests[2] != digests[3]

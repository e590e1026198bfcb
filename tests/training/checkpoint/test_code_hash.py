"""The digest of nsbench's code changes with what decides results, and with nothing else."""

import shutil
from pathlib import Path

import pytest

import nsbench
from nsbench.training.checkpoint.code_hash import code_digest, digest_of


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The package as an installation has it: elsewhere, with compiled files."""
    ignored = shutil.ignore_patterns("templates")
    return shutil.copytree(Path(nsbench.__file__).parent, tmp_path / "site-packages" / "nsbench", ignore=ignored)


def test_the_same_code_elsewhere_has_the_same_digest(copy: Path) -> None:
    assert digest_of(copy) == code_digest()


@pytest.mark.parametrize(
    "file",
    ["loss.py", "training/step.py", "samplers/adaptive.py", "evaluation/ranking.py", "data/batch.py", "seeding.py"],
)
def test_an_edit_of_what_decides_results_changes_it(copy: Path, file: str) -> None:
    before = digest_of(copy)
    with (copy / file).open("a") as text:
        text.write("\n")
    assert digest_of(copy) != before


def test_a_file_more_or_under_another_name_changes_it(copy: Path) -> None:
    digests = [digest_of(copy)]
    (copy / "samplers" / "new.py").write_text("")
    digests.append(digest_of(copy))
    (copy / "samplers" / "new.py").rename(copy / "samplers" / "newer.py")
    digests.append(digest_of(copy))
    assert len(set(digests)) == 3


@pytest.mark.parametrize("file", ["cli/tune.py", "report/table.py", "study/tuning.py", "tracking/record.py"])
def test_an_edit_of_what_only_asks_or_tells_does_not(copy: Path, file: str) -> None:
    before = digest_of(copy)
    (copy / file).write_text("")
    assert digest_of(copy) == before

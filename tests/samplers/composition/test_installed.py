"""Samplers of other packages are found by their entry points, and a faulty one is named."""

import os
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from nsbench.errors import SettingsError
from nsbench.samplers import SAMPLERS
from nsbench.samplers.composition.installed import GROUP, installed_samplers

MINE = """
from typing import ClassVar

from nsbench.samplers.random import RandomSettings


class MySettings(RandomSettings):
    name: ClassVar[str] = "mine"
    label: ClassVar[str] = "Mine"
"""


def package(folder: Path, value: str = "my_sampler:MySettings", text: str = MINE) -> None:
    """A package as pip leaves it."""
    (folder / "my_sampler.py").write_text(text)
    info = folder / "my_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: my-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nmine = {value}\n")


def samplers(folder: Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(folder), str(Path(__file__).parents[3])])
    command = [sys.executable, "-m", "nsbench", "samplers"]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path, "COLUMNS": "200"}, check=False
    )


def test_a_packages_sampler_is_one_of_the_samplers(tmp_path: Path) -> None:
    package(tmp_path)
    done = samplers(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "mine" in done.stdout
    assert "mine" not in SAMPLERS


def test_a_package_that_can_not_be_loaded_is_named(tmp_path: Path) -> None:
    package(tmp_path, text="import nowhere_at_all")
    done = samplers(tmp_path)
    assert done.returncode == 2
    assert "my-package" in done.stderr
    assert "No module named 'nowhere_at_all'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("nsbench.samplers.random:RandomSettings", "is called 'random', as another sampler is"),
        ("nsbench.samplers.random:torch", "is no class of settings"),
        ("nsbench.samplers.random:missing", "can't be loaded"),
    ],
)
def test_what_is_no_sampler_or_takes_ones_name_is_refused(value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        installed_samplers(SAMPLERS, [EntryPoint("mine", value, GROUP)])


def test_a_sampler_whose_negatives_can_not_be_counted_is_refused(tmp_path: Path) -> None:
    package(
        tmp_path,
        text=MINE.replace("RandomSettings", "SamplerSettings").replace("samplers.random", "samplers")
        + "    n_drawn: int = 7\n",
    )
    done = samplers(tmp_path)
    assert done.returncode == 2
    assert "marks no field as the number of negatives" in done.stderr
    assert "Proposed()" in done.stderr


def test_a_name_that_would_be_taken_for_a_methods_is_refused(tmp_path: Path) -> None:
    package(tmp_path, text=MINE.replace('"mine"', '"mine+gbce"'))
    done = samplers(tmp_path)
    assert done.returncode == 2
    assert "'mine+gbce', and a + joins the parts" in " ".join(done.stderr.split())

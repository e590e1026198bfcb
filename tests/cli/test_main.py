"""The command line as a whole: what help costs, and how errors end."""

import subprocess
import sys
from pathlib import Path

import pytest

from nsbench import __version__
from tests.cli.in_process import nsbench

PROJECT = Path(__file__).parents[2]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys, nsbench.cli.main; "
        "print([name for name in ('torch', 'mlflow', 'polars', 'optuna', 'matplotlib', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.strip() == "[]"


def test_every_command_has_help_and_says_what_it_is_for(tmp_path: Path) -> None:
    done = nsbench(tmp_path, "--help")
    assert done.code == 0
    for command in ("data", "samplers", "train", "tune", "repeat", "baseline", "reproduce", "report", "ui", "bench"):
        assert command in done.out


def test_the_package_is_run_as_a_module_too() -> None:
    command = [sys.executable, "-m", "nsbench", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, check=True)
    assert done.stdout.strip() == f"nsbench {__version__}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("train", "--sampler", "mxied"), "unknown sampler 'mxied' (did you mean 'mixed'?)"),
        (("train", "--sampler", "mixed", "--set", "lerning_rate=1"), "did you mean 'learning_rate'?"),
        (("train", "--sampler", "mixed", "--set", "learning_rate=-1"), "learning_rate = -1"),
        (("train", "--sampler", "mixed", "--set", "cutoffs=0,5"), "cutoffs.0 = '0': Input should be greater than"),
        (("tune", "--sampler", "mixed", "--set", "cutoffs=5,5"), "a cut-off is given twice"),
        (("repeat", "--defaults", "--sampler", "mixed", "--set", "cutoffs=5,0"), "cutoffs.1 = '0'"),
        (("baseline", "--set", "cutoffs=5,5"), "a cut-off is given twice"),
        (
            ("tune", "--sampler", "mixed", "--set", "cutoffs=1,5", "--objective", "valid/all/ndcg_at_10"),
            "unknown objective 'valid/all/ndcg_at_10' (did you mean 'valid/all/ndcg_at_1'?); there are with cutoffs=1,5: ",
        ),
        (("train", "--sampler", "mixed", "--config", "missing.yaml"), "can't read the settings file missing.yaml"),
        (("train", "--sampler", "mixed", "--dataset", "shop"), "shop"),
        (("tune", "--sampler", "mxied"), "unknown sampler 'mxied'"),
        (("samplers", "mxied"), "unknown sampler 'mxied'"),
        (("bench", "--workload", "desne"), "unknown workload 'desne'"),
        (("data", "prepare", "missing.csv", "--name", "shop"), "missing.csv"),
    ],
)
def test_a_mistake_ends_with_a_message_and_leaves_nothing_behind(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    home = tmp_path / "home"
    done = nsbench(home, *arguments)
    assert done.code >= 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert not home.exists() or not [path for path in home.rglob("*") if path.is_file() and path.suffix != ".db"]

"""What TAB offers, asked as bash asks."""

import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest

from nsbench.cli.completion import (
    complete_evaluation_setting,
    complete_loss,
    complete_model,
    complete_sampler,
    complete_setting,
    complete_study,
)
from nsbench.config import Settings
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.losses import LOSSES
from nsbench.method import Method
from nsbench.models import MODELS
from nsbench.samplers import SAMPLERS
from nsbench.study.search.config_file import config_names
from tests.cli.in_process import Shown, nsbench


def tab(home: Path, line: str) -> Shown:
    """What bash gets for a line with the cursor at its end."""
    words = line.split(" ")
    asked = {"_NSBENCH_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    with pytest.MonkeyPatch.context() as patch:
        # Else the program is called `python -m pytest`.
        patch.setattr(sys.modules["__main__"], "__package__", None)
        return nsbench(home, **asked)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "datasets" / "shop").mkdir(parents=True)
    (home / "datasets" / ".shop.1.partial").mkdir()
    storage = f"sqlite:///{home}/studies.db"
    optuna.create_study(storage=storage, study_name="shop/mixed/default").set_user_attr("nsbench.plan", "{}")
    optuna.create_study(storage=storage, study_name="claims of repeats")
    return home


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("nsbench train --sampler mi", ["mixed"]),
        ("nsbench tune --sampler adaptive-", ["adaptive-batch", "adaptive-cohort", "adaptive-mixed"]),
        ("nsbench samplers pop", ["popularity"]),
        ("nsbench train --dataset ", ["demo", "shop"]),
        ("nsbench report --dataset s", ["shop"]),
        ("nsbench data describe ", ["demo", "shop"]),
        ("nsbench worker ", ["shop/mixed/default"]),
        ("nsbench repeat --study sh", ["shop/mixed/default"]),
        ("nsbench plan ", list(config_names("profiles"))),
        ("nsbench reproduce d", ["demo"]),
        ("nsbench train --set lear", ["learning_rate="]),
        ("nsbench tune --set n_uni", ["n_uniform="]),
        ("nsbench baseline --set lear", []),
        ("nsbench train --sampler nope", []),
    ],
)
def test_values_are_offered(home: Path, line: str, offered: list[str]) -> None:
    shown = tab(home, line)
    assert (shown.out.split(), shown.err) == (offered, "")


def test_what_is_read_from_the_source_is_what_there_is() -> None:
    assert complete_sampler("") == sorted(SAMPLERS)
    methods = [*SAMPLERS, *(f"random+{part}" for part in (*LOSSES, *MODELS))]
    fields = {name for method in methods for name in Settings.of(method).flat()} - set(Method.PARTS)
    assert complete_loss("") == sorted(LOSSES)
    assert complete_model("") == sorted(MODELS)
    assert complete_setting("") == [f"{name}=" for name in sorted(fields)]
    assert complete_evaluation_setting("") == [f"{name}=" for name in sorted(EvaluationSettings.model_fields)]


def test_nothing_is_made_and_nothing_fails_where_there_is_nothing_or_nothing_readable(
    home: Path, tmp_path: Path
) -> None:
    for line in ("nsbench train --dataset x", "nsbench worker x", "nsbench samplers q", "nsbench train --set x="):
        assert tab(tmp_path / "none", line) == Shown(0, "\n", "")
    assert not (tmp_path / "none").exists()
    before = sorted(home.rglob("*"))
    tab(home, "nsbench worker ")
    assert sorted(home.rglob("*")) == before
    (home / "studies.db").write_bytes(b"no database")
    assert tab(home, "nsbench worker ") == Shown(0, "\n", "")
    assert tab(home / "studies.db", "nsbench train --dataset ").out.split() == ["demo"]


def test_studies_of_another_database_are_not_asked_for(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NSBENCH_HOME", str(home))
    monkeypatch.setenv("NSBENCH_STUDY_STORAGE", "postgresql+psycopg://nowhere/studies")
    assert complete_study("") == []


def test_completion_imports_nothing_heavy(home: Path) -> None:
    asked = "nsbench.cli.completion as c; [f('') for f in (c.complete_sampler, c.complete_dataset, c.complete_study"
    code = f"import nsbench.cli.main, {asked}, c.complete_profile, c.complete_setting)]"
    heavy = "import sys; print({'torch', 'mlflow', 'optuna', 'polars', 'pydantic'} & set(sys.modules))"
    environment = {**os.environ, "NSBENCH_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}; {heavy}"], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"

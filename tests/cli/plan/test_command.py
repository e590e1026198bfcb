"""`nsbench plan` says what it knows and how it knows it, and keeps it."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from nsbench.cli.plan.command import plan, say_seconds
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.errors import NsbenchError
from nsbench.files.home import Home
from nsbench.forecast.announce import announce
from nsbench.forecast.epochs import Epochs
from nsbench.forecast.rate import Parallelism
from nsbench.study.profile import load_profile
from tests.forecast.builder import part, prediction

PROFILE = """
description: Two samplers on a small log.
datasets: [{name: small}]
samplers: [random, mixed]
settings: {hidden_dim: 4, max_length: 5, batch_size: 64, patience: 1, validate_every: 2}
tune: {trials: 2, epochs: 6}
repeat: {repeats: 3, epochs: 6}
"""

app = typer.Typer()
app.command()(plan)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NSBENCH_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "mine.yaml").write_text(PROFILE)
    home = Home(tmp_path / "home")
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2_000), home)
    return home


def said(*arguments: str) -> str:
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_this_machine_is_measured_and_the_prediction_kept(home):
    text = said("mine.yaml", "--workers", "1", "--seconds", "0.1")
    assert "rates: measured here, 1 at once" in text
    assert "2 trials" in text
    assert "3 repeats" in text
    assert "4 to 6" in text
    (file,) = (home.root / "plans").iterdir()
    assert json.loads(file.read_text())["n_at_once"] == 1
    kept = announce(
        load_profile("mine.yaml"),
        "mine",
        Parallelism(3),
        home,
        tell=lambda text: pytest.fail(f"measured again: {text}"),
    )
    assert kept.n_at_once == 3
    assert [one.stage for one in kept.parts] == ["trials", "trials", "baselines", "repeats", "repeats"]


def test_what_was_not_measured_is_called_an_estimate(home):
    text = said("mine.yaml", "--device", "h100", "--gpus", "8")
    assert "device: NVIDIA H100 (80 GB), 8 at once, up to 20 side by side each" in text
    assert "3 repeats, 3 side by side" in text
    assert "rates: ESTIMATE, nothing was measured there" in text
    assert "each device of 80 GB" in text
    assert [file.stem.rpartition("-h100")[2] for file in (home.root / "plans").iterdir()] == ["-x8-r20"]


def test_trials_are_reckoned_side_by_side_only_where_the_learning_rate_alone_is_searched(home, tmp_path):
    """Half of four trials at once."""
    profile = PROFILE.replace("trials: 2", "trials: 4").replace("batch_size: 64", "batch_size: 64, n_negatives: 20")
    (tmp_path / "rate.yaml").write_text(profile)
    text = said("rate.yaml", "--device", "h100")
    assert "4 trials, 2 side by side" in text
    assert text.count("side by side") == 4  # The device, random's trials, and both samplers' repeats.
    assert "side by side" not in said("rate.yaml", "--device", "h100", "--replicas", "1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gpus", "2"), "--gpus goes with --device"),
        (("--device", "h1000"), "h100"),
        (("--rates", "none.json"), "can't read the rates none.json"),
        (("--rates", "none.json", "--device", "h100"), "give one of them"),
    ],
)
def test_wrong_options_are_refused(home, arguments, message):
    with pytest.raises(NsbenchError, match=message):
        CliRunner().invoke(app, ("mine.yaml", *arguments), catch_exceptions=False)
    assert not (home.root / "plans").exists()


def test_the_time_in_words():
    """A trial takes 118 s at most and 72 s at least, with 8 epochs 95 s; the command itself 10 s."""
    assert say_seconds(prediction(part(n_runs=1))) == (
        "about 2.13 min if runs stop as early as on other logs (82 s to 2.13 min)"
    )
    fixed = Epochs(least=10, most=10, typical=10)
    assert say_seconds(prediction(part(n_runs=1, epochs=fixed))) == "about 2.13 min"
    known = Epochs(least=6, most=10, typical=8, expected=8, n_runs=2)
    assert say_seconds(prediction(part(n_runs=1, epochs=known))) == "about 1.75 min (at most 2.13 min)"

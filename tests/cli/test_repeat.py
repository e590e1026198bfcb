"""What `nsbench repeat` does without a study."""

import pytest
from typer.testing import CliRunner

from nsbench.cli.main import app
from nsbench.data.synthetic import prepare_synthetic, settings_like
from nsbench.errors import SettingsError
from nsbench.home import Home

TINY = [f"--set={field}" for field in ("hidden_dim=4", "max_length=5", "batch_size=64", "max_epochs=1")]


@pytest.fixture
def small_log(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    monkeypatch.setenv("NSBENCH_HOME", str(home.root))
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_study_it_names_the_ways_out_and_takes_one(small_log):
    arguments = ["repeat", "--sampler", "batch", "--dataset", "small", "--repeats", "1", "--workers", "1", *TINY]
    refused = CliRunner().invoke(app, arguments)
    assert isinstance(refused.exception, SettingsError)
    assert "nsbench tune --sampler batch --dataset small" in str(refused.exception)
    taken = CliRunner().invoke(app, [*arguments, "--defaults"])
    assert taken.exit_code == 0
    assert "seed 0  finished" in taken.stdout


def test_three_seeds_side_by_side_are_three_runs(small_log):
    arguments = ["--sampler", "batch", "--dataset", "small", "--repeats", "3", "--replicas", "3", "--workers", "1"]
    made = CliRunner().invoke(app, ["repeat", *arguments, "--defaults", *TINY])
    assert made.exit_code == 0
    assert [f"seed {seed}  finished" in made.stdout for seed in range(3)] == [True] * 3


def refusal(*arguments):
    found = CliRunner().invoke(app, ["repeat", "--repeats", "1", "--workers", "1", *arguments])
    assert isinstance(found.exception, SettingsError), found.output
    assert found.exception.exit_code == 2
    return str(found.exception)


def test_a_study_that_can_not_be_meant_is_refused_at_once(small_log):
    """One study is of one sampler, and the default settings are of none."""
    assert "2 samplers (random, mixed)" in refusal("--sampler", "random", "--sampler", "mixed", "--study", "any")
    assert "--study any and --defaults" in refusal("--sampler", "random", "--study", "any", "--defaults")


def test_what_was_tuned_on_another_preparation_or_sampler_is_refused(small_log, tmp_path):
    """The log is prepared again under the name; then `repeat` says what `tune` does."""
    tuned = ["--sampler", "batch", "--dataset", "small", "--workers", "1"]
    made = CliRunner().invoke(app, ["tune", *tuned, "--trials", "1", "--epochs", "1", *TINY[:3]])
    assert made.exit_code == 0, made.output
    message = refusal("--sampler", "random", "--dataset", "small", "--study", "small/batch/default")
    assert "its sampler is 'batch' and 'random' is asked for" in message
    message = refusal("--sampler", "batch", "--dataset", "small", "--set", "cutoffs=1,5")
    assert "hit_rate_at_10" in message
    other = settings_like("demo", n_users=120, n_items=100, n_interactions=2000, seed=1)
    prepare_synthetic("small", other, Home(tmp_path / "home"), replace=True)
    assert "its dataset_hash is" in refusal("--sampler", "batch", "--dataset", "small")
    again = CliRunner().invoke(app, ["tune", *tuned, "--trials", "1", "--epochs", "1", *TINY[:3]])
    assert "dataset_hash was" in str(again.exception)

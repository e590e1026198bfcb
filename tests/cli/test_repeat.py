"""What `nsbench repeat` does without a study, what it refuses, and that commands share the seeds."""

import subprocess
import sys

import pytest
from optuna.trial import create_trial
from typer.testing import CliRunner

from nsbench.cli.main import app
from nsbench.data.store import read_card
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.best_trial import best_of
from nsbench.study.search.plan import StudyPlan, load_plan, open_study
from nsbench.study.search.space import StudyFile, space_of
from nsbench.study.search.storage import open_storage
from nsbench.study.shared_study import announce_repeats
from nsbench.terms import RunKind
from nsbench.tracking.store import open_store

TINY = [f"--set={field}" for field in ("hidden_dim=4", "max_length=5", "batch_size=64", "max_epochs=1")]


@pytest.fixture
def small_log(tmp_path, monkeypatch):
    home = Home(tmp_path / "home")
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2000), home)
    monkeypatch.setenv("NSBENCH_HOME", str(home.root))
    for name in ("MLFLOW_TRACKING_URI", "NSBENCH_STUDY_STORAGE"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_study_it_names_the_ways_out_and_takes_one(small_log, tmp_path):
    """Three seeds side by side are three runs, of which the best by validation keeps its model."""
    arguments = ["repeat", "--sampler", "batch", "--dataset", "small", "--repeats", "3", "--replicas", "3", *TINY]
    refused = CliRunner().invoke(app, [*arguments, "--workers", "1"])
    assert isinstance(refused.exception, SettingsError)
    assert "nsbench tune --sampler batch --dataset small" in str(refused.exception)
    taken = CliRunner().invoke(app, [*arguments, "--workers", "1", "--defaults"])
    assert taken.exit_code == 0
    assert [f"seed {seed}  finished" in taken.stdout for seed in range(3)] == [True] * 3
    store = open_store(Home(tmp_path / "home"))
    runs = store.reader().runs("small", (RunKind.REPEAT,))
    best = max(runs, key=lambda run: (run.metrics[DEFAULT_OBJECTIVE], -run.seed))
    assert [model.run_id for model in store.models().models("small")] == [best.run_id]


def refusal(*arguments):
    found = CliRunner().invoke(app, ["repeat", "--repeats", "1", "--workers", "1", *arguments])
    assert isinstance(found.exception, SettingsError), found.output
    assert found.exception.exit_code == 2
    return str(found.exception)


def test_a_study_that_can_not_be_meant_is_refused_at_once(small_log):
    """One study is of one sampler, and the default settings are of none."""
    assert "2 samplers (random, mixed)" in refusal("--sampler", "random", "--sampler", "mixed", "--study", "any")
    assert "--study any and --defaults" in refusal("--sampler", "random", "--study", "any", "--defaults")


@pytest.mark.slow
def test_each_swept_value_is_a_method_of_its_own_that_is_resumed(small_log, tmp_path):
    """Two counts by two losses, of which one count is done before: three methods are left."""
    arguments = ["repeat", "--sampler", "random", "--sampler", "random+softmax", "--dataset", "small", "--repeats", "1"]
    arguments += ["--workers", "1", "--defaults", *TINY]
    first = CliRunner().invoke(app, [*arguments, "--sampler", "random", "--sweep", "n_negatives=2"])
    assert first.exit_code == 0, first.output
    again = CliRunner().invoke(app, [*arguments, "--sweep", "n_negatives=2,3"])
    assert again.exit_code == 0, again.output
    assert again.stdout.count("1 of 1 done before") == 2
    runs = open_store(Home(tmp_path / "home")).reader().runs("small", (RunKind.REPEAT,))
    assert sorted((run.sampler, run.label, run.params["n_negatives"]) for run in runs) == [
        ("random+n_negatives=2", "Random (n_negatives=2)", "2"),
        ("random+n_negatives=2+softmax", "Random (n_negatives=2) + softmax", "2"),
        ("random+n_negatives=3", "Random (n_negatives=3)", "3"),
        ("random+n_negatives=3+softmax", "Random (n_negatives=3) + softmax", "3"),
    ]


def test_a_sweep_of_what_the_method_lacks_is_refused_at_once(small_log):
    sweep = ("--sampler", "random", "--defaults", "--dataset", "small", "--sweep")
    assert "none of them has 'log_q'" in refusal(*sweep, "log_q=none,classic")
    assert "such as n_negatives=10,100,1000, not 'n_negatives'" in refusal(*sweep, "n_negatives")
    assert "--sweep n_negatives is given twice" in refusal(*sweep, "n_negatives=2", "--sweep", "n_negatives=3")


def test_what_was_tuned_on_another_preparation_or_sampler_is_refused(small_log, tmp_path):
    """The log is prepared again under the name; then `repeat` says what `tune` does."""
    home = Home(tmp_path / "home")
    space = space_of("batch", StudyFile(), {"max_epochs": 1})
    plan = StudyPlan.of("small/batch/default", read_card("small", home), space, DEFAULT_OBJECTIVE, 0)
    study = open_study(plan, space, open_storage(home))
    study.add_trial(create_trial(params=space.defaults(), distributions=space.distributions(), value=0.5))
    message = refusal("--sampler", "random", "--dataset", "small", "--study", plan.name)
    assert "its sampler is 'batch' and 'random' is asked for" in message
    assert "hit_rate_at_10" in refusal("--sampler", "batch", "--dataset", "small", "--set", "cutoffs=1,5")
    other = settings_like("demo", n_users=120, n_items=100, n_interactions=2000, seed=1)
    prepare_synthetic("small", other, home, replace=True)
    assert f"its dataset_hash is '{plan.dataset_hash}'" in refusal("--sampler", "batch", "--dataset", "small")
    again = CliRunner().invoke(app, ["tune", "--sampler=batch", "--dataset=small", "--epochs=1", "--workers=1"])
    assert f"dataset_hash was '{plan.dataset_hash}'" in str(again.exception)


@pytest.mark.slow
def test_two_commands_and_a_worker_make_each_seed_once(small_log, tmp_path):
    """Four seeds; the worker comes when the study is complete, and helps with the repeats that are announced."""
    tuned = ["--sampler", "batch", "--dataset", "small", "--workers", "1"]
    made = CliRunner().invoke(app, ["tune", *tuned, "--trials", "1", "--epochs", "4", *TINY[:3]])
    assert made.exit_code == 0, made.output
    nsbench = [sys.executable, "-m", "nsbench.cli.main"]
    commands = [
        [*nsbench, "repeat", *tuned, "--repeats", "4", "--epochs", "4"],
        [*nsbench, "repeat", *tuned, "--repeats", "4", "--epochs", "4"],
        [*nsbench, "worker", "small/batch/default", "--workers", "1"],
    ]
    assert CliRunner().invoke(app, ["repeat", *tuned, "--repeats", "1", "--epochs", "4"]).exit_code == 0
    said = []
    for process in [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for command in commands
    ]:
        said.append(process.communicate(timeout=300)[0])
        assert process.returncode == 0, said[-1]
    store = open_store(Home(tmp_path / "home"))
    runs = store.reader().runs("small", (RunKind.REPEAT,))
    assert sorted((run.seed, run.status) for run in runs) == [(seed, "FINISHED") for seed in range(4)]
    best = max(runs, key=lambda run: (run.metrics[DEFAULT_OBJECTIVE], -run.seed))
    assert [model.run_id for model in store.models().models("small")] == [best.run_id]


@pytest.mark.slow
def test_a_worker_makes_the_repeats_that_were_begun_of_its_study(small_log, tmp_path):
    """One of three seeds is done; who joins the study makes the others."""
    home, tuned = Home(tmp_path / "home"), ["--sampler", "batch", "--dataset", "small", "--workers", "1"]
    assert CliRunner().invoke(app, ["tune", *tuned, "--trials", "1", "--epochs", "1", *TINY[:3]]).exit_code == 0
    assert CliRunner().invoke(app, ["repeat", *tuned, "--repeats", "1", "--epochs", "1"]).exit_code == 0
    storage = open_storage(home)
    study, plan = load_plan("small/batch/default", storage)
    announce_repeats(study, storage, best_of(plan.name, "small", "batch", home).settings, 3)
    joined = CliRunner().invoke(app, ["worker", plan.name, "--workers", "1"])
    assert joined.exit_code == 0, joined.output
    assert "small/batch repeats: 1 of 3 done before" in joined.stdout
    assert [f"seed {seed}  finished" in joined.stdout for seed in range(3)] == [False, True, True]

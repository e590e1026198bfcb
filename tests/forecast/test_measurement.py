"""Measuring gives rates of the very run; how fast it is is not a test's business."""

import pytest

from nsbench.config import Settings
from nsbench.data.synthetic.generate import prepare_synthetic, settings_like
from nsbench.files.home import Home
from nsbench.forecast.measurement import Task, measure

TINY = {"hidden_dim": 4, "max_length": 5, "batch_size": 32}


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("forecast"))
    prepare_synthetic("small", settings_like("demo", n_users=120, n_items=100, n_interactions=2_000), home)
    return home


def test_every_sampler_gets_rates_and_all_share_the_ranking(home):
    settings = tuple(Settings.of(name, TINY) for name in ("random", "mixed"))
    first, second = measure(Task("small", home, settings, seconds=0.1))
    assert first.positives_per_s > 0
    assert second.positives_per_s > 0
    assert first.valid_targets_per_s == second.valid_targets_per_s > 0
    assert first.test_targets_per_s > 0
    assert first.memory_bytes > 2**20
    assert not list((home.root).glob("mlflow*"))


def test_early_stopping_does_not_end_the_measurement(home):
    """An epoch has four steps; a run that looked every epoch and never got better would stop after two."""
    settings = Settings.of("random", {**TINY, "max_epochs": 2, "patience": 1, "validate_every": 1})
    (rates,) = measure(Task("small", home, (settings,), seconds=0.2))
    assert rates.positives_per_s > 0


def test_replicas_are_measured_side_by_side(home):
    """All of their positives count; how many there are is not a test's business."""
    settings = Settings.of("random", {**TINY, "patience": 1})
    (rates,) = measure(Task("small", home, (settings,), seconds=0.1, n_replicas=3))
    assert rates.together_per_s > 0
    (alone,) = measure(Task("small", home, (settings,), seconds=0.1))
    assert alone.together_per_s is None

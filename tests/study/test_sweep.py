"""Which methods a sweep makes."""

import pytest

from nsbench.config import Settings
from nsbench.errors import SettingsError
from nsbench.study.sweep import parse_sweeps, swept


def test_every_combination_is_a_method_in_the_order_given() -> None:
    found = swept(
        Settings.of("popularity+softmax", {"learning_rate": 0.02}), parse_sweeps(["gamma=1,0.5", "log_q=none,classic"])
    )
    assert [one.method.name for one in found] == [
        "popularity+gamma=1+softmax+log_q=none",
        "popularity+gamma=1+softmax+log_q=classic",
        "popularity+gamma=0.5+softmax+log_q=none",
        "popularity+gamma=0.5+softmax+log_q=classic",
    ]
    assert {one.training.learning_rate for one in found} == {0.02}
    assert [one.flat()["gamma"] for one in found] == [1.0, 1.0, 0.5, 0.5]


def test_without_a_sweep_the_settings_stay_as_they_are() -> None:
    settings = Settings.of("random")
    assert swept(settings, {}) == [settings]


def test_values_that_are_the_same_number_make_one_method() -> None:
    assert len(swept(Settings.of("popularity"), parse_sweeps(["gamma=1,1.0,1e0"]))) == 1


def test_a_combination_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(SettingsError, match="selects negatives by the model's scores"):
        swept(Settings.of("adaptive+softmax"), parse_sweeps(["log_q=none,classic"]))


def test_more_methods_than_can_be_compared_are_refused() -> None:
    with pytest.raises(SettingsError, match="asks for 300 methods; at most 200"):
        swept(Settings.of("random"), {"n_negatives": range(1, 301)})

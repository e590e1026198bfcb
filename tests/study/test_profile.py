"""Profiles that come with nsbench are whole, and a wrong one says what is wrong."""

import pytest

from nsbench.errors import SettingsError
from nsbench.study.profile import load_profile
from nsbench.study.search.config_file import config_names, find_config
from nsbench.study.search.space import read_study_file


@pytest.mark.parametrize("name", config_names("profiles"))
def test_every_profile_that_comes_with_nsbench_is_accepted(name):
    assert load_profile(name).samplers


@pytest.mark.parametrize("name", config_names("studies"))
def test_every_study_file_that_comes_with_nsbench_is_accepted(name):
    assert read_study_file(find_config("studies", name)).description


def test_the_demo_compares_the_papers_methods():
    expected = ("random", "popularity", "batch", "mixed", "adaptive", "adaptive-mixed")
    assert load_profile("demo").samplers == expected
    assert load_profile("paper").samplers == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{description: x, datasets: [{name: a}], samplers: [uniform]}",
            "unknown sampler 'uniform'; there are: random",
        ),
        (
            "{description: x, datasets: [{name: a}], samplers: [random], trails: 4}",
            "trails: unknown field; there are: description",
        ),
        (
            "{description: x, datasets: [{name: a}], samplers: [random], tune: {trails: 4}}",
            r"tune\.trails: unknown field \(did you mean 'trials'\?\); there are: trials, epochs, config, confirm, objective",
        ),
        (
            "{description: x, datasets: [{name: a}, {nam: b}], samplers: [random]}",
            r"datasets\.1\.nam: unknown field \(did you mean 'name'\?\); there are: name, settings",
        ),
        (
            "{description: x, datasets: [{name: a}], samplers: [random], tune: {objective: valid/all/ndgc_at_10}}",
            "unknown objective .*did you mean 'valid/all/ndcg_at_10'",
        ),
        ("{description: x, datasets: [], samplers: [random]}", "datasets"),
        ("{description: x, datasets: [{name: a}], samplers: [random], settings: {hiden_dim: 4}}", "hidden_dim"),
        ("{description: x, datasets: [{name: a}], samplers: [random], tune: {config: none}}", "no 'none' in"),
        ("[1, 2", "no valid YAML"),
    ],
)
def test_a_wrong_profile_is_refused(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_profile(str(path))


def test_an_unknown_profile_names_the_nearest():
    with pytest.raises(SettingsError, match="did you mean 'demo'.*there are: bias, demo, losses, paper"):
        load_profile("dmeo")


def test_a_file_that_is_not_there_is_named():
    with pytest.raises(SettingsError, match=r"no file .*missing\.yaml"):
        load_profile("missing.yaml")

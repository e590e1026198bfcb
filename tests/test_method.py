"""A method's name, and what it is made of."""

import pytest

from nsbench.config import Settings, settings_values
from nsbench.errors import SettingsError
from nsbench.losses import DEFAULT_LOSS, LOSSES
from nsbench.method import Method
from nsbench.models import DEFAULT_MODEL, MODELS
from nsbench.samplers import SAMPLERS

ALL = [Method(sampler, loss, model) for sampler in SAMPLERS for loss in LOSSES for model in MODELS]


@pytest.mark.parametrize("method", ALL, ids=[method.name for method in ALL])
def test_a_method_is_found_by_its_name_and_by_its_settings(method: Method) -> None:
    assert Method.of(method.name) == method
    settings = Settings.of(method.name)
    assert settings.method == method
    assert Settings.of(method.sampler, settings.flat()) == settings
    assert settings.changed({"learning_rate": 0.002}).method == method


def test_every_method_has_a_name_and_a_label_of_its_own() -> None:
    assert len({method.name for method in ALL}) == len({method.label for method in ALL}) == len(ALL)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_sampler_alone_is_the_method_with_the_defaults(sampler: str) -> None:
    """So that studies and runs of the time when there was one loss and one backbone keep their names and fingerprints."""
    settings = Settings.of(sampler)
    assert settings.method.name == sampler
    assert settings.method.label == SAMPLERS[sampler].label
    assert not {"loss", "model"} & settings.flat().keys()
    named = Settings.of(sampler, {"loss": DEFAULT_LOSS, "model": DEFAULT_MODEL})
    assert named.fingerprint() == settings.fingerprint()


def test_methods_have_fingerprints_of_their_own() -> None:
    assert len({Settings.of(method.name).fingerprint() for method in ALL}) == len(ALL)


def test_the_fingerprint_of_the_version_before_stays() -> None:
    """Written by nsbench 0.2.0 before losses and backbones could be chosen."""
    assert Settings.of("random").fingerprint() == "2b12073d9432"
    assert Settings.of("adaptive-mixed", {"negative_reduction": "sum", "n_heads": 2}).fingerprint() == "22b27c934249"


def test_a_setting_that_came_later_changes_the_fingerprint_where_it_is_not_what_was_in_force_before() -> None:
    assert Settings.of("random", {"initial_values": "narrow"}).fingerprint() != "2b12073d9432"
    assert Settings.of("random", {"initial_values": "glorot"}).fingerprint() == "2b12073d9432"


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("mixd", {}, "unknown sampler 'mixd' .did you mean 'mixed'"),
        ("mixed+sasrek", {}, "unknown loss or model 'sasrek' .did you mean 'sasrec'"),
        ("mixed+bce+bce", {}, "names two of a kind"),
        ("mixed", {"loss": "bse"}, "unknown loss 'bse'"),
        ("mixed", {"sampler": "random"}, "'random', and 'mixed' is asked for"),
    ],
)
def test_a_method_that_there_is_not_is_refused_with_what_there_is(
    name: str, values: dict[str, str], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.of(name, values)


def test_a_setting_of_another_part_is_named_with_its_owner() -> None:
    with pytest.raises(SettingsError, match="'calibration' here: it is one of loss gbce"):
        Settings.of("mixed", {"calibration": 0.5})
    with pytest.raises(SettingsError, match="'n_layers' here: it is one of model gru4rec"):
        Settings.of("mixed", {"n_layers": 2})


def test_a_file_for_several_methods_is_passed_over_where_it_is_anothers() -> None:
    values = settings_values("random", {"n_hardest": 5, "learning_rate": 0.01})
    assert values == {"learning_rate": 0.01}

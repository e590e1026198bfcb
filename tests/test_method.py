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
        ("random,mixed", {}, "'random,mixed' names several at once; give each sampler by itself"),
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


@pytest.mark.parametrize(
    ("written", "name", "label"),
    [
        ("random+softmax(log_q=corrected)", "random+softmax+log_q=corrected", "Random + softmax (log_q=corrected)"),
        (
            "popularity+softmax+log_q=classic+gamma=.50",
            "popularity+gamma=0.5+softmax+log_q=classic",
            "Popularity (gamma=0.5) + softmax (log_q=classic)",
        ),
        (
            "random+n_negatives=7+exclude_history=window",
            "random+exclude_history=window+n_negatives=7",
            "Random (exclude_history=window; n_negatives=7)",
        ),
        ("random+negative_reduction=sum", "random+bce+negative_reduction=sum", "Random + BCE (negative_reduction=sum)"),
        ("random+gru4rec(hidden_dim=8)", "random+gru4rec+hidden_dim=8", "Random + GRU4Rec (hidden_dim=8)"),
        (
            "popularity(100, gamma=.5)+softmax",
            "popularity(100,gamma=0.5)+softmax",
            "popularity(100,gamma=0.5) + softmax",
        ),
    ],
)
def test_a_fixed_setting_stands_behind_its_part_however_it_was_written(written: str, name: str, label: str) -> None:
    method = Method.of(written)
    assert (method.name, method.label) == (name, label)
    assert Method.of(method.name) == method
    settings = Settings.of(written)
    assert settings.method == method
    assert Settings.of(method.name, settings.flat()) == settings
    assert settings.changed({"learning_rate": 0.002}).method == method


def test_what_a_name_fixes_is_the_runs_setting_and_is_not_searched() -> None:
    settings = Settings.of("random+n_negatives=7+softmax+temperature=0.5")
    assert (settings.flat()["n_negatives"], settings.flat()["temperature"]) == (7, 0.5)
    assert {"n_negatives", "temperature"} <= Settings.of("random+softmax").search_space().keys()
    assert not {"n_negatives", "temperature"} & settings.search_space().keys()


def test_a_fixed_setting_makes_a_method_and_no_other_run() -> None:
    """The fingerprint is of what is trained: by whatever name, it is the same training."""
    plain = Settings.of("random+softmax", {"log_q": "classic", "learning_rate": 0.01})
    named = plain.fixing({"log_q": "classic"})
    assert named.method.name == "random+softmax+log_q=classic"
    assert named.flat() == plain.flat()
    assert named.fingerprint() == plain.fingerprint()
    assert plain.fixing({"log_q": "corrected"}).flat() == {**plain.flat(), "log_q": "corrected"}


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        (
            "random+log_q=corrected",
            {},
            "can fix settings of its sampler, loss, model alone, and none of them has 'log_q'",
        ),
        ("random+learning_rate=0.1", {}, "none of them has 'learning_rate'"),
        ("random+softmax+log_q=yes", {}, "log_q = 'yes': Input should be 'none', 'classic' or 'corrected'"),
        ("random+n_negatives=0", {}, "n_negatives = 0: .* greater than or equal to 1"),
        ("random+n_negatives=true", {}, "n_negatives = True can't be fixed"),
        ("random+n_negatives=7+n_negatives=8", {}, "fixed at 7 and at 8"),
        ("random+n_negatives=7", {"n_negatives": 8}, "n_negatives = 8, and the method 'random.n_negatives=7' fixes it"),
    ],
)
def test_a_setting_that_can_not_be_fixed_is_refused_with_the_reason(
    name: str, values: dict[str, int], message: str
) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.of(name, values)

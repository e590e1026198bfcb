"""Settings from defaults, YAML and --set."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from nsbench.config import ALIASES, Settings, parse_assignments, read_settings_file, sections_of, settings_values
from nsbench.errors import SettingsError
from nsbench.losses.binary_cross_entropy import BceSettings
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.samplers import SAMPLERS
from nsbench.search import Choices, FloatRange, IntRange
from nsbench.training.settings import TrainingSettings


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_flat_name_belongs_to_one_section_only(sampler: str) -> None:
    names = [name for section in sections_of(sampler).values() for name in section.model_fields]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_flat_settings_give_the_same_settings_back(sampler: str) -> None:
    settings = Settings.of(sampler, {"learning_rate": 0.005, "cutoffs": [5, 10]})
    assert Settings.of(sampler, settings.flat()) == settings
    assert Settings.of(sampler, settings.flat()).fingerprint() == settings.fingerprint()


def test_settings_of_another_sampler_are_refused() -> None:
    with pytest.raises(SettingsError, match="the settings are of sampler 'mixed', and 'random' is asked for"):
        Settings.of("random", Settings.of("mixed").flat())


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_setting_has_a_description_and_a_default_within_its_range(sampler: str) -> None:
    space = Settings.of(sampler).search_space()
    for section in sections_of(sampler).values():
        _check(section, space)


def _check(section: type[BaseModel], space: dict[str, object]) -> None:
    for name, field in section.model_fields.items():
        assert field.description, name
        match space.get(name):
            case IntRange(low, high) | FloatRange(low, high):
                assert low <= field.default <= high, name
            case Choices(values):
                assert field.default in values, name


def test_the_space_of_mixed_is_batch_size_learning_rate_and_its_counts() -> None:
    assert set(Settings.of("mixed").search_space()) == {"learning_rate", "batch_size", "n_in_batch", "n_uniform"}


def test_a_fingerprint_changes_with_any_field() -> None:
    base = Settings.of("random")
    assert base.fingerprint() != base.changed({"n_negatives": 7}).fingerprint()
    assert base.fingerprint() != base.changed({"targets": "frozen"}).fingerprint()
    assert base.fingerprint() == base.changed({}).fingerprint()


@pytest.mark.parametrize(
    ("sampler", "values", "message"),
    [
        ("mxied", {}, r"unknown sampler 'mxied' \(did you mean 'mixed'\?\); there are: random, "),
        ("mixed", {"learning_rte": 1}, r"unknown setting 'learning_rte' \(did you mean 'learning_rate'\?\)"),
        ("mixed", {"learning_rate": -1}, r"learning_rate = -1: Input should be greater than 0"),
        (
            "mixed",
            {"targets": "rolled"},
            r"targets = 'rolled': Input should be 'rolling', 'frozen', 'last', 'first' or 'random'",
        ),
        ("mixed", {"n_heads": 3}, r"hidden_dim 50 is no multiple of n_heads 3; change one of them"),
        ("mixed", {"cutoffs": "0,5"}, r"cutoffs.0 = '0': Input should be greater than or equal to 1"),
        ("mixed", {"cutoffs": [5, -3]}, r"cutoffs.1 = -3: Input should be greater than or equal to 1"),
        ("mixed", {"cutoffs": "5,5"}, r"cutoffs = '5,5': a cut-off is given twice; give each once, such as 1,5,10"),
        ("mixed", {"cutoffs": "5,x"}, r"cutoffs.1 = 'x': Input should be a valid integer"),
        ("mixed", {"cutoffs": "2.5"}, r"cutoffs.0 = '2.5': Input should be a valid integer"),
        ("mixed", {"cutoffs": True}, r"cutoffs = True: cut-offs are whole numbers, such as 1,5,10"),
        ("mixed", {"cutoffs": ""}, r"cutoffs.0 = '': Input should be a valid integer"),
        ("mixed", {"cutoffs": []}, r"cutoffs = \[\]: Tuple should have at least 1 item"),
        ("mixed", {"patience": True}, r"patience = True: it takes numbers, and true and false are none"),
        ("mixed", {"dropout_rate": False}, r"dropout_rate = False: it takes numbers"),
        ("mixed", {"cutoffs": [True, 5]}, r"cutoffs = \[True, 5\]: it takes numbers"),
        (
            "mixed",
            {"dropout_rate": 0.9999999},
            r"dropout_rate = 0.9999999: Input should be less than or equal to 0.99609375",
        ),
        ("mixed", {"dropout_rate": 0.999}, r"dropout_rate = 0.999: Input should be less than or equal to 0.99609375"),
        ("mixed", {"n_uniform": "many"}, r"n_uniform = 'many': Input should be a valid integer"),
    ],
)
def test_what_is_not_accepted_is_named_with_what_is(sampler: str, values: dict[str, float | str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.of(sampler, values)


@pytest.mark.parametrize("cutoffs", [5, "5", [5], "5 ", 5.0])
def test_a_single_cut_off_is_one_however_it_is_written(cutoffs: object) -> None:
    assert Settings.of("mixed", {"cutoffs": cutoffs}).evaluation.cutoffs == (5,)  # type: ignore[dict-item]


def test_assignments_are_read_as_yaml_with_exponents_as_numbers() -> None:
    values = parse_assignments(["learning_rate=1e-3", "cutoffs=[5, 10]", "windows=all", "n_heads=2", "seen_items=keep"])
    assert values == {"learning_rate": 0.001, "cutoffs": [5, 10], "windows": "all", "n_heads": 2, "seen_items": "keep"}


def test_an_assignment_without_equals_is_refused() -> None:
    with pytest.raises(SettingsError, match="--set takes field=value, such as learning_rate=1e-3, not 'learning_rate'"):
        parse_assignments(["learning_rate"])


def test_a_settings_file_must_hold_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text("learning_rate: 1e-3\nn_negatives: 20\n")
    assert read_settings_file(path) == {"learning_rate": 0.001, "n_negatives": 20}
    path.write_text("- learning_rate\n")
    with pytest.raises(SettingsError, match="must hold `field: value` lines, not a list"):
        read_settings_file(path)
    with pytest.raises(SettingsError, match="can't read the settings file"):
        read_settings_file(tmp_path / "missing.yaml")


PRESETS = Path(__file__).parents[1] / "configs" / "presets"


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_sound_preset_is_the_defaults_and_reference_turns_each_of_its_switches(sampler: str) -> None:
    sound, reference = (read_settings_file(PRESETS / f"{name}.yaml") for name in ("sound", "reference"))
    assert Settings.of(sampler, settings_values(sampler, sound)) == Settings.of(sampler)
    assert set(sound) == set(reference)
    assert {name for name in sound if sound[name] != reference[name]} == set(sound) - {"negative_reduction"}
    if SAMPLERS[sampler].proposes_positive:
        # The published code samples; what it does at padded positions can't be done with all items.
        with pytest.raises(SettingsError, match="leave padding at masked"):
            Settings.of(sampler, settings_values(sampler, reference))
        return
    if SAMPLERS[sampler].learns:
        # It takes batches again from earlier epochs, and what such a sampler draws follows from the model.
        with pytest.raises(SettingsError, match="leave replay_factor at 0"):
            Settings.of(sampler, settings_values(sampler, reference))
        return
    Settings.of(sampler, settings_values(sampler, reference))


def test_no_line_of_a_preset_is_one_that_no_sampler_has() -> None:
    """Such a line would be passed over by all samplers."""
    known = {field for name in SAMPLERS for model in sections_of(name).values() for field in model.model_fields}
    assert set(read_settings_file(PRESETS / "reference.yaml")) <= known


def test_the_reference_preset_is_what_the_published_code_does() -> None:
    """As the notes on that code say, switch by switch; patience 0: no run stops before its last epoch."""
    values = read_settings_file(PRESETS / "reference.yaml")
    adaptive, popularity = (
        Settings.of(name, settings_values(name, values)) for name in ("adaptive-batch", "popularity")
    )
    assert isinstance(adaptive.model, SasrecSettings)
    assert not adaptive.model.attention_output
    assert adaptive.loss == BceSettings(unselected_negatives="zero")
    assert adaptive.training == TrainingSettings(
        user_order="with_replacement",
        epoch_users="all",
        replay_factor=30,
        padding="trained",
        item_optimizer="dense",
        adam_epsilon="before_correction",
        max_epochs=200,
        validate_every=25,
        patience=0,
    )
    assert (adaptive.sampler.excluded, popularity.sampler.excluded) == ("window", "whole")
    assert adaptive.flat()["hardest_ties"] == "first"
    assert popularity.flat()["popularity_counts"] == "users"


def test_a_file_serves_several_samplers_and_a_misspelt_field_is_still_refused() -> None:
    values = {"n_hardest": 5, "n_negatives": 20, "learning_rate": 1e-2}
    assert settings_values("random", values) == {"n_negatives": 20, "learning_rate": 1e-2}
    assert settings_values("adaptive", values) == values
    with pytest.raises(SettingsError, match=r"unknown setting 'n_hardst'"):
        Settings.of("random", settings_values("random", {"n_hardst": 5}))
    with pytest.raises(SettingsError, match=r"unknown setting 'n_hardest'"):
        Settings.of("random", {"n_hardest": 5})


@pytest.mark.parametrize("name", ALIASES)
def test_what_other_libraries_call_a_setting_is_answered_with_its_name_here(name: str) -> None:
    """Some are as near to another setting by their letters: lr to n_heads."""
    with pytest.raises(SettingsError, match=f"unknown setting '{name}' \\(did you mean '{ALIASES[name]}'\\?\\)"):
        Settings.of("random", {name: 1})

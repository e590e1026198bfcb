"""A study file narrows, widens or fixes what the settings' fields say is searched."""

import pytest

from nsbench.errors import SettingsError
from nsbench.search import Choices, FloatRange, IntRange
from nsbench.study.search.space import StudyFile, read_study_file, space_of


def file_of(**fields):
    return StudyFile.model_validate(fields)


def test_without_a_file_the_fields_ranges_are_searched():
    space = space_of("random", StudyFile(), {})
    assert space.ranges["learning_rate"] == FloatRange(3e-4, 1e-2, log=True)
    assert space.ranges["n_negatives"] == IntRange(5, 500, log=True)


def test_what_a_file_leaves_out_of_a_range_stays():
    """The field says 3e-4 to 1e-2 by factors; only the upper end is changed."""
    space = space_of("random", file_of(search={"learning_rate": {"high": 5e-3}}), {})
    assert space.ranges["learning_rate"] == FloatRange(3e-4, 5e-3, log=True)


def test_a_field_without_a_range_can_be_searched():
    search = {"dropout_rate": {"low": 0.1, "high": 0.5}, "hidden_dim": {"choices": [32, 64]}}
    space = space_of("random", file_of(search=search), {})
    assert space.ranges["dropout_rate"] == FloatRange(0.1, 0.5)
    assert space.ranges["hidden_dim"] == Choices((32, 64))


def test_what_is_fixed_is_not_searched_and_the_command_goes_before_the_file():
    space = space_of("random", file_of(fixed={"batch_size": 64, "n_negatives": 7}), {"n_negatives": 9})
    assert set(space.ranges) == {"learning_rate"}
    assert space.base.flat()["batch_size"] == 64
    assert space.base.flat()["n_negatives"] == 9


def test_a_field_of_another_sampler_is_passed_over():
    search = {"n_hardest": {"low": 2, "high": 10}}
    assert "n_hardest" not in space_of("random", file_of(search=search), {}).ranges
    assert space_of("adaptive", file_of(search=search), {}).ranges["n_hardest"] == IntRange(2, 10, log=True)


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ({"search": {"learningrate": {"low": 1e-4}}}, "did you mean 'learning_rate'"),
        ({"fixed": {"batchsize": 4}}, "did you mean 'batch_size'"),
        ({"search": {"learning_rate": {"high": 2}}}, "learning_rate = 2.0"),
        ({"search": {"n_negatives": {"low": 600}}}, "from 600 to 500 by factors is none"),
        ({"search": {"hidden_dim": {"low": 4}}}, "give both low and high"),
        ({"search": {"windows": {"low": 1, "high": 2}}}, "windows = 1.0"),
        ({"search": {"windows": {"choices": ["first"]}}}, "windows = 'first'"),
    ],
)
def test_a_field_or_value_that_is_none_is_refused(file, message):
    with pytest.raises(SettingsError, match=message):
        space_of("random", file_of(**file), {})


def test_the_defaults_are_moved_into_a_range_that_leaves_them_out():
    """The defaults: a rate of 1e-3 below 2e-3, 100 negatives above 50, and a batch of 128 that is no choice."""
    search = {"learning_rate": {"low": 2e-3}, "n_negatives": {"high": 50}, "batch_size": {"choices": [32, 64]}}
    defaults = space_of("random", file_of(search=search), {}).defaults()
    assert defaults == {"learning_rate": 2e-3, "n_negatives": 50, "batch_size": 32}


def test_a_misspelt_part_of_a_file_is_named(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("search: {learning_rate: {lowest: 1.0e-4}}")
    with pytest.raises(SettingsError, match="search.learning_rate.lowest"):
        read_study_file(path)


def test_choices_and_a_range_exclude_each_other(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("search: {batch_size: {low: 4, choices: [8]}}")
    with pytest.raises(SettingsError, match="either choices or low, high and log"):
        read_study_file(path)

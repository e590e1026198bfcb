"""The ladder from the preset `reference` to the preset `sound`, and which of its rungs are trained."""

from collections import Counter

import pytest

from nsbench.ablation.rung import PROBES, RUNG_NAMES, RUNGS
from nsbench.config import Settings, read_settings_file, settings_values
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.study.ablation.ladder import ladder_of, segments_of, share_kept
from nsbench.study.search.config_file import find_config
from tests.builder import dataset_of

REFERENCE, SOUND = (read_settings_file(find_config("presets", name)) for name in ("reference", "sound"))
METHODS = ("random", "popularity", "batch", "mixed", "adaptive", "adaptive-batch", "adaptive-mixed", "cohort")


@pytest.fixture(scope="module")
def log() -> Dataset:
    return dataset_of([[1, 2, 3], [2, 3, 1], [3, 1, 2]], valid=[[1], [2], [3]], test=[[2], [3], [1]])


def trained(method: str, log: Dataset, **values: str | float) -> list[str]:
    return [segment.trained.rung.name for segment in segments_of(method, values, log)]


def test_every_switch_of_the_presets_lies_on_one_rung() -> None:
    """A new line of a preset needs a rung."""
    switches = Counter(name for rung in RUNGS for name in rung.switches)
    assert set(switches) == set(REFERENCE) == set(SOUND)
    assert set(switches.values()) == {1}


@pytest.mark.parametrize("method", METHODS)
def test_the_ladder_begins_at_reference_and_ends_at_sound(method: str) -> None:
    steps = ladder_of(method, {})
    assert steps[0].settings == Settings.of(method, settings_values(method, REFERENCE))
    assert steps[-1].settings == Settings.of(method) == Settings.of(method, settings_values(method, SOUND))
    assert [step.rung.name for step in steps] == list(RUNG_NAMES)


def test_a_rung_turns_its_switches_alone() -> None:
    steps = [step.settings.flat() for step in ladder_of("adaptive-mixed", {})]
    for rung, below, own in zip(RUNGS[1:], steps, steps[1:], strict=False):
        turned = {name for name in own if own[name] != below[name]}
        # Popularity is not drawn by here, and negatives are averaged on both sides.
        assert turned == set(rung.switches) - {"popularity_counts", "negative_reduction"}


def test_what_changes_no_training_ranks_the_model_below(log: Dataset) -> None:
    """Of random's rungs: nothing is selected, no other items are excluded, and five rungs concern the ranking alone."""
    assert trained("random", log) == [
        "published", "padding", "fresh", "stopping", "cold", "choice", "epochs", "optimizer", "attention"
    ]  # fmt: skip
    adaptive = trained("adaptive-mixed", log)
    assert adaptive == [
        "published", "padding", "selected", "fresh", "stopping", "proposals", "cold", "choice", "epochs", "optimizer",
        "attention",
        *(probe.name for probe in PROBES),
    ]  # fmt: skip
    ranked = [step.rung.name for segment in segments_of("adaptive-mixed", {}, log) for step in segment.ranked]
    assert ranked == ["cohorts", "seen", "rolling", "ties"]


def test_the_epoch_is_chosen_anew_once_the_test_is_another_one(log: Dataset) -> None:
    """With the settings of the rung below; held in the sound way from the start, there is nothing to choose anew."""
    steps = {step.rung.name: step.settings for step in ladder_of("random", {})}
    assert steps["choice"] == steps["rolling"]
    held: dict[str, str | float] = {
        name: value
        for name, value in Settings.of("random").evaluation.model_dump().items()
        if name in SOUND and name != "cold_items"
    }
    assert "choice" in trained("random", log)
    assert "choice" not in trained("random", log, **held)


def test_borders_of_cohorts_are_trained_where_negatives_are_drawn_by_them(log: Dataset) -> None:
    assert "cohorts" in trained("cohort", log)
    assert "cohorts" not in trained("mixed", log)


def test_replaying_is_nothing_where_it_would_begin_after_the_last_epoch(log: Dataset) -> None:
    """Batches are replayed from epoch 31 on."""
    assert "fresh" not in trained("random", log, max_epochs=30)
    assert "fresh" in trained("random", log, max_epochs=31)


def test_a_setting_that_is_held_is_held_at_every_rung() -> None:
    steps = ladder_of("mixed", {"max_epochs": 7, "padding": "masked", "n_hardest": 3})
    assert {step.settings.training.max_epochs for step in steps} == {7}
    assert {step.settings.training.padding for step in steps} == {"masked"}


def test_a_probe_trains_the_whole_pool_and_lowers_its_weight_to_the_share_that_was_kept(log: Dataset) -> None:
    """25 of 10 + 90 negatives are kept: a quarter."""
    segments = segments_of("adaptive-mixed", {"n_in_batch": 10, "n_uniform": 90, "n_hardest": 25}, log)
    pool, lighter = (segment.trained for segment in segments[-2:])
    assert {pool.probed, lighter.probed} == {"adaptive-mixed"}
    assert pool.settings.method.name == lighter.settings.method.name == "mixed"
    assert share_kept(pool.settings) == 1
    own = {
        name: pool.settings.flat()[name] for name in ("n_in_batch", "n_uniform", "negative_weight", "exclude_history")
    }
    assert own == {"n_in_batch": 10, "n_uniform": 90, "negative_weight": 1.0, "exclude_history": "window"}
    assert lighter.settings == pool.settings.changed({"negative_weight": 0.25})
    beside = next(step.settings for step in ladder_of("adaptive-mixed", {}) if step.rung.name == "selected")
    assert pool.settings.training == beside.training
    assert pool.settings.evaluation == beside.evaluation


def test_what_the_published_code_has_nothing_like_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"xir at the rung 'published' of the ladder .*: replay_factor = 30"):
        ladder_of("xir", {})

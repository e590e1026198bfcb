"""A study is written down when it begins, and whoever goes on with it must want the same."""

import json

import pytest
from optuna.storages import InMemoryStorage
from optuna.trial import TrialState

from nsbench.errors import SettingsError
from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.search.plan import _PLAN, StudyPlan, load_plan, open_study, with_budget_of
from nsbench.study.search.space import StudyFile, space_of
from tests.builder import dataset_of

CARD = dataset_of([[1, 2]], [[1]], [[2]]).card
SPACE = space_of("random", StudyFile(), {"max_epochs": 3})


def open_again(storage, space=SPACE, seed=0):
    plan = StudyPlan.of("mine", CARD, space, DEFAULT_OBJECTIVE, seed)
    return open_study(plan, space, storage)


def draw(study, n):
    points = []
    for _ in range(n):
        trial = study.ask(SPACE.distributions())
        study.tell(trial, trial.params["learning_rate"])
        points.append(trial.params)
    return points


def test_the_first_trial_is_of_the_defaults():
    (first,) = draw(open_again(InMemoryStorage()), 1)
    assert first == {"learning_rate": 1e-3, "batch_size": 128, "n_negatives": 100}


def test_the_defaults_wait_only_once_however_often_the_study_is_opened():
    storage = InMemoryStorage()
    for _ in range(3):
        study = open_again(storage)
    assert [trial.state for trial in study.trials] == [TrialState.WAITING]


def test_a_study_that_is_taken_up_again_searches_as_one_that_never_stopped():
    """14 trials are more than the 10 that TPE draws at random."""
    whole = draw(open_again(InMemoryStorage()), 14)
    storage = InMemoryStorage()
    parts = draw(open_again(storage), 6) + draw(open_again(storage), 8)
    assert parts == whole
    assert draw(open_again(InMemoryStorage(), seed=1), 14)[1:] != whole[1:]


def test_a_changed_setting_is_refused_with_both_values():
    storage = InMemoryStorage()
    open_again(storage)
    with pytest.raises(SettingsError, match="max_length was 50 and is now 20.*--study NAME"):
        open_again(storage, space_of("random", StudyFile(), {"max_epochs": 3, "max_length": 20}))


def test_a_study_of_the_time_before_a_setting_goes_on_with_what_was_in_force_then():
    """Its plan doesn't say the setting; it goes on with the old value, and another one is refused."""
    storage = InMemoryStorage()
    old = space_of("random", StudyFile(), {"max_epochs": 3, "initial_values": "glorot"})
    study = open_again(storage, old)
    plan = json.loads(study.user_attrs[_PLAN])
    del plan["base"]["initial_values"]
    study.set_user_attr(_PLAN, json.dumps(plan))
    assert open_again(storage, old).study_name == "mine"
    with pytest.raises(SettingsError, match="initial_values was 'glorot' and is now 'narrow'"):
        open_again(storage, space_of("random", StudyFile(), {"max_epochs": 3, "initial_values": "narrow"}))


def test_a_larger_budget_becomes_the_studys_and_a_smaller_one_does_not():
    storage = InMemoryStorage()
    for given, kept in ((3, 3), (4, 4), (2, 4)):
        space = space_of("random", StudyFile(), {"max_epochs": given})
        study = open_again(storage, space)
        plan = StudyPlan.of("mine", CARD, space, DEFAULT_OBJECTIVE, 0)
        plan, space = with_budget_of(study, plan, space)
        assert (plan.base["max_epochs"], space.base.training.max_epochs) == (kept, kept)
        found = load_plan("mine", storage)
        assert found is not None
        assert found[1] == plan


def test_the_plan_is_read_back_as_it_was_written():
    storage = InMemoryStorage()
    study = open_again(storage)
    found = load_plan("mine", storage)
    assert found is not None
    assert found[1] == StudyPlan.of("mine", CARD, SPACE, DEFAULT_OBJECTIVE, 0)
    assert found[1].settings({"n_negatives": 7}) == SPACE.base.changed({"n_negatives": 7})
    assert study.study_name == "mine"
    assert load_plan("other", storage) is None

"""Which settings a study recommends: the point of the highest mean, of this very sampler and log."""

from collections.abc import Sequence

import pytest
from optuna.distributions import FloatDistribution
from optuna.trial import FrozenTrial, TrialState, create_trial

from nsbench.errors import SettingsError
from nsbench.runs.request import DEFAULT_OBJECTIVE
from nsbench.study.best_trial import best_for, best_of, best_point, best_so_far
from nsbench.study.search.plan import StudyPlan, open_study
from nsbench.study.search.space import StudyFile, space_of
from nsbench.study.search.storage import open_storage
from nsbench.study.trials.trial_state import END_REASON
from nsbench.tracking.store import open_store

RATE = {"learning_rate": FloatDistribution(1e-4, 1e-2, log=True)}


def trials_of(*points: tuple[float, float]) -> list[FrozenTrial]:
    """Complete trials, each of a learning rate and a value."""
    trials = []
    for number, (rate, value) in enumerate(points):
        trial = create_trial(params={"learning_rate": rate}, distributions=RATE, value=value)
        trial.number = number
        trials.append(trial)
    return trials


LUCKY = [(1e-3, 0.5), (2e-3, 0.4), (1e-3, 0.2), (3e-3, 0.38), (1e-3, 0.2)]
"""The point of trials 0, 2 and 4 has the luckiest one, and a mean of (.5 + .2 + .2) / 3 = .3."""


def test_the_mean_of_a_point_decides_and_not_its_luckiest_trial() -> None:
    best = best_point(trials_of(*LUCKY))
    assert best is not None
    assert (best.params, best.value, best.trials) == ({"learning_rate": 2e-3}, 0.4, (1,))


def test_a_point_that_is_best_on_average_has_that_average() -> None:
    """(.5 + .3) / 2 = .4 against .39."""
    best = best_point(trials_of((2e-3, 0.39), (1e-3, 0.5), (1e-3, 0.3)))
    assert best is not None
    assert (best.value, best.trials) == (pytest.approx(0.4), (1, 2))


def test_of_equal_points_the_first_is_taken_whatever_the_order() -> None:
    best = best_point(reversed(trials_of((2e-3, 0.4), (1e-3, 0.4))))
    assert best is not None
    assert best.trials == (0,)


def test_trials_without_a_result_take_no_part() -> None:
    pruned = create_trial(
        params={"learning_rate": 1e-3},
        distributions=RATE,
        state=TrialState.PRUNED,
        intermediate_values={1: 0.1},
    )
    best = best_point([*trials_of((1e-3, 0.5)), pruned])
    assert best is not None
    assert best.value == 0.5
    assert best_point([pruned]) is None


def test_the_best_so_far_falls_where_the_best_point_does_worse_again() -> None:
    """Means of the first point: .5, .5, .35, .35, .3; the second one's .4 is best from trial 2 on."""
    assert best_so_far(trials_of(*LUCKY)) == pytest.approx([0.5, 0.5, 0.4, 0.4, 0.4])


def study_of(home, card, name: str, points: Sequence[tuple[float, float]], sampler: str = "random") -> None:
    """A study of the home with such trials."""
    space = space_of(sampler, StudyFile(), {})
    study = open_study(StudyPlan.of(name, card, space, DEFAULT_OBJECTIVE, 0), space, open_storage(home))
    for trial in trials_of(*points):
        study.add_trial(trial)


def test_the_best_of_a_study_is_that_of_its_points(home, dataset) -> None:
    study_of(home, dataset.card, "lucky", LUCKY)
    best = best_for("lucky", dataset.card, "random", home)
    assert (best.settings.training.learning_rate, best.value, best.n_trials) == (2e-3, 0.4, 1)


def test_a_study_of_another_sampler_dataset_or_preparation_is_refused(home, dataset) -> None:
    """As `nsbench tune` refuses them; what differs is named, the value that was before what is asked for."""
    study_of(home, dataset.card, "mine", LUCKY)
    cases = (
        ("mixed", dataset.card, "its sampler is 'random' and 'mixed' is asked for"),
        ("random", replaced(dataset.card, name="other"), "its dataset is 'small' and 'other' is asked for"),
        (
            "random",
            replaced(dataset.card, content_hash="new"),
            f"its dataset_hash is '{dataset.card.content_hash}' and 'new'",
        ),
    )
    for sampler, card, part in cases:
        with pytest.raises(SettingsError, match="the study 'mine' is of something else") as caught:
            best_for("mine", card, sampler, home)
        assert part in str(caught.value)
        assert f"nsbench tune --sampler {sampler} --dataset {card.name} --study NAME" in str(caught.value)


def replaced(card, **changes):
    return card.model_copy(update=changes)


def test_a_study_of_failed_trials_says_why(home, dataset) -> None:
    study_of(home, dataset.card, "failed", [])
    space = space_of("random", StudyFile(), {})
    study = open_study(StudyPlan.of("failed", dataset.card, space, DEFAULT_OBJECTIVE, 0), space, open_storage(home))
    open_store(home).create(0.0)
    study.add_trial(create_trial(state=TrialState.FAIL, user_attrs={END_REASON: "out of memory"}))
    with pytest.raises(SettingsError, match=r"\(1 failed; the last because: out of memory\); run `nsbench tune"):
        best_of("failed", dataset.card.name, "random", home)

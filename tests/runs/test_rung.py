"""A training of the ladder, and the rungs that rank its model again."""

from pathlib import Path

import numpy as np
import pytest

from nsbench.config import Settings, Value
from nsbench.errors import DatasetError, TrainingError
from nsbench.runs.observer import NullObserver
from nsbench.runs.request import RunRequest
from nsbench.runs.rung import RungModel, RungTask, Trained, climb
from nsbench.terms import CUT_OFF, RunKind
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.tracker import NullTracker
from tests.runs.test_experiment import SMALL, ring_log

LOG = ring_log()


def task(**values: Value) -> RungTask:
    return RungTask(Settings.of("random", {**SMALL, "max_epochs": 2, **values}), RunRequest(RunKind.ABLATION, seed=3))


def climbed(place: RungModel, *tasks: RungTask, is_trained: bool = False) -> list[RunRecord]:
    return climb(tasks, place, LOG, NullTracker(), [NullObserver()] * len(tasks), is_trained=is_trained)


def test_a_rung_that_changes_nothing_gives_the_trainings_metrics_to_the_last_digit(tmp_path: Path) -> None:
    trained, again = climbed(RungModel(tmp_path / "rung"), task(), task())
    of_test = {name: value for name, value in trained.metrics.items() if name.startswith("test/")}
    assert set(of_test) == {name for name in again.metrics if name.startswith("test/")}
    for name, value in of_test.items():
        np.testing.assert_equal(again.metrics[name], value)
    assert (again.best_epoch, again.metrics[CUT_OFF]) == (trained.best_epoch, trained.metrics[CUT_OFF])
    assert (again.cost.n_epochs, again.cost.train_s, again.validations) == (0, 0, ())


def test_another_protocol_ranks_as_a_training_under_it_would_whose_best_epoch_is_the_same(tmp_path: Path) -> None:
    """With one validation there is one epoch to choose."""
    few: dict[str, Value] = {"max_epochs": 1, "validate_every": 1}
    _, again = climbed(RungModel(tmp_path / "a"), task(**few), task(targets="last", **few))
    (alone,) = climbed(RungModel(tmp_path / "b"), task(targets="last", **few))
    assert again.metrics["test/all/hit_rate_at_10"] == alone.metrics["test/all/hit_rate_at_10"]
    assert again.metrics["test/all/n_targets"] == alone.metrics["test/all/n_targets"] == 60


def test_the_model_goes_when_all_rungs_are_recorded(tmp_path: Path) -> None:
    climbed(RungModel(tmp_path / "rung"), task(), task())
    assert list(tmp_path.iterdir()) == []


class Refusing(NullTracker):
    """Takes no result of a second run."""

    def __init__(self) -> None:
        self.n_started = 0

    def start(self, plan: RunPlan):  # type: ignore[no-untyped-def]
        self.n_started += 1
        if self.n_started == 2:
            raise TrainingError("not taken")
        return super().start(plan)


def test_a_model_waits_for_the_rungs_that_were_not_recorded(tmp_path: Path) -> None:
    """The second run is refused; the next call ranks the model that lies there, and trains nothing."""
    place = RungModel(tmp_path / "rung")
    with pytest.raises(TrainingError, match="not taken"):
        climb([task(), task()], place, LOG, Refusing(), [NullObserver()] * 2)
    assert place.trained is not None
    (again,) = climbed(place, task(), is_trained=True)
    assert again.cost.n_epochs == 0
    assert place.trained is None


def test_without_its_model_a_rung_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no model of a rung any more; the same command trains it again"):
        climbed(RungModel(tmp_path / "rung"), task(), is_trained=True)


def test_a_damaged_note_is_none(tmp_path: Path) -> None:
    place = RungModel(tmp_path)
    place.note(Trained("run", 2, 0.0))
    assert place.trained is None
    place.parameters.touch()
    assert place.trained == Trained("run", 2, 0.0)
    (tmp_path / "trained.json").write_text("{")
    assert place.trained is None

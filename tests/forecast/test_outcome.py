"""Epochs and seconds of recorded runs beside the predicted ones."""

import math

import pytest

from nsbench.config import Settings
from nsbench.forecast.epochs import EpochRecord, Epochs, epochs_allowed
from nsbench.forecast.outcome import outcomes_of
from nsbench.terms import RunKind
from tests.forecast.builder import part, prediction
from tests.forecast.reader import ListReader, cost, stored

SETTINGS = Settings.of("random", {"max_epochs": 10, "patience": 2, "validate_every": 2})


def test_early_stopping_needs_the_best_look_and_as_many_as_its_patience():
    """Looks at 2, 4 and 6, of which the first is the best."""
    assert epochs_allowed(SETTINGS) == Epochs(least=6, most=10, typical=10)


def test_without_early_stopping_all_epochs_are_run():
    assert epochs_allowed(SETTINGS.changed({"patience": 0})) == Epochs(least=10, most=10, typical=10)


def test_no_run_is_shorter_than_it_may_be():
    assert epochs_allowed(SETTINGS.changed({"max_epochs": 3})) == Epochs(least=3, most=3, typical=3)


def test_where_nothing_is_recorded_nothing_is_expected():
    assert EpochRecord(None).epochs("small", RunKind.TRIAL, SETTINGS).expected is None
    assert EpochRecord(ListReader()).epochs("other", RunKind.TRIAL, SETTINGS).expected is None


def test_expected_epochs_are_the_mean_of_runs_alike():
    """Finished after 6 and 8, pruned at its look at 4: 6. A repeat, another patience and a failed run don't count."""
    record = EpochRecord(
        ListReader(
            stored(0, metrics=cost(6, 1)),
            stored(1, metrics=cost(8, 1)),
            stored(2, status="KILLED"),
            stored(3, kind=RunKind.REPEAT, metrics=cost(10, 1)),
            stored(4, metrics=cost(10, 1), patience="5"),
            stored(5, status="FAILED"),
        )
    )
    assert record.epochs("small", RunKind.TRIAL, SETTINGS) == Epochs(least=6, most=10, typical=10, expected=6, n_runs=3)


def test_nothing_is_compared_before_a_run_is_done():
    assert outcomes_of(prediction(part()), ListReader(stored(0, status="RUNNING"))) is None


def test_done_runs_are_compared_with_the_prediction_for_as_many():
    """Two of four trials: 2 * 117 = 234 s predicted; 100 + 17 trained and evaluated, and 30 s of a pruned one."""
    found = outcomes_of(prediction(part()), ListReader(stored(0, metrics=cost(8, 100, 17)), stored(3, status="KILLED")))
    assert found is not None
    (one,) = found.parts
    assert (one.n_done, one.epochs) == (2, 6)
    assert (one.predicted_s, one.actual_s) == (234, 147)
    assert one.ratio == pytest.approx(147 / 234)
    assert not found.is_complete
    assert found.elapsed_s == 3 * 60 + 30


def test_it_is_complete_when_every_part_is():
    parts = part(n_runs=1), part("repeats", n_runs=1)
    runs = stored(0, metrics=cost(10, 1)), stored(1, kind=RunKind.REPEAT, metrics=cost(10, 2))
    found = outcomes_of(prediction(*parts), ListReader(*runs))
    assert found is not None
    assert found.is_complete
    assert [one.actual_s for one in found.parts] == [1, 2]
    assert found.actual_s == 3
    assert not math.isnan(found.predicted_s)


def test_runs_of_other_studies_are_not_counted():
    other = prediction(part()).model_copy(update={"profile": "theirs"})
    assert outcomes_of(other, ListReader(stored(0, metrics=cost(10, 1)))) is None

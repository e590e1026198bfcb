"""What recording, pruning and showing cost."""

import pytest

from nsbench.bench.cases.overhead import cost_of
from nsbench.bench.cases.training import settings_with
from nsbench.bench.cases.workload import dataset_of
from nsbench.bench.measuring.clock import Moment
from nsbench.bench.measuring.meter import Meter, MeteredObserver, MeteredTracker
from nsbench.models.sasrec.definition import SasrecSettings
from nsbench.runs.experiment import run
from nsbench.runs.observer import NullObserver
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind
from nsbench.tracking.tracker import NullTracker
from tests.bench.bench_builder import TINY


def test_cost_by_hand() -> None:
    """A run of 10 s with ends of 0.3 s, looks of 0.1, 0.02 and 0.04 s, and two steps of 0.01 s.

    Together 0.48 s of 10; the first look apart, one takes 0.03 s. In 30 s there are six steps:
    0.3 + 10 * 0.03 + 6 * 0.01 = 0.66 s.
    """
    meter = Meter(
        ends=[Moment(0.2, 1), Moment(0.1, 1)],
        validations=[Moment(0.1, 1), Moment(0.02, 1), Moment(0.04, 1)],
        steps=[Moment(0.01, 1), Moment(0.01, 1)],
        run=Moment(10, 20),
    )
    cost = cost_of(meter, "cpu")
    assert cost.share == pytest.approx(0.048)
    assert cost.per_run_s == pytest.approx(0.3)
    assert cost.per_look_s == pytest.approx(0.03)
    assert cost.per_step_s == pytest.approx(0.01)
    assert cost.share_of_trial == pytest.approx(0.66 / 30)
    assert cost_of(meter, "wall").share == pytest.approx(7 / 20)


def test_every_call_of_a_run_is_timed() -> None:
    """Two epochs of two steps each with a look after each; the run's start, its observer's start, and its end."""
    settings = settings_with("random", 5, SasrecSettings(max_length=TINY.max_length, hidden_dim=8))
    settings = settings.changed({"max_epochs": 2, "validate_every": 1})
    meter = Meter()
    tracker, observer = MeteredTracker(NullTracker(), meter), MeteredObserver(NullObserver(), meter)
    with meter.timing_the_run():
        run(settings, dataset_of(TINY), tracker, RunRequest(RunKind.SINGLE, seed=0), observer)
    assert (len(meter.ends), len(meter.validations), len(meter.steps)) == (3, 2, 4)
    assert 0 < sum(look.wall for look in meter.validations) < meter.run.wall

"""What recording, pruning and showing a run cost: one small real run whose every such call is timed.

Timing the calls within the run is steadier than comparing it with a run that nobody observes.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from nsbench.bench.cases.workload import Workload, dataset_of
from nsbench.bench.measuring.clock import Clock
from nsbench.bench.measuring.condition import Conditions
from nsbench.bench.measuring.meter import Meter, MeteredObserver, MeteredTracker
from nsbench.bench.measuring.process import BenchProcess
from nsbench.config import Settings
from nsbench.files.home import Home, sqlite_uri
from nsbench.runs.experiment import run
from nsbench.runs.request import RunRequest
from nsbench.terms import RunKind

TRIAL_S = 30.0
"""The length of the trial whose overhead is reckoned."""

VALIDATIONS_OF_TRIAL = 10
"""Looks at the validation interactions of a trial as `nsbench tune` makes it: 20 epochs, every other one."""

_LOG = Workload("bench-small", n_users=2_000, n_items=1_000, mean_length=30, max_length=50)


@dataclass(frozen=True)
class OverheadCost:
    """What a run's observers take, by one clock.

    Attributes:
        share: Of the measured run.
        per_run_s: At the beginning and the end of a run.
        per_look_s: At each validation.
        per_step_s: At each step.
        share_of_trial: Of a trial of 30 s with VALIDATIONS_OF_TRIAL validations.
    """

    share: float
    per_run_s: float
    per_look_s: float
    per_step_s: float
    share_of_trial: float


@dataclass(frozen=True)
class Overhead:
    """What tracking (MLflow on sqlite), pruning (Optuna on sqlite) and the progress display take of a run.

    Attributes:
        run_s: How long the measured run took by the wall's clock.
        n_looks: Its validations.
        n_steps: Its steps.
        cpu: By CPU time, which other programs can't take and which waits for the disk are not part of.
        wall: By the wall's clock.
    """

    run_s: float
    n_looks: int
    n_steps: int
    cpu: OverheadCost
    wall: OverheadCost


def measure_overhead(conditions: Conditions, n_looks: int) -> Overhead:
    """Trains and validates this many times, in a process and a folder of its own."""
    with TemporaryDirectory(prefix="nsbench-bench-") as folder:
        build = partial(_metered_run, Path(folder), conditions, n_looks)
        with BenchProcess(build) as process:
            meter = process.ask(_itself)
    return Overhead(
        run_s=meter.run.wall,
        n_looks=len(meter.validations),
        n_steps=len(meter.steps),
        cpu=cost_of(meter, "cpu"),
        wall=cost_of(meter, "wall"),
    )


def cost_of(meter: Meter, clock: Clock) -> OverheadCost:
    """Reckons from the times of the calls.

    The first validation is slower than those that follow, and left out; the mean of the others counts those that were sent
    together with later ones as well as those that sent them.
    """
    ends, validations, steps = (
        [took.by(clock) for took in times] for times in (meter.ends, meter.validations, meter.steps)
    )
    run_s = meter.run.by(clock)
    per_run, per_look, per_step = sum(ends), fmean(validations[1:]), fmean(steps)
    steps_of_trial = len(steps) * TRIAL_S / run_s
    return OverheadCost(
        share=(sum(ends) + sum(validations) + sum(steps)) / run_s,
        per_run_s=per_run,
        per_look_s=per_look,
        per_step_s=per_step,
        share_of_trial=(per_run + VALIDATIONS_OF_TRIAL * per_look + steps_of_trial * per_step) / TRIAL_S,
    )


def _metered_run(folder: Path, conditions: Conditions, n_looks: int) -> Meter:
    from nsbench.bench.cases.study_observer import StudyObserver
    from nsbench.tracking.writing.mlflow_tracker import MlflowTracker

    conditions.prepare()
    home = Home(folder)
    settings = Settings.of("random", {"max_epochs": n_looks, "validate_every": 1, "patience": 0})
    # The store is this folder's, whatever the environment names.
    tracker = MlflowTracker(sqlite_uri(folder / "mlflow.db"), home.artifacts)
    observer = StudyObserver(sqlite_uri(folder / "studies.db"), n_looks)
    meter = Meter()
    request = RunRequest(RunKind.SINGLE, seed=0)
    with observer, meter.timing_the_run():
        run(settings, dataset_of(_LOG), MeteredTracker(tracker, meter), request, MeteredObserver(observer, meter))
    return meter


def _itself(meter: Meter) -> Meter:
    return meter

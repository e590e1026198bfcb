"""Which runs are still to be made: the best settings with many seeds, and the baselines."""

from collections.abc import Mapping, Sequence

from nsbench.baseline import BASELINES, baseline_plan
from nsbench.config import Settings, Value
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.experiment import protocol_of
from nsbench.home import Home
from nsbench.samplers import SAMPLERS
from nsbench.study.job import BaselineJob, TrainJob
from nsbench.study.run_list import PlannedRun, RunList
from nsbench.terms import ALL, RunKind, Tag, metric_name
from nsbench.tracking.mlflow_reader import open_reader
from nsbench.tracking.stored_run import StoredRun
from nsbench.watcher import DEFAULT_OBJECTIVE, RunOrder

TEST_SCORE = metric_name("test", ALL, "hit_rate", 10)
"""What tables show of a run that ranked the test interactions."""


def repeats_of(
    settings: Settings,
    dataset: Dataset,
    n_repeats: int,
    study: str | None,
    home: Home,
    objective: str = DEFAULT_OBJECTIVE,
) -> RunList:
    """The repeats that are missing: seeds 0 to n_repeats - 1 without those that have finished.

    A seed counts as done where a finished repeat has the same settings, dataset and protocol.

    Args:
        settings: What is repeated.
        dataset: The prepared log.
        n_repeats: How many seeds.
        study: The study that found the settings, or None.
        home: Where the runs are recorded.
        objective: The validation metric that decides the best epoch.

    Raises:
        TrackingError: The store can't be read.
    """
    protocol = protocol_of(settings.evaluation, dataset)
    done = {
        run.seed
        for run in _finished(home, dataset, RunKind.REPEAT, settings.sampler.name)
        if (run.fingerprint, run.protocol) == (settings.fingerprint(), protocol)
    }
    seeds = [seed for seed in range(n_repeats) if seed not in done]
    tags = {Tag.N_PLANNED.value: str(n_repeats)}
    orders = [RunOrder(RunKind.REPEAT, seed, study=study, tags=tags, objective=objective) for seed in seeds]
    runs = [PlannedRun(f"seed {order.seed}", TrainJob(dataset.card.name, settings, order)) for order in orders]
    return RunList(f"{dataset.card.name}/{settings.sampler.name} repeats", runs, n_repeats - len(seeds), TEST_SCORE)


def baselines_of(names: Sequence[str], dataset: Dataset, evaluation: EvaluationSettings, home: Home) -> RunList:
    """The baselines that have not finished on the dataset under the protocol.

    Raises:
        SettingsError: There is no such baseline.
        TrackingError: The store can't be read.
    """
    plans = {name: baseline_plan(name, dataset, evaluation) for name in names}
    done = {
        run.sampler
        for run in _finished(home, dataset, RunKind.BASELINE)
        if run.sampler in plans
        and run.fingerprint == plans[run.sampler].fingerprint
        and run.protocol == plans[run.sampler].protocol
    }
    runs = [
        PlannedRun(BASELINES[name].label, BaselineJob(dataset.card.name, name, evaluation))
        for name in names
        if name not in done
    ]
    return RunList(f"{dataset.card.name} baselines", runs, len(names) - len(runs), TEST_SCORE)


def _finished(home: Home, dataset: Dataset, kind: RunKind, sampler: str | None = None) -> list[StoredRun]:
    """Finished runs that saw this preparation of the log; the store must be there."""
    reader = open_reader(home)
    if dataset.card.name not in reader.datasets():
        return []
    return [
        run
        for run in reader.runs(dataset.card.name, (kind,), sampler)
        if run.status == "FINISHED" and run.dataset_hash == dataset.card.content_hash
    ]


def evaluation_of(values: Mapping[str, Value]) -> EvaluationSettings:
    """Evaluation settings with some fields changed.

    Raises:
        SettingsError: A field that evaluation doesn't have, or a value that isn't accepted.
    """
    known = EvaluationSettings.model_fields
    for name in values:
        if name not in known:
            raise SettingsError(f"baselines have no setting {name!r}; there are: {', '.join(known)}")
    return Settings.of(next(iter(SAMPLERS)), values).evaluation

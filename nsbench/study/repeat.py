"""Which runs are still to be made: the best settings with many seeds, and the baselines."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from nsbench.config import ALIASES, Settings, Value
from nsbench.data.dataset import Dataset
from nsbench.errors import SettingsError
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.files.home import Home
from nsbench.objective import checked_objective
from nsbench.runs.baseline import BASELINES, baseline_plan
from nsbench.runs.plan import protocol_of
from nsbench.runs.preparation import settled
from nsbench.runs.request import RunRequest
from nsbench.samplers import SAMPLERS
from nsbench.study.claim import Claims, StoredClaims, claims_name, run_name
from nsbench.study.listed_run import PlannedJob
from nsbench.study.method import Method
from nsbench.study.run_list import RunList
from nsbench.study.search.plan import study_name
from nsbench.study.search.retrying_storage import RetryingStorage
from nsbench.study.workers.job import BaselineJob, TrainJob
from nsbench.suggestion import did_you_mean
from nsbench.terms import ALL, CUT_OFF, N_EPOCHS, KeepModels, RunKind, Tag, metric_name
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import StoredRun

logger = logging.getLogger(__name__)

TEST_SCORE = metric_name("test", ALL, "hit_rate", 10)
"""What tables show of a run that ranked the test interactions."""


@dataclass(frozen=True)
class RepeatOrder:
    """What is asked of repeats.

    Attributes:
        n_repeats: How many seeds.
        study: The study that found the settings, or None.
        objective: The validation metric that decides the best epoch; None: that of `default_objective`.
        n_replicas: Seeds that a worker trains side by side, at most.
        keep_models: Whose models are kept.
    """

    n_repeats: int
    study: str | None = None
    objective: str | None = None
    n_replicas: int = 1
    keep_models: KeepModels = "best"


def repeats_of(
    settings: Settings, dataset: Dataset, order: RepeatOrder, home: Home, claims: Claims | None = None
) -> RunList:
    """The repeats that are missing: seeds 0 to n_repeats - 1 without those that have finished.

    A seed counts as done where a finished repeat has the same settings, dataset and protocol. Of n_replicas seeds that follow
    each other, counted from 0, those that are missing are trained together. So which they are depends on nothing that happens
    to other seeds, and a group that was interrupted finds its checkpoint.

    Args:
        settings: What is repeated.
        dataset: The prepared log.
        order: How often, and how.
        home: Where the runs are recorded.
        claims: Who makes which, of `claims_of`; None: nobody else makes any.

    Raises:
        SettingsError: The settings' cut-offs lack the objective's.
        TrackingError: The store can't be read.
    """
    settings = settled(settings, dataset)
    objective = checked_objective(order.objective, settings.evaluation.cutoffs)
    done = _seeds_done(settings, dataset, home)
    seeds = [seed for seed in range(order.n_repeats) if seed not in done]
    jobs = []
    for _, group in groupby(seeds, key=lambda seed: seed // order.n_replicas):
        requests = tuple(_run_request(seed, order, objective) for seed in group)
        names = tuple(run_name(one.seed) for one in requests)
        jobs.append(PlannedJob(names, TrainJob(dataset.card.name, settings, requests)))
    usual = study_name(dataset.card.name, settings.method.name)
    # What is swept around the best settings of one study are methods with names of their own.
    of_usual = order.study in (None, usual) or bool(settings.fixed)
    title = f"{dataset.card.name}/{settings.method.name} repeats" if of_usual else f"{order.study} repeats"
    n_done = order.n_repeats - len(seeds)
    return RunList(title, jobs, n_done, TEST_SCORE, claims, Method.of(settings, dataset))


def claims_of(settings: Settings, dataset: Dataset, storage: RetryingStorage, home: Home) -> StoredClaims:
    """The claims of the repeats of some settings, shared with all commands that repeat the same."""
    settings = settled(settings, dataset)
    card, protocol = dataset.card, protocol_of(settings.evaluation, dataset)
    name = claims_name(card.name, card.content_hash, settings.method.name, settings.fingerprint(), protocol)
    return StoredClaims(storage, name, lambda: {run_name(seed) for seed in _seeds_done(settings, dataset, home)})


def _seeds_done(settings: Settings, dataset: Dataset, home: Home) -> set[int | None]:
    """The seeds of finished repeats of the same settings, dataset and protocol; not those that would go on with more epochs."""
    settings = settled(settings, dataset)
    wanted = settings.fingerprint(), protocol_of(settings.evaluation, dataset)
    return {
        run.seed
        for run in _finished(home, dataset, RunKind.REPEAT, settings.method.name)
        if (run.fingerprint, run.protocol) == wanted and not _would_go_on(run, settings)
    }


def _would_go_on(run: StoredRun, settings: Settings) -> bool:
    """Whether a repeat was cut off at fewer epochs than it may take now."""
    training = settings.training
    return bool(run.metrics.get(CUT_OFF) and training.patience) and run.metric(N_EPOCHS) < training.max_epochs


def _run_request(seed: int, order: RepeatOrder, objective: str) -> RunRequest:
    tags = {Tag.N_PLANNED.value: str(order.n_repeats)}
    return RunRequest(
        RunKind.REPEAT, seed, study=order.study, tags=tags, objective=objective, keep_model=order.keep_models
    )


def baselines_of(names: Sequence[str], dataset: Dataset, evaluation: EvaluationSettings, home: Home) -> RunList:
    """The baselines that have not finished on the dataset under the protocol; the log names those that can't be made of it.

    Raises:
        SettingsError: There is no such baseline.
        TrackingError: The store can't be read.
    """
    unfit = [name for name in names if name in BASELINES and not BASELINES[name].fits(dataset)]
    for name in unfit:
        logger.warning(
            "%s: %s is left out: it counts days, and only the order of the log's times is known",
            dataset.card.name,
            BASELINES[name].label,
        )
    names = [name for name in names if name not in unfit]
    done = {run.sampler for run in finished_baselines(names, dataset, evaluation, home)}
    jobs = [
        PlannedJob((BASELINES[name].label,), BaselineJob(dataset.card.name, name, evaluation))
        for name in names
        if name not in done
    ]
    return RunList(f"{dataset.card.name} baselines", jobs, len(names) - len(jobs), TEST_SCORE)


def finished_baselines(
    names: Sequence[str], dataset: Dataset, evaluation: EvaluationSettings, home: Home
) -> list[StoredRun]:
    """The finished runs of baselines on the dataset under the protocol, oldest first; the same errors as `baselines_of`."""
    plans = {name: baseline_plan(name, dataset, evaluation) for name in names}
    return [
        run
        for run in _finished(home, dataset, RunKind.BASELINE)
        if run.sampler in plans
        and run.fingerprint == plans[run.sampler].fingerprint
        and run.protocol == plans[run.sampler].protocol
    ]


def _finished(home: Home, dataset: Dataset, kind: RunKind, sampler: str | None = None) -> list[StoredRun]:
    """Finished runs that saw this preparation of the log; the store must be there."""
    reader = open_store(home).reader()
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
            raise SettingsError(
                f"baselines have no setting {name!r}{did_you_mean(name, known, ALIASES)}; there are: {', '.join(known)}"
            )
    return Settings.of(next(iter(SAMPLERS)), values).evaluation

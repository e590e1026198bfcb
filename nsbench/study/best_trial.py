"""The best settings that a study has found: from Optuna, or from MLflow where the study itself is gone.

Optuna may propose a point more than once, and each time it is trained with another seed. Their mean decides: the luckiest of
several tries says less than a lone one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from optuna.trial import FrozenTrial, TrialState

from nsbench.config import Flat, Settings
from nsbench.data.dataset import DatasetCard
from nsbench.errors import SettingsError
from nsbench.files.home import Home
from nsbench.study.search.plan import load_plan
from nsbench.study.search.storage import existing_storage
from nsbench.study.trials.trial_state import END_REASON, resumed_trials, status_of
from nsbench.terms import OBJECTIVE_TAG, RunKind
from nsbench.tracking.store import open_store
from nsbench.tracking.stored_run import StoredRun

Point = tuple[tuple[str, Flat], ...]
"""Searched settings by name, in the names' order."""


@dataclass(frozen=True)
class Best:
    """The best point of a study.

    Attributes:
        study: The study's name.
        dataset: The name of the dataset that it was tuned on.
        dataset_hash: The content hash of that dataset's card.
        settings: Its whole settings.
        searched: The searched fields alone; all of them where only MLflow knows the study.
        objective: The validation metric that was maximised.
        value: Its mean over the point's trials.
        trial: The number of the first of them.
        n_trials: Complete trials of the point.
    """

    study: str
    dataset: str
    dataset_hash: str
    settings: Settings
    searched: Mapping[str, Flat]
    objective: str
    value: float
    trial: int
    n_trials: int = 1


@dataclass(frozen=True)
class BestPoint:
    """The best point among some trials.

    Attributes:
        params: Its searched settings.
        value: The mean of its complete trials.
        trials: Their numbers, rising.
    """

    params: Mapping[str, Flat]
    value: float
    trials: tuple[int, ...]


def best_of(study: str, dataset: str, sampler: str, home: Home) -> Best:
    """The best point of a study, whatever it is of; `best_for` for one that is to be trained again.

    Raises:
        SettingsError: There is no such study, or none of its trials is complete.
    """
    found = _from_optuna(study, home) or _from_mlflow(study, dataset, sampler, home)
    if found is None:
        raise SettingsError(
            f"no finished trial of a study {study!r}{_why_none(study, home)}; run `nsbench tune --sampler {sampler} --dataset "
            f"{dataset}` first, name another study with --study, or take the default settings with --defaults"
        )
    return found


def best_for(study: str, card: DatasetCard, sampler: str, home: Home) -> Best:
    """The best point of a study of this very sampler and dataset.

    Raises:
        SettingsError: There is no such study, none of its trials is complete, or it is of another sampler, another dataset or
            another preparation of the log.
    """
    best = best_of(study, card.name, sampler, home)
    pairs = (
        ("sampler", best.settings.method.name, sampler),
        ("dataset", best.dataset, card.name),
        ("dataset_hash", best.dataset_hash, card.content_hash),
    )
    changes = [f"its {name} is {was!r} and {now!r} is asked for" for name, was, now in pairs if was != now]
    if changes:
        raise SettingsError(
            f"the study {study!r} is of something else: {'; '.join(changes)}; name a study of the sampler {sampler!r} on this "
            f"dataset with --study, or begin one: `nsbench tune --sampler {sampler} --dataset {card.name} --study NAME`"
        )
    return best


def best_point(trials: Iterable[FrozenTrial]) -> BestPoint | None:
    """The point whose complete trials have the highest mean, the first of equals; None without a complete one."""
    return next(iter(ranked_points(trials)), None)


def ranked_points(trials: Iterable[FrozenTrial]) -> list[BestPoint]:
    """The points by the mean of their complete trials, the best first, of equals the earlier one.

    Of a trial that was cut off and resumed, only the latter counts.
    """
    points: dict[Point, list[FrozenTrial]] = defaultdict(list)
    trials = list(trials)
    replaced = resumed_trials(trials)
    for trial in trials:
        if trial.state is TrialState.COMPLETE and trial.value is not None and trial.number not in replaced:
            points[point_of(trial)].append(trial)
    found = [
        BestPoint(
            dict(params), fmean(trial.value or 0.0 for trial in own), tuple(sorted(trial.number for trial in own))
        )
        for params, own in points.items()
    ]
    return sorted(found, key=lambda point: (-point.value, point.trials[0]))


def best_so_far(trials: Iterable[FrozenTrial]) -> list[float]:
    """The value of the best point after each of some complete trials; it falls where that point is tried again and does worse."""
    values: dict[Point, list[float]] = defaultdict(list)
    means: dict[Point, float] = {}
    found = []
    for trial in trials:
        point = point_of(trial)
        values[point].append(trial.value or 0.0)
        means[point] = fmean(values[point])
        found.append(max(means.values()))
    return found


def point_of(trial: FrozenTrial) -> Point:
    """The searched settings of a trial, alike for trials of one point."""
    return tuple(sorted(trial.params.items()))


def _from_optuna(name: str, home: Home) -> Best | None:
    storage = existing_storage(home)
    known = None if storage is None else load_plan(name, storage)
    if known is None:
        return None
    study, plan = known
    point = best_point(study.get_trials(deepcopy=False))
    if point is None:
        return None
    settings = plan.settings(point.params)
    return Best(
        name,
        plan.dataset,
        plan.dataset_hash,
        settings,
        point.params,
        plan.objective,
        point.value,
        point.trials[0],
        len(point.trials),
    )


def _from_mlflow(name: str, dataset: str, sampler: str, home: Home) -> Best | None:
    reader = open_store(home).reader()
    if dataset not in reader.datasets():
        return None
    summaries = reader.runs(dataset, (RunKind.STUDY,), study=name)
    trials = [run for run in reader.runs(dataset, (RunKind.TRIAL,), sampler, name) if run.status == "FINISHED"]
    objective = summaries[-1].tags.get(OBJECTIVE_TAG) if summaries else None
    known = [run for run in trials if objective in run.metrics and run.trial is not None]
    if objective is None or not known:
        return None
    own = _best_runs([run for run in known if run.dataset_hash == summaries[-1].dataset_hash] or known, objective)
    fields = {field: value for field, value in own[0].params.items() if field != "sampler"}
    return Best(
        name,
        dataset,
        own[0].dataset_hash,
        Settings.of(sampler, fields),
        fields,
        objective,
        fmean(run.metrics[objective] for run in own),
        own[0].trial or 0,
        len(own),
    )


def _best_runs(runs: Sequence[StoredRun], objective: str) -> list[StoredRun]:
    """The trials of the point with the highest mean, by number; the same settings have the same fingerprint."""
    points: dict[str, list[StoredRun]] = defaultdict(list)
    # A trial that goes on with one that was cut off has its seed.
    last = {(run.fingerprint, run.seed): run for run in sorted(runs, key=lambda run: run.trial or 0)}
    for run in last.values():
        points[run.fingerprint].append(run)
    return max(points.values(), key=lambda own: (fmean(run.metrics[objective] for run in own), -(own[0].trial or 0)))


def _why_none(name: str, home: Home) -> str:
    """What became of the trials of a study that has no complete one; empty where there are none."""
    storage = existing_storage(home)
    known = None if storage is None else load_plan(name, storage)
    trials = [] if known is None else known[0].get_trials(deepcopy=False)
    failed = [trial for trial in trials if status_of(trial) == "failed"]
    if not failed:
        return ""
    return f" ({len(failed)} failed; the last because: {failed[-1].user_attrs.get(END_REASON, 'unknown')})"

"""The best settings that a study has found: from Optuna, or from MLflow where the study itself is gone."""

from collections.abc import Mapping
from dataclasses import dataclass

from optuna.trial import FrozenTrial, TrialState

from nsbench.config import Flat, Settings
from nsbench.errors import SettingsError
from nsbench.home import Home
from nsbench.study.plan import load_plan
from nsbench.study.storage import has_storage, open_storage
from nsbench.terms import RunKind
from nsbench.tracking.mlflow_reader import open_reader
from nsbench.tracking.mlflow_store import OBJECTIVE


@dataclass(frozen=True)
class Best:
    """The best point of a study.

    Attributes:
        study: The study's name.
        settings: Its whole settings.
        searched: The searched fields alone; all of them where only MLflow knows the study.
        objective: The validation metric that was maximised.
        value: Its value.
        trial: The trial's number.
    """

    study: str
    settings: Settings
    searched: Mapping[str, Flat]
    objective: str
    value: float
    trial: int


def best_of(study: str, dataset: str, sampler: str, home: Home) -> Best:
    """The best complete trial of a study.

    Raises:
        SettingsError: There is no such study, or none of its trials is complete.
    """
    found = _from_optuna(study, home) or _from_mlflow(study, dataset, sampler, home)
    if found is None:
        raise SettingsError(
            f"no finished trial of a study {study!r}; run `nsbench tune --sampler {sampler} --dataset {dataset}` first, name "
            "another study with --study, or take the default settings with --defaults"
        )
    return found


def best_trial(trials: list[FrozenTrial]) -> FrozenTrial | None:
    """The complete trial of the highest value, the first of equals; None without a complete one."""
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE and trial.value is not None]
    return max(complete, key=lambda trial: (trial.value, -trial.number), default=None)


def _from_optuna(name: str, home: Home) -> Best | None:
    known = load_plan(name, open_storage(home)) if has_storage(home) else None
    if known is None:
        return None
    study, plan = known
    trial = best_trial(study.get_trials(deepcopy=False))
    if trial is None or trial.value is None:
        return None
    return Best(name, plan.settings(trial.params), trial.params, plan.objective, trial.value, trial.number)


def _from_mlflow(name: str, dataset: str, sampler: str, home: Home) -> Best | None:
    reader = open_reader(home)
    if dataset not in reader.datasets():
        return None
    summaries = reader.runs(dataset, (RunKind.STUDY,), study=name)
    trials = [run for run in reader.runs(dataset, (RunKind.TRIAL,), sampler, name) if run.status == "FINISHED"]
    objective = summaries[-1].tags.get(OBJECTIVE) if summaries else None
    known = [run for run in trials if objective in run.metrics and run.trial is not None]
    if objective is None or not known:
        return None
    best = max(known, key=lambda run: (run.metrics[objective], -(run.trial or 0)))
    fields = {field: value for field, value in best.params.items() if field != "sampler"}
    return Best(name, Settings.of(sampler, fields), fields, objective, best.metrics[objective], best.trial or 0)

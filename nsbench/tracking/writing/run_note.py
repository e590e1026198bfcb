"""What MLflow's pages say of a run in words: what it is, how it is made again, and what came out.

Markdown, which MLflow shows as a run's description. Texts only; who writes them is elsewhere.
"""

import math
import shlex
from collections.abc import Mapping

from nsbench.evaluation.metrics import METRICS
from nsbench.evaluation.metrics.hit_rate import HIT_RATE
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.terms import (
    ALL,
    BALANCED_COHORTS,
    CUT_OFF,
    RunKind,
    Tag,
    balance_name,
    deviation_name,
    metric_name,
)
from nsbench.tracking.method_summary import N_REPEATS, MethodSummary
from nsbench.tracking.record import RunPlan, RunRecord
from nsbench.tracking.study_summary import StudySummary

NOTE = "mlflow.note.content"
"""MLflow's tag of a description, of runs and of experiments."""

SETTINGS_FILE = "settings.yaml"
"""The artifact that holds a run's settings."""

_SHOWN_CUTOFFS = (10, 20, 5, 50, 1)


def note_of_plan(plan: RunPlan) -> str:
    """What a run is, and the command that makes it again."""
    return f"**{_what(plan)}** of the dataset {plan.dataset}.\n\nAgain: {_command(plan)}"


def note_of_result(record: RunRecord) -> str:
    """The same of a finished run, with what came out."""
    plan, metrics = record.plan, record.metrics
    results = [_scores(metrics, split) for split in ("test", "valid")]
    told = "; ".join(result for result in results if result) or "nothing that is a number"
    return (
        f"**{_what(plan)}** of the dataset {plan.dataset}.\n\nResult: {told}.{_end(record)}\n\nAgain: {_command(plan)}"
    )


def note_of_stop(begun: str, reason: str) -> str:
    """The description of a run that ended without a result.

    Args:
        begun: What it said until then.
        reason: Why it ended.
    """
    return f"Ended without a result: {reason}\n\n{begun}".rstrip()


def note_of_study(summary: StudySummary) -> str:
    """What a study found, and how to go on with it."""
    ended = ((summary.n_finished, "finished"), (summary.n_pruned, "pruned"), (summary.n_failed, "failed"))
    counts = ", ".join(f"{n} {what}" for n, what in ended)
    found = "No trial has finished yet."
    if summary.best_value is not None:
        settings = ", ".join(f"{name} {value}" for name, value in summary.best_params.items())
        found = (
            f"Best: {summary.objective} {summary.best_value:.4f}, first in trial {summary.best_trial}, with {settings}."
        )
    words = ("--dataset", summary.dataset, "--sampler", summary.sampler, "--study", summary.study)
    options = shlex.join(words)
    return (
        f"**Study {summary.study}**: the search for {summary.label}'s settings on the dataset {summary.dataset}; "
        f"{summary.n_planned} trials are planned ({counts}). {found}\n\n"
        f"The best settings are this run's parameters; a better point later makes a new run of the study.\n\n"
        f"Its seeds: `nsbench repeat {options}`"
    )


def note_of_method(summary: MethodSummary) -> str:
    """What the repeats of a method say together."""
    n = int(summary.metrics[N_REPEATS])
    study = f", which the study {summary.study} found" if summary.study else ""
    scores = _scores(summary.metrics, "test") or "no test metric that is a number"
    name = next((name for name in _names("test", ALL, HIT_RATE.name) if deviation_name(name) in summary.metrics), None)
    spread = (
        ""
        if name is None
        else f"; the hit rate's standard deviation over seeds is {summary.metrics[deviation_name(name)]:.4f}"
    )
    return (
        f"**{summary.label} on the dataset {summary.dataset}**: means over {n} {'repeat' if n == 1 else 'repeats'} of the same "
        f"settings{study}. Metrics that end in `_sd` are standard deviations over seeds.\n\n"
        f"Result: {scores}{spread}.\n\nIntervals and comparisons: `nsbench report --dataset {shlex.quote(summary.dataset)}`"
    )


def _what(plan: RunPlan) -> str:
    of_study = f" of the study {plan.study}" if plan.study else ""
    match plan.kind:
        case RunKind.TRIAL:
            return f"Trial {plan.trial}{of_study}: {plan.label}, seed {plan.seed}, validated only,"
        case RunKind.REPEAT:
            best = f"the best settings{of_study}" if of_study else "settings given by hand"
            return f"Repeat with seed {plan.seed}: {plan.label} with {best}, ranked on the test interactions"
        case RunKind.BASELINE:
            return f"Baseline {plan.label}: nothing is trained; ranked on the test interactions"
        case RunKind.EVALUATION | RunKind.ABLATION:
            return _under_protocol(plan)
        case RunKind.FINAL:
            return f"Last fit on all data: {plan.label}, seed {plan.seed}, of which no metric is claimed,"
        case _:
            return f"Single run: {plan.label}, seed {plan.seed}, ranked on the test interactions"


def _under_protocol(plan: RunPlan) -> str:
    where = f"under {plan.protocol}: {plan.label}, seed {plan.seed}"
    if plan.kind is RunKind.EVALUATION:
        return f"The model of another run ranked again, {where}"
    model = f", by the model of run {plan.tags[Tag.EVALUATED]}" if Tag.EVALUATED in plan.tags else ""
    return f"Rung {plan.tags.get(Tag.RUNG)} of the ladder from the published protocol to a sound one{model}, {where},"


def _command(plan: RunPlan) -> str:
    dataset = shlex.quote(plan.dataset)
    if plan.kind is RunKind.BASELINE:
        given = " ".join(f"--set {name}={value}" for name, value in plan.params.items() if name != "sampler")
        return f"`nsbench baseline --dataset {dataset} {given}`"
    if plan.kind is RunKind.EVALUATION:
        given = " ".join(f"--set {name}={plan.params[name]}" for name in EvaluationSettings.model_fields)
        return f"`nsbench evaluate {plan.tags.get(Tag.EVALUATED, 'MODEL')} --dataset {dataset} {given}`"
    command = f"nsbench train --dataset {dataset} --sampler {plan.sampler} --seed {plan.seed} --config {SETTINGS_FILE}"
    return f"`{command}`, with the file of that name among this run's artifacts"


def _scores(metrics: Mapping[str, float], split: str) -> str:
    """Hit rate in total and by cohort, its balance, and the other metrics in total, as far as they are numbers."""
    hit_rate = _first(metrics, _names(split, ALL, HIT_RATE.name))
    if hit_rate is None:
        return ""
    k = hit_rate.rpartition("_")[2]
    by_cohort = [(cohort.label, metric_name(split, cohort.label, HIT_RATE.name, int(k))) for cohort in BALANCED_COHORTS]
    by_cohort.append(("balance", balance_name(split, HIT_RATE.name, int(k))))
    parts = ", ".join(f"{label} {metrics[name]:.4f}" for label, name in by_cohort if _is_number(metrics, name))
    told = f"{_SPLITS[split]} hit rate at {k} {metrics[hit_rate]:.4f}" + (f" ({parts})" if parts else "")
    for metric in METRICS.values():
        name = _first(metrics, _names(split, ALL, metric.name))
        if metric is not HIT_RATE and name is not None:
            told += f", {metric.in_sentence} {metrics[name]:.4f}"
    return told


_SPLITS = {"test": "test", "valid": "validation"}


def _end(record: RunRecord) -> str:
    n_epochs = record.cost.n_epochs
    if n_epochs == 0:
        return ""
    cut_off = " It ended at its last epoch, before it stopped getting better." if record.metrics.get(CUT_OFF) else ""
    return f" Epoch {record.best_epoch} of {n_epochs} was kept.{cut_off}"


def _names(split: str, group: str, metric: str) -> list[str]:
    return [metric_name(split, group, metric, k) for k in _SHOWN_CUTOFFS]


def _first(metrics: Mapping[str, float], names: list[str]) -> str | None:
    return next((name for name in names if _is_number(metrics, name)), None)


def _is_number(metrics: Mapping[str, float], name: str) -> bool:
    value = metrics.get(name)
    return value is not None and not math.isnan(value)

"""Writes the runs that sum up others: one for each study, one for the repeats of each method. Renewed, never doubled."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Run

from nsbench.terms import OBJECTIVE_TAG, RunKind, Tag
from nsbench.tracking.method_summary import N_REPEATS, MethodSummary
from nsbench.tracking.reading.run_parts import EVALUATION_CONTEXTS
from nsbench.tracking.reading.run_refresh import tag_is
from nsbench.tracking.record import Scalar
from nsbench.tracking.study_summary import StudySummary
from nsbench.tracking.writing.artifact import send_file
from nsbench.tracking.writing.environment import environment_tags
from nsbench.tracking.writing.mlflow_run import as_run_tags, metric_entries
from nsbench.tracking.writing.run_note import NOTE, note_of_method, note_of_study
from nsbench.tracking.writing.run_start import dataset_inputs, input_name, log_dataset, log_params, params_of

BEST = "nsbench.best."
"""How the tags of a study's best settings begin."""


def log_study_run(client: MlflowClient, experiment_id: str, summary: StudySummary) -> str:
    """Writes or renews the run of a study, and gives its id.

    Its best settings are its parameters. MLflow's parameters never change, so where the study has found a better point, a new
    run takes the old one's place, which goes to MLflow's deleted runs.
    """
    tags = _study_tags(summary)
    condition = _all_of({Tag.KIND: RunKind.STUDY, Tag.STUDY: summary.study})
    run_id = _renewed(client, experiment_id, condition, _study_name(summary), tags, summary.best_params)
    stale = [name for name in client.get_run(run_id).data.tags if name.startswith(BEST) and name not in tags]
    for name in stale:
        client.delete_tag(run_id, name)
    _write(client, run_id, _study_metrics(summary), tags, summary.figures)
    return run_id


def log_method_run(client: MlflowClient, experiment_id: str, summary: MethodSummary) -> str:
    """Writes or renews the run that sums up a method's repeats, and gives its id.

    A method is a sampler with its settings, on one preparation of the log, under one protocol: what its repeats share.
    """
    own = {
        Tag.KIND: RunKind.SUMMARY.value,
        Tag.SAMPLER: summary.sampler,
        Tag.SETTINGS: summary.fingerprint,
        Tag.PROTOCOL: summary.protocol,
        Tag.DATASET_HASH: summary.dataset_hash,
    }
    about = {
        Tag.DATASET: summary.dataset,
        Tag.LABEL: summary.label,
        **({Tag.STUDY: summary.study} if summary.study else {}),
    }
    tags = {tag.value: value for tag, value in {**own, **about}.items()} | dict(summary.tags)
    n = int(summary.metrics[N_REPEATS])
    name = f"{summary.sampler} summary of {n} {'seed' if n == 1 else 'seeds'}"
    run_id = _renewed(client, experiment_id, _all_of(own), name, tags, summary.params)
    called = input_name(summary.dataset, summary.params)
    splits = dataset_inputs(called, summary.dataset_hash, summary.dataset_card, EVALUATION_CONTEXTS)
    log_dataset(client, run_id, splits)
    renewed = {"mlflow.runName": name, NOTE: note_of_method(summary)}
    _write(client, run_id, summary.metrics, tags | renewed, ())
    return run_id


def _renewed(
    client: MlflowClient,
    experiment_id: str,
    condition: str,
    name: str,
    tags: Mapping[str, str],
    params: Mapping[str, Scalar],
) -> str:
    """The run that fulfils the condition and has these parameters, made where there is none; the others are deleted.

    The new run is there before the old one goes: a command that is killed in between leaves two, of which the next takes one.
    """
    wanted = {name: str(value) for name, value in params.items()}
    runs: Sequence[Run] = client.search_runs([experiment_id], condition)
    kept = next((run for run in runs if run.data.params in (wanted, {})), None)
    if kept is None:
        kept = client.create_run(experiment_id, tags={**environment_tags(), **tags}, run_name=name)
    if kept.data.params != wanted:
        log_params(client, kept.info.run_id, params_of(params))
    for run in runs:
        if run.info.run_id != kept.info.run_id:
            client.delete_run(run.info.run_id)
    run_id: str = kept.info.run_id
    return run_id


def _write(
    client: MlflowClient, run_id: str, metrics: Mapping[str, float], tags: Mapping[str, str], figures: Sequence[Path]
) -> None:
    entries = metric_entries(metrics, time.time_ns() // 1_000_000, step=0)
    client.log_batch(run_id, metrics=entries, tags=as_run_tags(tags))
    for figure in figures:
        send_file(client, run_id, figure, "figures")
    client.set_terminated(run_id, "FINISHED")


def _all_of(tags: Mapping[Tag, str]) -> str:
    return " and ".join(tag_is(tag, value) for tag, value in tags.items())


def _study_name(summary: StudySummary) -> str:
    """Such as "mixed study default"; the whole name of a study that is named otherwise."""
    usual = f"{summary.dataset}/{summary.sampler}/"
    return f"{summary.sampler} study {summary.study.removeprefix(usual)}"


def _study_tags(summary: StudySummary) -> dict[str, str]:
    tags = {
        Tag.KIND.value: RunKind.STUDY.value,
        Tag.STUDY.value: summary.study,
        Tag.DATASET.value: summary.dataset,
        Tag.DATASET_HASH.value: summary.dataset_hash,
        Tag.SAMPLER.value: summary.sampler,
        Tag.LABEL.value: summary.label,
        Tag.N_PLANNED.value: str(summary.n_planned),
        OBJECTIVE_TAG: summary.objective,
        NOTE: note_of_study(summary),
    }
    return tags | {f"{BEST}{name}": str(value) for name, value in summary.best_params.items()}


def _study_metrics(summary: StudySummary) -> dict[str, float]:
    counts = {
        "study/n_planned": summary.n_planned,
        "study/n_finished": summary.n_finished,
        "study/n_pruned": summary.n_pruned,
        "study/n_failed": summary.n_failed,
        "study/n_cut_off": summary.n_cut_off,
    }
    best = {"study/best_value": summary.best_value, "study/best_trial": summary.best_trial}
    return {name: float(value) for name, value in {**counts, **best}.items() if value is not None}

"""Begins a run in MLflow: its name, tags, parameters and dataset, all of it before anything is trained."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import yaml
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Param
from mlflow.exceptions import MlflowException

from nsbench.errors import TrackingError
from nsbench.evaluation.settings import EvaluationSettings
from nsbench.terms import RunKind, Tag
from nsbench.tracking.reading.run_parts import CONTEXT, EVALUATION_CONTEXTS
from nsbench.tracking.record import RunPlan, Scalar
from nsbench.tracking.writing.artifact import log_file
from nsbench.tracking.writing.environment import environment_tags
from nsbench.tracking.writing.mlflow_connection import store_errors
from nsbench.tracking.writing.mlflow_run import MAX_TAG_LENGTH, MlflowRunHandle
from nsbench.tracking.writing.outage import is_outage
from nsbench.tracking.writing.run_note import NOTE, SETTINGS_FILE, note_of_plan
from nsbench.tracking.writing.run_writer import RunWriter
from nsbench.tracking.writing.spool import End

_MAX_PARAM_LENGTH = 6000
_MAX_DIGEST_LENGTH = 36
_PARAMS_PER_CALL = 100


def start_run(client: MlflowClient, writer: RunWriter, experiment_id: str, plan: RunPlan) -> MlflowRunHandle:
    """Creates a run and writes all that is known of it.

    Nothing waits in a spool. A run that isn't written whole is FAILED, or KILLED in an outage: another is begun for it.

    Raises:
        StoreOutage: The store is out.
        TrackingError: A setting is too long for MLflow, or the store can't be written.
    """
    params = params_of(plan.params)
    note = note_of_plan(plan)[:MAX_TAG_LENGTH]
    tags = {**environment_tags(), **plan.tags, **_tags_of(plan), NOTE: note}
    with store_errors(client.tracking_uri):
        run = client.create_run(experiment_id, tags=tags, run_name=run_name(plan))
        run_id = run.info.run_id
        try:
            log_params(client, run_id, params)
            # Trials never see the test interactions.
            splits = EVALUATION_CONTEXTS[:1] if plan.kind is RunKind.TRIAL else EVALUATION_CONTEXTS
            called = input_name(plan.dataset, plan.params)
            log_dataset(client, run_id, dataset_inputs(called, plan.dataset_hash, plan.dataset_card, splits))
            text = yaml.safe_dump(dict(plan.params), sort_keys=False)
            log_file(client, run_id, SETTINGS_FILE, lambda path: _write_text(path, text))
        except BaseException as error:
            with suppress(TrackingError):
                writer.write(run_id, End("KILLED" if is_outage(error) else "FAILED", time.time_ns() // 1_000_000))
            raise
    return MlflowRunHandle(writer, run_id, note)


def log_params(client: MlflowClient, run_id: str, params: Sequence[Param]) -> None:
    """Writes a run's parameters."""
    for first in range(0, len(params), _PARAMS_PER_CALL):
        client.log_batch(run_id, params=params[first : first + _PARAMS_PER_CALL])


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def log_dataset(client: MlflowClient, run_id: str, inputs: Sequence[DatasetInput]) -> None:
    """Ties the run to its dataset; of two processes that do so first at once, MLflow fails one, which finds it then."""
    try:
        client.log_inputs(run_id, inputs)
    except MlflowException:
        client.log_inputs(run_id, inputs)


def run_name(plan: RunPlan) -> str:
    """What MLflow's table calls the run: its sampler, kind and seed, such as "mixed trial 3 seed 7".

    A baseline's name says what kind it is, and no chance is in it.
    """
    match plan.kind:
        case RunKind.BASELINE:
            return plan.sampler
        case RunKind.TRIAL:
            return f"{plan.sampler} trial {plan.trial} seed {plan.seed}"
        case RunKind.ABLATION:
            return f"{plan.sampler} {plan.tags.get(Tag.RUNG, plan.kind)} seed {plan.seed}"
        case _:
            return f"{plan.sampler} {plan.kind} seed {plan.seed}"


def _tags_of(plan: RunPlan) -> dict[str, str]:
    tags = {
        Tag.KIND: plan.kind.value,
        Tag.DATASET: plan.dataset,
        Tag.DATASET_HASH: plan.dataset_hash,
        Tag.SAMPLER: plan.sampler,
        Tag.LABEL: plan.label,
        Tag.SEED: str(plan.seed),
        Tag.PROTOCOL: plan.protocol,
        Tag.SETTINGS: plan.fingerprint,
    }
    if plan.study is not None:
        tags[Tag.STUDY] = plan.study
    if plan.trial is not None:
        tags[Tag.TRIAL] = str(plan.trial)
    return {tag.value: value for tag, value in tags.items()}


def params_of(params: Mapping[str, Scalar]) -> list[Param]:
    """MLflow's form of settings.

    Raises:
        TrackingError: One is too long for MLflow.
    """
    too_long = {name: len(str(value)) for name, value in params.items() if len(str(value)) > _MAX_PARAM_LENGTH}
    if too_long:
        name, length = next(iter(too_long.items()))
        raise TrackingError(
            f"setting {name!r} has {length} characters; MLflow takes at most {_MAX_PARAM_LENGTH}; shorten it"
        )
    return [Param(name, str(value)) for name, value in params.items()]


def input_name(dataset: str, params: Mapping[str, Scalar]) -> str:
    """What a dataset is called among a run's inputs: by its name, and by its cohorts where they aren't the usual ones.

    MLflow keeps the first profile of a name and digest; under the name alone all runs would show the first one's cohorts.

    >>> input_name("shop", {"cohort_counts": "interactions"}), input_name("shop", {"cohort_cut": "counts:9,3"})
    ('shop', 'shop by counts:9,3')
    """
    usual = {
        name: field.default for name, field in EvaluationSettings.model_fields.items() if name.startswith("cohort_")
    }
    own = [str(params[name]) for name, value in usual.items() if name in params and params[name] != value]
    return f"{dataset} by {', '.join(own)}" if own else dataset


def dataset_inputs(name: str, content_hash: str, card: str, splits: Sequence[str]) -> list[DatasetInput]:
    """The dataset's splits, each an input with a context of its own.

    The training split holds the whole card as its profile, so that the report can show it when the dataset is gone. MLflow
    takes inputs of the same name and digest for one, hence the others' names.

    Args:
        name: What the dataset is called here, as of `input_name`.
        content_hash: Of its card.
        card: The card as JSON text.
        splits: Those of EVALUATION_CONTEXTS that the run ranks.
    """
    fields = json.loads(card)
    source = json.dumps({"source": fields.get("source", "unknown")})
    profiles = {"training": (name, card)}
    for split in splits:
        own = {key: fields[key] for key in _SPLIT_FIELDS[split] if key in fields}
        profiles[split] = (f"{name} {split}", json.dumps(own))
    return [
        DatasetInput(
            Dataset(called, content_hash[:_MAX_DIGEST_LENGTH], "nsbench", source, profile=profile),
            [InputTag(CONTEXT, context)],
        )
        for context, (called, profile) in profiles.items()
    ]


_SPLIT_FIELDS = {"validation": ("n_valid", "valid_from"), "test": ("n_test", "test_from")}
"""What the card says of a split."""

"""Writes a run's model into MLflow: a LoggedModel that names its run, settings, metrics and dataset.

Its signature and its input example belong to what can be served, which is an export of these files; they hold the parameters, the
card and the items.
"""

import math
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import LoggedModel, LoggedModelOutput, Metric

from nsbench.tracking.models.model_place import put, remove
from nsbench.tracking.models.stored_model import MODEL_TYPE
from nsbench.tracking.reading.run_parts import CONTEXT
from nsbench.tracking.writing.spool import RunModel

_MAX_PARAM_LENGTH = 6000
_MAX_TAG_LENGTH = 5000
_PAGE = 100


def log_model(client: MlflowClient, run_id: str, model: RunModel) -> str:
    """Logs a run's model, and gives its id; a model that is sent twice is logged once.

    It is READY when all of it is there, and last of all. What an attempt left that was cut off goes.

    Raises:
        StorageError: The disk is full where the store keeps files.
    """
    run = client.get_run(run_id)
    experiment_id = run.info.experiment_id
    for found in models_of_run(client, experiment_id, run_id):
        if found.status.value == "READY":
            return str(found.model_id)
        delete(client, found)
    tags = {name: value[:_MAX_TAG_LENGTH] for name, value in model.tags.items()}
    params = {name: value[:_MAX_PARAM_LENGTH] for name, value in model.params.items()}
    logged = client.create_logged_model(experiment_id, _name(model.name), run_id, tags, params, MODEL_TYPE)
    try:
        put(client, logged.model_id, logged.artifact_location, Path(model.path))
        inputs = run.inputs.dataset_inputs if run.inputs else []
        data = next((one.dataset for one in inputs for tag in one.tags if (tag.key, tag.value) == _TRAINED_ON), None)
        name, digest = (None, None) if data is None else (data.name, data.digest)
        entries = [
            Metric(key, float(value), part.time_ms, part.step, logged.model_id, name, digest, run_id)
            for part in model.metrics
            for key, value in part.values.items()
            if not math.isnan(value)
        ]
        client.log_batch(run_id, metrics=entries)
        client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, 0)])
        client.finalize_logged_model(logged.model_id, "READY")
    except BaseException:
        with suppress(Exception):  # Why it failed says more.
            client.finalize_logged_model(logged.model_id, "FAILED")
        raise
    return str(logged.model_id)


_TRAINED_ON = (CONTEXT, "training")


def models_of_run(client: MlflowClient, experiment_id: str, run_id: str) -> Iterator[LoggedModel]:
    """What a run has logged, finished or not; deleted models are left out."""
    yield from models_where(client, [experiment_id], f"source_run_id = '{run_id}'")


def models_where(client: MlflowClient, experiment_ids: list[str], condition: str) -> Iterator[LoggedModel]:
    """The models of some experiments, in MLflow's filter language; deleted models are left out."""
    token: str | None = None
    while True:
        page = client.search_logged_models(experiment_ids, condition, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def delete(client: MlflowClient, model: LoggedModel) -> None:
    """Deletes a model, and its files, which MLflow would leave."""
    client.delete_logged_model(model.model_id)
    remove(client, model.artifact_location)


def _name(name: str) -> str:
    """A model's name without the signs that MLflow doesn't take."""
    return re.sub(r"[/:.%\"']", "_", name)

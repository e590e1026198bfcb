"""Models as MLflow has them become `StoredModel`s, and those of a group that a better one replaces go."""

from collections.abc import Iterable, Mapping, Sequence

from mlflow import MlflowClient
from mlflow.entities import LoggedModel
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode

from nsbench.tracking.models.model_log import delete, models_where
from nsbench.tracking.models.stored_model import GROUP, KEEP, MODEL_TYPE, StoredModel, replaced

_ENDED = ("FINISHED", "FAILED", "KILLED", "MISSING")


def stored_models(
    client: MlflowClient,
    experiment_ids: Sequence[str],
    condition: str = "",
    names: Mapping[str, Sequence[str]] | None = None,
) -> list[StoredModel]:
    """Nsbench's models in some experiments, oldest first, those of runs that go on or failed included.

    Args:
        client: Of the store.
        experiment_ids: The experiments.
        condition: Further conditions, in MLflow's filter language.
        names: What the registry calls models, by their id.
    """
    if not experiment_ids:
        return []
    conditions = [f"model_type = '{MODEL_TYPE}'", *([condition] if condition else [])]
    found = models_where(client, list(experiment_ids), " and ".join(conditions))
    models = [_stored(client, model, (names or {}).get(model.model_id, ())) for model in found]
    return sorted(models, key=lambda model: (model.created_ms, model.model_id))


def prune(client: MlflowClient, experiment_id: str, group: str) -> list[str]:
    """Deletes the models of a group that a better one replaces, and gives their ids."""
    models = stored_models(client, [experiment_id], f"tags.`{GROUP}` = '{group}'")
    gone = []
    for one in replaced(models):
        model = _known(client, one.model_id)
        # Somebody may have registered it meanwhile, which keeps it for good.
        if model is not None and model.tags.get(KEEP) == "best":
            delete(client, model)
            gone.append(one.model_id)
    return gone


def _known(client: MlflowClient, model_id: str) -> LoggedModel | None:
    """The model; None where another process has just deleted it."""
    try:
        return client.get_logged_model(model_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
    return None


def _stored(client: MlflowClient, model: LoggedModel, names: Iterable[str]) -> StoredModel:
    status = _run_status(client, str(model.source_run_id or ""))
    if model.status.value != "READY" and status in _ENDED:
        status = "FAILED"
    return StoredModel(
        model_id=str(model.model_id),
        run_id=str(model.source_run_id or ""),
        run_status=status,
        created_ms=int(model.creation_timestamp),
        experiment_id=str(model.experiment_id),
        artifact_uri=str(model.artifact_location),
        tags=dict(model.tags),
        metrics={metric.key: float(metric.value) for metric in model.metrics or ()},
        names=tuple(names),
    )


def _run_status(client: MlflowClient, run_id: str) -> str:
    try:
        return str(client.get_run(run_id).info.status)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
    return "MISSING"

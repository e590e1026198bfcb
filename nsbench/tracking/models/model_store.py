"""The door to a store's models: what there is, where it lies, and what the registry calls it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import final

from mlflow import MlflowClient

from nsbench.errors import TrackingError
from nsbench.files.home import Home
from nsbench.terms import Tag
from nsbench.tracking.models import registry
from nsbench.tracking.models.model_place import fetched
from nsbench.tracking.models.model_reading import stored_models
from nsbench.tracking.models.registry import RegisteredName, names_of_models, registered_names
from nsbench.tracking.models.stored_model import StoredModel
from nsbench.tracking.store_uri import sqlite_file, without_password
from nsbench.tracking.writing.mlflow_connection import connect, store_errors


@final
class ModelStore:
    """The models of a home's tracking store.

    Args:
        home: Says where the store is, and where copies of a server's models lie.

    Raises:
        TrackingError: The store can't be reached, or there is none yet.
    """

    def __init__(self, home: Home) -> None:
        self._uri = home.tracking_uri
        self._cache = home.root / "cache" / "models"
        file = sqlite_file(self._uri)
        if file is not None and not (file.exists() and file.stat().st_size):
            raise TrackingError(
                f"nothing is recorded yet: there is no MLflow store at {file}; `nsbench train` or `nsbench repeat` make "
                "models, and MLFLOW_TRACKING_URI or NSBENCH_HOME say where they are"
            )
        self._client: MlflowClient = connect(self._uri, to_write=False)

    @property
    def location(self) -> str:
        """The store, as it may be shown."""
        return without_password(self._uri)

    def names(self) -> list[RegisteredName]:
        """The names of the registry.

        Raises:
            TrackingError: The store can't be read; so for all that follow.
        """
        with self._errors():
            return registered_names(self._client)

    def models(self, dataset: str | None = None) -> list[StoredModel]:
        """The models of finished runs, oldest first; of one dataset, or of all."""
        with self._errors():
            experiments = self._experiments()
            wanted = [key for key, name in experiments.items() if dataset in (None, name)]
            names = names_of_models(registered_names(self._client))
            found = stored_models(self._client, wanted, names=names)
        return [model for model in found if model.run_status == "FINISHED"]

    def datasets(self) -> list[str]:
        """The datasets that have runs, in alphabetical order."""
        with self._errors():
            return sorted(self._experiments().values())

    def register(self, model: StoredModel, name: str, alias: str | None) -> int:
        """Registers a model, and gives the version; see `registry.register`."""
        with self._errors():
            return registry.register(self._client, model, name, alias)

    def fetch(self, model: StoredModel) -> Path:
        """The folder of a model's files: where it lies, or a copy of what a server keeps.

        Raises:
            TrackingError: The files are gone or can't be read.
            StorageError: The copy can't be written.
        """
        with self._errors():
            return fetched(self._uri, model.artifact_uri, model.model_id, self._cache)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        with store_errors(self._uri):
            yield

    def _experiments(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        token: str | None = None
        while True:
            page = self._client.search_experiments(page_token=token)
            found |= {one.experiment_id: one.name for one in page if Tag.DATASET.value in one.tags}
            token = page.token
            if not token:
                return found

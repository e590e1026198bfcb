"""The one door to a home's tracking store: to make it, to write to it and to read from it."""

from typing import TYPE_CHECKING, final

from nsbench.errors import StoreOutage
from nsbench.files.home import Home
from nsbench.retry import RetryPolicy
from nsbench.tracking.reading.mlflow_reader import MlflowReader
from nsbench.tracking.store_uri import sqlite_file, without_password

if TYPE_CHECKING:
    from nsbench.tracking.models.model_store import ModelStore
    from nsbench.tracking.writing.mlflow_tracker import MlflowTracker


@final
class Store:
    """The tracking store that a home names. Nothing is opened before it is asked for.

    What writes is imported late: it takes MLflow, seconds which a report does without.

    Args:
        home: Says where the store is, and where artifacts, waiting records and caches lie.
    """

    def __init__(self, home: Home) -> None:
        self._home = home

    @property
    def exists(self) -> bool:
        """Whether there can be runs: an sqlite file that isn't there holds none; a server is taken to be there."""
        file = sqlite_file(self._home.tracking_uri)
        return file is None or file.exists()

    def create(self, wait_s: float = 0.0) -> None:
        """Creates the store's tables, once, before several processes write to it.

        Processes that meet an empty store at the same moment would race to create its tables.

        Args:
            wait_s: How long a server that doesn't answer is waited for.

        Raises:
            TrackingError: The store can't be reached.
        """
        from nsbench.tracking.writing.mlflow_connection import connect

        name = f"the MLflow store {without_password(self._home.tracking_uri)} (MLFLOW_TRACKING_URI)"
        retry = RetryPolicy(name, wait_s, lambda error: wait_s > 0 and isinstance(error, StoreOutage))
        retry.call(lambda: connect(self._home.tracking_uri))

    def tracker(self) -> "MlflowTracker":
        """What writes to the store.

        Raises:
            TrackingError: The store can't be reached.
        """
        from nsbench.tracking.writing.mlflow_tracker import MlflowTracker

        return MlflowTracker(self._home.tracking_uri, self._home.artifacts, self._home.spool)

    def models(self) -> "ModelStore":
        """The trained models that the store keeps.

        Raises:
            TrackingError: The store can't be reached, or there is none yet.
        """
        from nsbench.tracking.models.model_store import ModelStore

        return ModelStore(self._home)

    def reader(self) -> MlflowReader:
        """What reads from the store.

        Raises:
            TrackingError: The store can't be reached, or there is none yet.
        """
        return MlflowReader(self._home.tracking_uri, cache=self._home.root / "cache")


def open_store(home: Home) -> Store:
    """The home's tracking store."""
    return Store(home)

"""The way of a run's records into MLflow: straight, or by way of the spool while the store is out."""

import logging
import math
import time
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import final

from mlflow import MlflowClient
from mlflow.entities import Metric

from nsbench.errors import StoreOutage, TrackingError
from nsbench.tracking.models.model_log import log_model
from nsbench.tracking.models.model_reading import prune
from nsbench.tracking.store_uri import check_server, is_server, without_password
from nsbench.tracking.writing.artifact import send_file
from nsbench.tracking.writing.mlflow_connection import store_errors
from nsbench.tracking.writing.spool import End, Metrics, Record, RunFile, RunModel, RunTag, Spool

_METRICS_PER_CALL = 1000
_PAUSE_S = 1.0

_log = logging.getLogger(__name__)


@final
class RunWriter:
    """Writes the records of runs that have been created.

    A training doesn't wait for its store: while that is out, records wait on this disk. They are sent before the next record
    of the same run, by `send_waiting`, or by the next command of the same home.

    Args:
        client: Of the store.
        spool: Where records wait.
    """

    def __init__(self, client: MlflowClient, spool: Spool) -> None:
        self._client = client
        self._spool = spool
        self._left: set[str] = set()

    def write(self, run_id: str, *records: Record) -> None:
        """Writes records, after those of the run that wait; where the store is out, they wait too.

        Metrics in a row are one call: to a database it takes as long for ten looks as for one.

        Raises:
            TrackingError: The store refuses it.
        """
        try:
            self._reach()
            if self._spool.waits(run_id):
                self._spool.send(run_id, self._send)
            self._send_all(run_id, records)
        except StoreOutage as error:
            if not self._spool.waits(run_id):
                _log.warning("what run %s records waits in %s: %s", run_id, self._spool.folder, error)
            # Some may have arrived: a record that is sent twice is the same.
            for record in records:
                self._spool.add(run_id, record)

    def prune_models(self, run_id: str, group: str) -> None:
        """Deletes the models of a group that a better one replaces; where that can't be now, the group's next model does it.

        Args:
            run_id: A run of the experiment that the group lies in.
            group: The group.
        """
        try:
            self._reach()
            with store_errors(self._client.tracking_uri):
                experiment_id = str(self._client.get_run(run_id).info.experiment_id)
                for model_id in prune(self._client, experiment_id, group):
                    _log.info("the model %s went: a better one of the same settings is kept", model_id)
        except TrackingError as error:
            _log.warning("models that a better one replaces stay for now: %s", error)

    def send_waiting(self, limit_s: float = 0.0) -> None:
        """Sends all that waits in the spool, of this and of earlier commands.

        Records that this store doesn't take, because they belong to another one or are wrong, stay where they are, with a
        warning.

        Args:
            limit_s: How long to wait for a store that is out.

        Raises:
            StoreOutage: It still is.
        """
        deadline = time.monotonic() + limit_s
        while run_ids := [run_id for run_id in self._spool.run_ids() if run_id not in self._left]:
            try:
                self._reach()
                for run_id in run_ids:
                    self._send_of(run_id)
            except StoreOutage as error:
                if time.monotonic() >= deadline:
                    raise StoreOutage(
                        f"{self._spool.n_records()} records of {len(run_ids)} runs wait in {self._spool.folder}, because "
                        f"the MLflow store {without_password(self._client.tracking_uri)} is out; nothing is lost: the next "
                        f"`nsbench tune`, `repeat` or `worker` with this home sends them ({error})"
                    ) from error
                time.sleep(_PAUSE_S)

    def _send_of(self, run_id: str) -> None:
        try:
            self._spool.send(run_id, self._send)
        except StoreOutage:
            raise
        except TrackingError as error:
            self._left.add(run_id)
            _log.warning(
                "records of run %s stay in %s: the store doesn't take them (%s); if they belong to another store, set "
                "MLFLOW_TRACKING_URI to that one",
                run_id,
                self._spool.folder,
                error,
            )

    def _reach(self) -> None:
        """Finds out in no time that a server is out: MLflow's own tries take a while."""
        if is_server(self._client.tracking_uri):
            check_server(self._client.tracking_uri)

    def _send_all(self, run_id: str, records: Iterable[Record]) -> None:
        for of_metrics, group in groupby(records, lambda record: isinstance(record, Metrics)):
            if of_metrics:
                self._send_metrics(run_id, [record for record in group if isinstance(record, Metrics)])
            else:
                for record in group:
                    self._send(run_id, record)

    def _send_metrics(self, run_id: str, records: Iterable[Metrics]) -> None:
        entries = [
            Metric(name, float(value), record.time_ms, record.step)
            for record in records
            for name, value in record.values.items()
            if not math.isnan(value)
        ]
        with store_errors(self._client.tracking_uri):
            for first in range(0, len(entries), _METRICS_PER_CALL):
                self._client.log_batch(run_id, metrics=entries[first : first + _METRICS_PER_CALL])

    def _send(self, run_id: str, record: Record) -> None:
        if isinstance(record, Metrics):
            self._send_metrics(run_id, [record])
            return
        with store_errors(self._client.tracking_uri):
            match record:
                case RunTag(name, value):
                    self._client.set_tag(run_id, name, value)
                case RunFile(path):
                    send_file(self._client, run_id, Path(path))
                case RunModel():
                    log_model(self._client, run_id, record)
                case End(status, time_ms):
                    self._client.set_terminated(run_id, status, time_ms)

"""An MLflow server, read by its REST API.

MLflow's client turns every metric of every run into three objects before it hands over one; the server's own JSON of
5,000 runs with 50 metrics is read in a fifth of the time.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast, final
from urllib.parse import quote, urlsplit

from nsbench.errors import TrackingError, UnreachableRanks
from nsbench.terms import Tag
from nsbench.tracking.reading.run_parts import paused_collection, stored_run_of
from nsbench.tracking.reading.run_store import (
    LOCAL_SCHEMES,
    OLDEST_FIRST,
    Experiments,
    RunPage,
    RunQuery,
    history_of,
    local_file,
)
from nsbench.tracking.reading.server_answer import ExperimentAnswer, FileAnswer, MetricAnswer, RunAnswer, parts_of
from nsbench.tracking.reading.server_call import ServerCall
from nsbench.tracking.stored_run import MetricPoint

EXPERIMENTS = "/api/2.0/mlflow/experiments/search"
"""Source of this and the next three: MLflow's REST API."""

RUNS = "/api/2.0/mlflow/runs/search"

HISTORY = "/api/2.0/mlflow/metrics/get-history"

ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"

HISTORIES = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
"""A metric of many runs at once: 14 ms of a server's time for 35 runs, instead of 7 ms each. MLflow's pages draw their
charts from it since 1.28, but it is not in the documented API, so without it runs are asked for one by one."""

_RUNS_A_CALL = 100
_MOST_POINTS = 25_000
"""Points that an answer for many runs holds at most; the others are cut off without a word."""

_EXPERIMENTS_A_CALL = 1000
_PROXIED = "mlflow-artifacts"


@final
class ServerStore:
    """See `RunStore`.

    Args:
        uri: The server's address.

    Raises:
        TrackingError: Nobody listens there.
    """

    n_threads = 4
    """It has two processes or more, and which one answers a connection is up to chance."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._call = ServerCall(uri)

    def experiments(self) -> Experiments:
        """See `RunStore`."""
        found: dict[str, str] = {}
        token: str | None = None
        while True:
            body = {"max_results": _EXPERIMENTS_A_CALL, **({"page_token": token} if token else {})}
            answer = cast(ExperimentAnswer, _parsed(self._call.post(EXPERIMENTS, body)))
            for item in answer.get("experiments", []):
                if any(tag["key"] == Tag.DATASET for tag in item.get("tags", [])):
                    found[item["experiment_id"]] = item["name"]
            token = answer.get("next_page_token")
            if not token:
                return found

    def page(self, query: RunQuery, size: int, token: str | None = None) -> RunPage:
        """See `RunStore`."""
        body = {
            "experiment_ids": [*query.experiments],
            "filter": query.condition,
            "run_view_type": "DELETED_ONLY" if query.is_deleted else "ACTIVE_ONLY",
            "max_results": size,
            "order_by": [OLDEST_FIRST],
            **({"page_token": token} if token else {}),
        }
        content = self._call.post(RUNS, body)
        with paused_collection():
            answer = cast(RunAnswer, _parsed(content))
            found = answer.get("runs", [])
            runs = [stored_run_of(parts_of(run), query.experiments[run["info"]["experiment_id"]]) for run in found]
        return RunPage(tuple(run for run in runs if run is not None), len(found), answer.get("next_page_token") or None)

    def histories(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]]:
        """See `RunStore`."""
        found: dict[str, tuple[MetricPoint, ...]] = {}
        for start in range(0, len(run_ids), _RUNS_A_CALL):
            some = run_ids[start : start + _RUNS_A_CALL]
            found.update(self._at_once(some, name) or {run_id: self._one(run_id, name) for run_id in some})
        return found

    def fetch(self, artifact_uri: str, name: str, folder: Path) -> Path | None:
        """See `RunStore`."""
        place = urlsplit(artifact_uri)
        if place.scheme in LOCAL_SCHEMES:
            return local_file(artifact_uri, name)
        if place.scheme != _PROXIED or place.netloc:
            from nsbench.tracking.reading.database_store import fetch_anywhere

            return fetch_anywhere(artifact_uri, name, folder, self._uri)
        path = place.path.strip("/")
        try:
            return self._proxied(path, name, folder)
        except (TrackingError, OSError) as error:
            raise UnreachableRanks(f"the artifacts in {artifact_uri} can't be read: {error}") from error

    def _proxied(self, path: str, name: str, folder: Path) -> Path | None:
        """A file that the server hands on."""
        # Asking for a file that isn't there takes a server ten times as long as asking what there is.
        listed = cast(FileAnswer, _parsed(self._call.get(ARTIFACTS, {"path": path})))
        if name not in {Path(file["path"]).name for file in listed.get("files", [])}:
            return None
        (folder / name).write_bytes(self._call.get(f"{ARTIFACTS}/{quote(path)}/{name}", {}))
        return folder / name

    def _at_once(self, run_ids: Sequence[str], name: str) -> Mapping[str, tuple[MetricPoint, ...]] | None:
        """None where the server doesn't answer such a question, or not in full."""
        try:
            content = self._call.get(HISTORIES, {"run_id": [*run_ids], "metric_key": name})
            points = cast(MetricAnswer, _parsed(content)).get("metrics", [])
        except TrackingError:
            return None
        if len(points) >= _MOST_POINTS:
            return None
        own: dict[str, list[tuple[int, int, float]]] = {run_id: [] for run_id in run_ids}
        for point in points:
            own.setdefault(point["run_id"], []).append(
                (int(point["timestamp"]), int(point.get("step", 0)), float(point["value"]))
            )
        return {run_id: history_of(values) for run_id, values in own.items()}

    def _one(self, run_id: str, name: str) -> tuple[MetricPoint, ...]:
        values: list[tuple[int, int, float]] = []
        token = ""
        while True:
            query = {"run_id": run_id, "metric_key": name, **({"page_token": token} if token else {})}
            answer = cast(MetricAnswer, _parsed(self._call.get(HISTORY, query)))
            for point in answer.get("metrics", []):
                values.append((int(point["timestamp"]), int(point.get("step", 0)), float(point["value"])))
            token = answer.get("next_page_token", "")
            if not token:
                return history_of(values)


def _parsed(content: bytes) -> object:
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise TrackingError(f"the MLflow store answers with something other than JSON: {content[:60]!r}") from error

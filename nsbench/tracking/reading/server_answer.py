"""The shapes of an MLflow server's answers.

They are MLflow's protobuf messages as JSON: what is empty may be missing, and numbers may be texts, such as "NaN".
"""

from typing import NotRequired, TypedDict

from nsbench.tracking.reading.run_parts import CONTEXT, RunParts, card_of
from nsbench.tracking.stored_run import RunStatus


class PairAnswer(TypedDict):
    """A tag or a parameter."""

    key: str
    value: NotRequired[str]


class PointAnswer(TypedDict):
    """A metric's value; `run_id` is there where many runs were asked for."""

    key: str
    value: float | str
    timestamp: int | str
    step: NotRequired[int | str]
    run_id: str


class MetricAnswer(TypedDict):
    """A metric's values."""

    metrics: NotRequired[list[PointAnswer]]
    next_page_token: NotRequired[str]


class ExperimentItem(TypedDict):
    """An experiment."""

    experiment_id: str
    name: str
    tags: NotRequired[list[PairAnswer]]


class ExperimentAnswer(TypedDict):
    """Some experiments."""

    experiments: NotRequired[list[ExperimentItem]]
    next_page_token: NotRequired[str]


class FileItem(TypedDict):
    """An artifact, by its path."""

    path: str


class FileAnswer(TypedDict):
    """The artifacts of a folder."""

    files: NotRequired[list[FileItem]]


class InfoAnswer(TypedDict):
    """What a run is; times in milliseconds since 1970."""

    run_id: str
    experiment_id: str
    run_name: NotRequired[str]
    status: RunStatus
    start_time: NotRequired[int | str]
    end_time: NotRequired[int | str]
    artifact_uri: NotRequired[str]


class DataAnswer(TypedDict):
    """What a run recorded."""

    metrics: NotRequired[list[PointAnswer]]
    params: NotRequired[list[PairAnswer]]
    tags: NotRequired[list[PairAnswer]]


class DatasetAnswer(TypedDict):
    """A dataset as MLflow keeps it."""

    profile: NotRequired[str]


class InputAnswer(TypedDict):
    """A dataset that a run used."""

    dataset: DatasetAnswer
    tags: NotRequired[list[PairAnswer]]


class InputsAnswer(TypedDict):
    """What a run used."""

    dataset_inputs: NotRequired[list[InputAnswer]]


class RunItem(TypedDict):
    """A run."""

    info: InfoAnswer
    data: NotRequired[DataAnswer]
    inputs: NotRequired[InputsAnswer]


class RunAnswer(TypedDict):
    """Some runs."""

    runs: NotRequired[list[RunItem]]
    next_page_token: NotRequired[str]


def parts_of(run: RunItem) -> RunParts:
    """The parts of a run that a server gave."""
    info, data = run["info"], run.get("data", {})
    inputs = run.get("inputs", {}).get("dataset_inputs", [])
    return RunParts(
        run_id=info["run_id"],
        experiment_id=info["experiment_id"],
        name=info.get("run_name", ""),
        status=info["status"],
        started_ms=int(info.get("start_time", 0)),
        ended_ms=int(info.get("end_time", 0)),
        artifact_uri=info.get("artifact_uri", ""),
        params={pair["key"]: pair.get("value", "") for pair in data.get("params", [])},
        metrics={metric["key"]: float(metric.get("value", 0)) for metric in data.get("metrics", [])},
        tags={pair["key"]: pair.get("value", "") for pair in data.get("tags", [])},
        card=card_of((_context_of(one), one["dataset"].get("profile", "")) for one in inputs),
    )


def _context_of(used: InputAnswer) -> str:
    return next((tag.get("value", "") for tag in used.get("tags", []) if tag["key"] == CONTEXT), "")
